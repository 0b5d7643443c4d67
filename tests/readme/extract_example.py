"""Takes the first C++ example out of a README, and what it prints.

    extract_example.py README.md example.cpp expected.txt

The README's example is the block that begins with ```cpp; what it prints is the next ```text block.
"""

import pathlib
import re
import sys

readme = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
found = re.search(r"^```cpp\n(.*?)^```$.*?^```text\n(.*?)^```$", readme, re.M | re.S)
if not found:
    sys.exit(f"{sys.argv[1]}: no ```cpp block with a ```text block after it")
for path, text in zip(sys.argv[2:], found.groups()):
    pathlib.Path(path).write_text(text, encoding="utf-8")
