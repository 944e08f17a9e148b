"""What verify and watch make of a container that crashes while its release starts."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fairlead.host.run.context import Deploy
from fairlead.host.run.phases import verify
from fairlead.host.run.phases.starting import Look, crashes_of, tell_crashes
from fairlead.host.shape.bundle import Bundle
from fairlead.host.watch import crashes
from fairlead.host.watch.health import WAITING, judge_replicas
from tests.unit.host.samples import container, release, serving

NEW = "000002"
OLD = container("web", "000001", restarts=2)


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """A release that starts beside one whose container had been restarted in the past."""
    made = release()
    warnings: list[str] = []
    monkeypatch.setattr(Deploy, "checkpoint", lambda _: None)
    monkeypatch.setattr(crashes, "read_evidence", lambda *_: ("web: no issuer",))
    return Deploy(
        cast(
            "Any",
            SimpleNamespace(engine=None, proved=set(), seen=(), warnings=warnings, warn=warnings.append),
        ),
        cast("Any", None),
        serving(made, "000001", containers=(OLD,)),
        cast("Any", SimpleNamespace(kind="deploy", window=1.0, of=lambda *_, **__: [])),
        Bundle(NEW, made, dict.fromkeys(made.rolled, NEW)),
    )


def test_what_was_borne_counts_from_there(deploy: Deploy) -> None:
    """The watch does not blame it for what verify saw, nor anybody for the time before."""
    look = Look(deploy)
    judge = partial(judge_replicas, wanted=1, gate="running")
    crashed = container("web", NEW, restarting=True, restarts=3, exit_code=1, policy="always")
    assert look.judge("web", [crashed], judge).state == WAITING
    assert look.judge("api", [container("api", NEW)], judge).state == "ready"
    assert crashes_of(deploy).borne == {OLD.id: 2, crashed.id: 3}
    assert tell_crashes(deploy) == ["web crashed and was restarted 3 times (exit code 1)"]
    (warning,) = cast("Any", deploy.host).warnings
    assert warning.endswith("while the release started, and has stayed up since")


@pytest.mark.parametrize("has_crashed", [True, False])
def test_questions_begin_anew_when_one_crashes_meanwhile(deploy: Deploy, has_crashed: bool) -> None:
    """Started again, it may have another address; a bad answer alone is asked for again, until the time is up."""
    answers = iter(["refused", "", "", ""])
    question: Any = SimpleNamespace(
        service="web",
        about="web",
        direct=True,
        public=False,
        within=1.0,
        ask=lambda *_, **__: SimpleNamespace(tls="", fault=lambda _: "refused"),
        fault=lambda _: next(answers),
        is_error=lambda _: False,
        expected=None,
        target=SimpleNamespace(scheme="http"),
    )
    assert verify._ask(deploy, question, 1e12, 1e12, lambda: has_crashed, ()) == (not has_crashed)
