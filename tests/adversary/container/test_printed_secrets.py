"""An app prints what it was given to keep."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import quote, quote_plus

import pytest

from fairlead.host.engine.engine import Engine
from tests.adversary.agent import Answer, ask, deploy, written
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage

pytestmark = pytest.mark.integration

VALUE = 'c4n4ry "quoted" & 100% se/cret+value'
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\nggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyji\n-----END KEY-----\n"
LEAKS = """\
{
	admin off
}
:8000 {
	log {
		output stdout
	}
	header X-Release RELEASE
	log_append token {file./run/secrets/token}
	log_append key {file./run/secrets/key}
	respond "{file./run/secrets/token}" STATUS
}
"""


def forms(value: str) -> set[bytes]:
    """How it may stand in what is written, JSON in JSON included."""
    once = json.dumps(value)[1:-1]
    texts = {value, once, json.dumps(once)[1:-1], quote(value), quote(value, safe=""), quote_plus(value)}
    texts |= {base64.b64encode(value.encode()).decode().rstrip("="), value.encode().hex()}
    return {text.encode() for text in texts}


LOOKED_FOR = forms(VALUE) | {form for line in KEY.splitlines()[1:3] for form in forms(line)}


def leaking(stage: Stage, number: int, status: int) -> Sheet:
    """A release whose service writes both secrets to its log whenever it is asked."""
    sheet = stage.sheet(number)
    sheet.secrets = {
        "token": hashlib.sha256(VALUE.encode()).hexdigest(),
        "key": hashlib.sha256(KEY.encode()).hexdigest(),
    }
    text = LEAKS.replace("RELEASE", sheet.revision).replace("STATUS", str(status))
    sheet.web(text=text)
    sheet.services["web"]["mounts"] += [
        {"secret": name, "target": f"/run/secrets/{name}"} for name in sheet.secrets
    ]
    sheet.proxy()
    return sheet


def found(stage: Stage, *answers: Answer) -> list[str]:
    places = {str(path): content for path, content in written(stage.paths.home).items()}
    places |= {f"answer {number}": one.text.encode() for number, one in enumerate(answers)}
    return [
        f"{place}: {form.decode()}"
        for place, content in places.items()
        for form in LOOKED_FOR
        if form in content
    ]


def test_an_app_that_logs_its_secrets_and_fails(stage: Stage) -> None:
    """A service writes its secrets, one of many lines, to its log and into its answers, and its release fails.

    Holds: journal, events and results on the server, `history`, and what the client gets show `***`, whatever form
    the value was printed in; the files can be read by their owner alone.
    """
    values = {"token": VALUE.encode(), "key": KEY.encode()}
    failed = deploy(stage, leaking(stage, 1, 503), values)
    assert failed.result["exit"] == 6, failed.result
    assert "***" in failed.text
    assert "MIIEvQ" not in failed.text
    history = ask(stage, {"request": "history"})
    assert found(stage, failed, history) == []
    kept = [stage.paths.journal, *stage.paths.tasks.rglob("*.json*"), *stage.paths.tasks.rglob("log")]
    assert {path.stat().st_mode & 0o077 for path in kept} == {0}


def test_an_app_that_logs_its_secrets_while_it_serves(stage: Stage) -> None:
    """`fairlead logs` of a service that writes its secrets to its log with every request.

    Holds: each line is told without them.
    """
    values = {"token": VALUE.encode(), "key": KEY.encode()}
    live = deploy(stage, leaking(stage, 1, 200), values)
    assert live.result["status"] == "live", live.result
    logs = ask(stage, {"request": "logs", "service": "web", "tail": 100})
    assert "***" in logs.text
    assert found(stage, live, logs) == []
    raw = "\n".join(Engine.connect().logs(f"{stage.app}-000001-web-000001-1", tail=100))
    assert any(form.decode() in raw for form in LOOKED_FOR), "the app does print them"
