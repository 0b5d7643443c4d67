"""qice (企策): which policy should be pushed to which firm, in which order, why, and what is missing.

    import qice
    engine = qice.Engine("data/policies", as_of="2026-06-15")
    result = engine.match("firms.csv", top=5)      # a path, dicts, a pandas frame, Arrow
    result.to_pandas()
    engine.firm({"region": "441900003", "revenue": "1800万元"})
    print(engine.explain({"revenue": 3}, "CN-HNTE").text("en"))

Importing it imports neither numpy nor pandas; ``qice.dask``, ``qice.spark`` and ``qice.batches`` are
imported by whoever uses them.
"""

from ._qice import __version__, data_directory, kernels
from .answers import Counts, FirmAnswer, PolicyAnswer, Push, Result
from .engine import Engine, LintWarning
from .errors import (Cancelled, ClosedError, Error, InvalidInput, IoError, LimitError, UsageError)
from .explanation import Explanation
from .firms import Firms, Quarantined
from .schema import Field, Schema

__all__ = [
    "Cancelled", "ClosedError", "Counts", "Engine", "Error", "Explanation", "Field", "FirmAnswer",
    "Firms", "InvalidInput", "IoError", "LimitError", "LintWarning", "PolicyAnswer", "Push",
    "Quarantined", "Result", "Schema", "UsageError", "__version__", "data_directory", "kernels",
]
