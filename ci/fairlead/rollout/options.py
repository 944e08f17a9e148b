"""What is wished of a deploy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from fairlead.host.wire.request import Options


@dataclass(frozen=True)
class RolloutOptions:
    """What the command line says about a deploy: to this machine, and in ``request`` to the servers."""

    work_dir: Path
    secrets_dir: Path | None = None
    refresh: bool = False
    registry: str | None = None
    signing_identity: Path | None = None
    request: Options = field(default_factory=Options)

    def claimed(self, root: Path) -> RolloutOptions:
        """The same with the work directory of a clone, which is ours or refused."""
        from fairlead.image.workdir import claim_work_dir

        return replace(self, work_dir=claim_work_dir(root, self.work_dir))
