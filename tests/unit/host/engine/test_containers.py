"""Containers as the engine tells of them."""

from __future__ import annotations

from typing import Any, Optional

from fairlead.host.engine.containers import read_containers, refresh_containers
from fairlead.host.wire import labels
from tests.unit.host.pretend import PretendEngine

APP = "board"


class _Starting(PretendEngine):
    """One of its containers is being started: who asks for it would wait until it runs."""

    busy = ""

    def inspect(self, container: str) -> Optional[dict[str, Any]]:
        assert container != self.busy
        return super().inspect(container)


def test_of_one_that_is_being_started_the_engine_is_not_asked() -> None:
    engine = _Starting()
    for service in ("web", "worker"):
        engine.add(APP, service, "000001", running=service == "web")
    mark = f"{labels.APP}={APP}"
    before = read_containers(engine, mark)
    engine.busy = f"{APP}-000001-worker-1"
    apart = [one for one in before if one.id == engine.busy]
    engine.raw[f"{APP}-000001-web-1"]["State"]["Running"] = False
    for seen in (read_containers(engine, mark, apart=apart), refresh_containers(engine, before, apart=apart)):
        assert [one.id for one in seen] == [one.id for one in before]
        assert not any(one.running for one in seen)
