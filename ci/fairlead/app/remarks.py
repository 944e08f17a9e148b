"""Collects what splitting an app has to say, so that a user sees all of it at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.composefile.loader import Model
from fairlead.findings import Finding
from fairlead.positions import ValuePath


@dataclass
class Remarks:
    """Faults end the split; notes go with its result. Both are placed in the compose files."""

    files: Model
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    def fault(self, rule: str, path: ValuePath, what: str, fix: str = "", *, key: bool = True) -> None:
        """Refuse what stands at ``path``."""
        self.faults.append(Finding(what, self.files.location(path, key=key), fix, rule))

    def note(self, rule: str, path: ValuePath, what: str, fix: str = "") -> None:
        """Tell what was done about ``path``."""
        self.notes.append(Finding(what, self.files.location(path, key=True), fix, rule))
