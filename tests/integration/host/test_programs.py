"""Programs that the agent runs: none takes longer than its phase, none fills the memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fairlead.host.engine import engine as module
from fairlead.host.engine.engine import Engine
from fairlead.host.wire.errors import EngineFault


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine that is not there: programs need none."""
    return Engine(str(tmp_path / "none"))


def test_output_without_an_end_is_not_kept(engine: Engine) -> None:
    """The last of it is, from the beginning of a line: what is hidden in it is known whole."""
    done = engine.run(("sh", "-c", "yes 1234567 | head -c 100000000; echo; echo last"))
    assert done.ok
    assert module._KEPT_OUTPUT - 8 <= len(done.output) <= module._KEPT_OUTPUT
    assert done.output.startswith("1234567\n")
    assert done.tail[-1] == "last"
    cut = engine.run(("sh", "-c", "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last"))
    assert cut.output == "last\n"


def test_a_program_has_its_time(engine: Engine) -> None:
    """However much it prints meanwhile."""
    with pytest.raises(EngineFault, match=r"`yes` did not end within"):
        engine.run(("yes",), timeout=0.2)


def test_a_program_ends_with_the_phase(engine: Engine) -> None:
    """Whatever time it was given itself."""
    engine.until = time.monotonic() + 0.2
    with pytest.raises(EngineFault, match=r"`sleep 1000` did not end within"):
        engine.run(("sleep", "1000"), timeout=1000)
    with pytest.raises(EngineFault, match="did not end within"):
        engine.run_watched(("sleep", "1000"), lambda: None, poll=1000)


def test_a_child_that_holds_the_pipe(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for when its parent has ended."""
    monkeypatch.setattr(module, "_PIPE_WAIT", 0.1)
    done = engine.run(("sh", "-c", "sleep 30 & echo done"))
    assert (done.ok, done.output) == (True, "done\n")
