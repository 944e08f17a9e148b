"""What is wished of a deploy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class RolloutOptions:
    """What the command line says about a deploy."""

    work_dir: Path
    secrets_dir: Path | None = None
    allow_older: bool = False
    accept_recreate: tuple[str, ...] = ()
    require_evidence: bool = False
    only: tuple[str, ...] = ()
    take_over: bool = False
    no_wait: bool = False
    reason: str = ""
    refresh: bool = False
    upgrade_edge: bool = False
    registry: str | None = None
    signing_identity: Path | None = None

    def claimed(self, root: Path) -> RolloutOptions:
        """The same with the work directory of a clone, which is ours or refused."""
        from fairlead.image.workdir import claim_work_dir

        return replace(self, work_dir=claim_work_dir(root, self.work_dir))
