"""What a rolled service keeps in volumes without a name, which go with its containers: found on the engine, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..engine.engine import Engine
from ..wire.compose.forgotten import find_forgotten
from ..wire.errors import InputFault
from ..wire.release import Service
from .state import State


@dataclass(frozen=True)
class Unkept:
    """A service that writes where its next container finds nothing.

    ``where``: the folder; ``by``: who says that it is a volume; ``so_far``: where its data lie now, in words.
    """

    service: str
    where: str
    by: str
    so_far: tuple[str, ...]

    def left(self, lies: str, then: str = "") -> str:
        """What to tell of data that are left behind."""
        return (
            f"{self.service} begins with an empty {self.where}{then}; what it has written so far {lies}, and goes "
            "when that release is pruned: copy it from there if it is needed"
        )

    def by_release(self) -> InputFault:
        """Why it is not rolled."""
        return self._fault(
            f"{self.service} keeps data in {self.where}, and each release would begin with an empty one",
            f"mount a named volume (`volumes: [data:{self.where}]`: it is recreated then), or what may be lost: "
            f"`tmpfs: [{self.where}]`",
        )

    def by_rotation(self) -> InputFault:
        """Why it is given no new values of secrets as it is: it would have to be started anew."""
        return self._fault(
            f"{self.service} keeps data in {self.where}, and started anew with the new value it would begin with an empty one",
            f"mount a named volume (`volumes: [data:{self.where}]`), or `tmpfs: [{self.where}]` for what may be lost, "
            f"deploy that, and set the value then; if it cannot wait, --accept-recreate {self.service} lets it begin "
            "empty, and what it has kept stays in the old volume until its release is pruned",
        )

    def _fault(self, what: str, fix: str) -> InputFault:
        return InputFault(
            what,
            why=f"{self.by} a volume there without a name; each container has its own, and it goes with the release",
            fix=fix,
            details=tuple(f"what it has kept so far {text}" for text in self.so_far),
            service=self.service,
        )


def find_unkept(engine: Engine, service: Service, state: State) -> Optional[Unkept]:
    """What the containers of a service keep that new ones would not have; None where that is nothing.

    Raises:
        EngineFault: the engine does not answer.
    """
    config = (engine.image(service.image) or {}).get("Config") or {}
    declared = config.get("Volumes") or {}
    forgotten = find_forgotten(service.definition, declared, [one.target for one in service.mounts])
    if not forgotten:
        return None
    by = "its image declares" if forgotten[0] in declared else "its `volumes:` name"
    return Unkept(service.name, forgotten[0], by, _so_far(service, state))


def _so_far(service: Service, state: State) -> tuple[str, ...]:
    live = state.live
    if live is None:
        return ()
    return tuple(
        f"lies in the volume {name} of {container.name}"
        for container in state.of_service(service.name, live.homes.get(service.name, ""))
        for name in container.nameless
    )
