"""What a release carries of its verdict, and the gate that asks for one that passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairlead.app.variables import REVISION
from fairlead.errors import ComposeInvalidError, ComposeUnseenError
from fairlead.host.wire.admission import require_verdict
from fairlead.judge.evidence import evidence_of
from fairlead.judge.request import settings_request
from fairlead.judge.run import judge
from fairlead.judge.verdict import Request, Verdict
from fairlead.quick.records import replace
from fairlead.rollout.gate import pass_gate, refusal
from fairlead.settings.values import Environment, Settings
from tests.recording import RecordingReporter
from tests.unit.host.samples import release

TEXT = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n    expose: ['80']\n"
PRODUCTION = Environment(name="production", hosts=(), url="https://shop.example.com")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "compose.yaml"
    file.write_text(TEXT)
    path = tmp_path / "fairlead.yaml"
    return Settings(
        path=path, root=tmp_path, app="shop", compose=(file,), environments={"production": PRODUCTION}
    )


def judged(settings: Settings) -> tuple[Verdict, Request]:
    request = replace(settings_request(settings), ask=False)
    return judge(request), request


def adopt(settings: Settings) -> None:
    """Accept what is wrong today."""
    from fairlead.judge.baseline import FILE_NAME, write_baseline

    verdict, _ = judged(settings)
    write_baseline(settings.root / FILE_NAME, verdict.findings)


def test_a_verdict_that_fails_lets_nothing_through(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairlead.judge.request.settings_request", _not_asking)
    with pytest.raises(ComposeInvalidError) as raised:
        pass_gate(settings, (PRODUCTION,), RecordingReporter(), REVISION)
    assert raised.value.findings
    assert all(finding.severity == "error" for finding in raised.value.findings)


def _not_asking(*words: Any) -> Request:
    return replace(settings_request(*words), ask=False)


def test_with_the_baseline_beside_the_file_it_passes_and_the_agent_takes_the_evidence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopt(settings)
    monkeypatch.setattr("fairlead.judge.request.settings_request", _not_asking)
    passed = pass_gate(settings, (PRODUCTION,), RecordingReporter(), REVISION)
    assert passed.evidence.passed
    assert passed.evidence.counts["baselined"] > 0
    assert passed.evidence.layers == ("read", "schema", "model", "policy", "release")
    require_verdict(release(verdict=passed.evidence.to_json()))


def test_what_can_t_be_seen_is_refused_with_its_own_code(settings: Settings) -> None:
    settings.compose[0].write_text("include: [https://example.com/more.yaml]\n")
    verdict, _ = judged(settings)
    error = refusal(verdict)
    assert isinstance(error, ComposeUnseenError)
    assert [finding.rule for finding in error.findings] == ["unseen"]


def test_what_no_baseline_takes_is_not_told_to_be_accepted_by_one(settings: Settings) -> None:
    settings.compose[0].write_text("services: {bot: {image: 'bot:1'}}\n")
    verdict, _ = judged(settings)
    assert "but for 2, without which nothing is released" in refusal(verdict).fix
    adopt(settings)
    verdict, _ = judged(settings)
    fix = refusal(verdict).fix
    assert "--write-baseline" not in fix
    assert "no baseline takes" in fix


def test_the_fingerprint_is_of_the_files_and_the_measure(settings: Settings) -> None:
    def mark() -> str:
        verdict, request = judged(settings)
        return evidence_of(verdict, request, 0.0).fingerprint

    first = mark()
    assert mark() == first
    settings.compose[0].write_text(TEXT + "# more\n")
    changed = mark()
    assert changed != first
    verdict, request = judged(settings)
    stricter = replace(request, policy=replace(request.policy, severities={"no-init": "error"}))
    assert evidence_of(verdict, stricter, 0.0).fingerprint != changed
