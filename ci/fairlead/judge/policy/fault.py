"""What a rule found, and where it stands: the form in which rules answer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Location, Severity
    from fairlead.positions import ValuePath

_DEPTH_OF_ITEM = 4
_CULPRITS: dict[str | int, ValuePath] = {
    "volumes": ("source",),
    "ports": ("published",),
    "secrets": ("source",),
    "configs": ("source",),
}
"""Of the items of a service's lists, in their long form: what a finding is about."""


class Fault:
    """What a rule found.

    Attributes:
        path: of the value in the model that is at fault; of what is missing, its parent.
        what: what is wrong, without the service's name.
        fix: what to write instead.
        key: point at the key rather than at the value.
        repair: path in the model and the value to stand there, for ``--fix``; None for the value takes it away.
        severity: by its letter, if it is not the rule's.
        rank: if it is not the rule's.
        location: if the path does not tell it.
        at: the steps below the path to what is at fault in it, where that is written: the finding stands on its line,
            and keeps its path. By default the source of a mount, secret or config, and a port's number of the host.
    """

    __slots__ = ("at", "fix", "key", "location", "path", "rank", "repair", "severity", "what")

    def __init__(
        self,
        path: ValuePath,
        what: str,
        fix: str = "",
        *,
        key: bool = False,
        repair: tuple[ValuePath, str | None] | None = None,
        severity: Severity | None = None,
        rank: int = 0,
        location: Location | None = None,
        at: ValuePath = (),
    ) -> None:
        self.path = path
        self.at = at or _culprit(path)
        self.what = what
        self.fix = fix
        self.key = key
        self.repair = repair
        self.severity = severity
        self.rank = rank
        self.location = location


def _culprit(path: ValuePath) -> ValuePath:
    is_item = len(path) == _DEPTH_OF_ITEM and path[0] == "services"
    return _CULPRITS.get(path[2], ()) if is_item else ()
