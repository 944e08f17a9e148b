"""A deploy as one of a fleet, which holds where a client would let it go on."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from fairlead.host.disk.orders import give_order
from fairlead.host.run.deploy import run_deploy
from fairlead.host.wire.request import DeployRequest, parse_deploy_request
from fairlead.host.wire.result import Result
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE


@dataclass
class Held:
    """A deploy as one of a fleet, in a thread of this process; the words that a client would give are given by hand."""

    stage: Stage
    sheet: Sheet
    fleet: dict[str, Any]
    result: Result | None = None

    def __post_init__(self) -> None:
        self.stage.events.clear()
        options = {"fleet": {"hosts": ["a", "b"], "hold_timeout": PATIENCE, **self.fleet}}
        raw, blobs = self.stage.request(self.sheet, **options)
        self.folder = blobs.parent
        self._thread = threading.Thread(target=self._deploy, args=(parse_deploy_request(raw, blobs, None),))
        self._thread.start()

    def wait_for(self, point: str) -> None:
        """Wait until it holds at a point."""
        deadline = time.monotonic() + PATIENCE
        while {"event": "hold", "point": point} not in self.stage.events:
            assert self._thread.is_alive(), self.result
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def say(self, word: str, why: str = "") -> None:
        give_order(self.folder, word, why)

    def end(self) -> Result:
        """Wait for its end."""
        self._thread.join(PATIENCE)
        assert self.result is not None
        return self.result

    def _deploy(self, request: DeployRequest) -> None:
        self.result = run_deploy(self.stage.paths, request, self.stage.hear)
