"""pip's way in: CMake builds the module and installs it, the package and its data into the wheel.

    /usr/bin/python3 -m venv --system-site-packages venv
    venv/bin/pip install --no-index --no-build-isolation --no-deps bindings/python

QICE_BUILD_DIR names a build folder to use in place of a new one; CMAKE_ARGS is handed to CMake.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class CMakeBuild(build_ext):
    def run(self):
        chosen = os.environ.get("QICE_BUILD_DIR")
        build = pathlib.Path(chosen or self.build_temp).resolve()
        configure = ["cmake", "-S", str(ROOT), "-B", str(build), "-DQICE_BUILD_PYTHON=ON",
                     f"-DPython3_EXECUTABLE={sys.executable}"]
        if not chosen:
            configure += ["-DCMAKE_BUILD_TYPE=Release", "-DQICE_BUILD_TESTS=OFF",
                          "-DQICE_BUILD_PROGRAM=OFF"]
            configure += ["-G", "Ninja"] if shutil.which("ninja") else []
            if shutil.which("ccache"):
                configure += ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
        if not chosen:
            self.call(configure + shlex.split(os.environ.get("CMAKE_ARGS", "")))
        self.call(["cmake", "--build", str(build), "--target", "qice_python", "-j",
                   str(os.cpu_count())])
        # In place: what `pip install --editable` looks at.
        target = HERE if self.inplace else pathlib.Path(self.build_lib).resolve()
        self.call(["cmake", "--install", str(build), "--component", "python", "--prefix",
                   str(target), "--strip"])

    @staticmethod
    def call(command):
        subprocess.run(command, check=True)

    def get_outputs(self):
        return []


version = re.search(r"project\(qice VERSION ([0-9.]+)",
                    (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))[1]
setup(version=version, packages=["qice"], package_data={"qice": ["py.typed", "*.pyi"]},
      ext_modules=[Extension("qice._qice", [])], cmdclass={"build_ext": CMakeBuild})
