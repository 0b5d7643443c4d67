"""Why a policy fits a firm or not, and what would help."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from . import _qice
from ._html import escaped
from .firms import Quarantined


class Explanation:
    """``print(explanation)`` is the text in Chinese; the shape of ``to_dict()`` is in
    docs/explain.md."""

    def __init__(self, core: _qice.Explanation, quarantine: List[Quarantined]) -> None:
        self._core = core
        self._dict: Optional[Dict[str, Any]] = None
        #: Cells of the firm that could not be taken.
        self.quarantine = quarantine

    def text(self, lang: str = "zh") -> str:
        return self._core.text(lang)

    def to_json(self) -> str:
        return self._core.json()

    def to_dict(self) -> Dict[str, Any]:
        if self._dict is None:
            import json
            self._dict = json.loads(self._core.json())
        return dict(self._dict)

    @property
    def verdict(self) -> str:
        """eligible, review, needs_data, near or ineligible."""
        return str(self.to_dict()["verdict"])

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<qice.Explanation: {self.verdict}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escaped(self.text())}</pre>"
