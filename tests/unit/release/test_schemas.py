"""The documents of the deploy verbs are what their schemas say."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fairlead.host.plan.plan import Plan
from fairlead.host.state.maintenance import Maintenance
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.replies import HostCheck
from fairlead.host.wire.result import PhaseTime, Result
from fairlead.release.proof import LINKS, Link, Proof
from fairlead.remote.outcome import deploy_document, join_results
from fairlead.schemas import load_schema

EXTRA = {
    "app": "board",
    "environment": "production",
    "url": "https://board.example.com",
    "traffic": {"connections": 1, "agent_bytes": 0},
}
RESULT = Result("reverted", 6, "000043", "000042", "000042", (PhaseTime("verify", "failed", 1.5),))
PLAN = Plan("deploy", "board", "000043", None, (), (), resources=False, unchanged=False)
PROOF = Proof("web", {name: Link("sha256:aa") for name in LINKS})
SHOWN = Maintenance(1.5, "alice", "", 300, own_page=True, look="a" * 32).shown
STATE: dict[str, Any] = {
    "schema": "fairlead.state/v1",
    "app": "board",
    "serving": None,
    "previous": None,
    "services": [],
}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        (
            "deploy",
            deploy_document(join_results({"deploy@app": RESULT}, None), "deploy@app", EXTRA),
        ),
        ("plan", {**render_answer(PLAN.answer), "host": "deploy@app"}),
        (
            "status",
            {
                "schema": "fairlead.status/v1",
                "host": "x",
                "state": STATE,
                "proof": [PROOF.to_json()],
                "hosts": [{"host": "x", "state": STATE, "proof": []}, {"host": "y", "error": "gone"}],
            },
        ),
        (
            "repair",
            {
                "schema": "fairlead.repair/v1",
                "app": "board",
                "hosts": [{"host": "x", "serving": None, "repaired": ["everything is in order"]}],
            },
        ),
        (
            "host-drain",
            {
                "schema": "fairlead.host-drain/v1",
                "host": "x",
                "drained": True,
                "paths": ["/health"],
                "quiet": True,
                "in_flight": 0,
                "streams": 1,
            },
        ),
        (
            "maintenance",
            {
                "schema": "fairlead.maintenance/v1",
                "app": "board",
                "on": True,
                "hosts": [
                    {"host": "x", "on": True, "look": "a" * 32, "unseen": [], **render_answer(SHOWN)},
                    {"host": "y", "on": False, "was_on": True, "unserved": ["x"]},
                ],
            },
        ),
        (
            "host-check",
            {
                "schema": "fairlead.host-check/v1",
                "host": "x",
                "checks": [{"host": "x", **render_answer(HostCheck("disk", "ok", "20 GiB"))}],
            },
        ),
    ],
)
def test_a_document_fits_its_schema(name: str, document: dict[str, Any]) -> None:
    Draft202012Validator(load_schema(name)).validate(document)
