"""Collects what laying out an app has to say, so that a user sees all of it at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.app.extension import say_merged
from fairlead.composefile.loader import Model
from fairlead.errors import ComposeInvalidError
from fairlead.findings import Finding
from fairlead.positions import ValuePath


@dataclass
class Remarks:
    """Faults end it; notes go with its result. Both are placed in the compose files."""

    files: Model
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    def fault(self, rule: str, path: ValuePath, what: str, fix: str = "", *, key: bool = True) -> None:
        """Refuse what stands at ``path``."""
        fix = say_merged(self.files, path, fix)
        self.faults.append(Finding(what, self.files.location(path, key=key), fix, rule))

    def note(self, rule: str, path: ValuePath, what: str, fix: str = "") -> None:
        """Tell what was done about ``path``."""
        self.notes.append(Finding(what, self.files.location(path, key=True), fix, rule))

    def raise_if_any(self) -> None:
        """Refuse the app for all its faults.

        Raises:
            ComposeInvalidError: there are some.
        """
        if self.faults:
            count = len(self.faults)
            faults = "one thing" if count == 1 else f"{count} things"
            raise ComposeInvalidError(
                f"the app can't be released as it is, for {faults}", findings=tuple(self.faults)
            )
