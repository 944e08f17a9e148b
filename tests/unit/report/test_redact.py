"""Secrets that were registered are never printed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from fairlead.errors import InputError
from fairlead.report import redact
from fairlead.report.document import DocumentReporter
from fairlead.report.plain import PlainReporter
from fairlead.report.redact import forget, masked, masked_document
from fairlead.report.sink import Sink

CANARY = "c4n4ry/with+signs"


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def test_a_registered_value_is_masked_everywhere() -> None:
    redact(CANARY)
    assert masked(f"login as x:{CANARY}@host, {CANARY}") == "login as x:***@host, ***"


def test_a_value_is_masked_as_it_stands_in_a_url() -> None:
    redact(CANARY)
    assert masked("https://x:c4n4ry%2Fwith%2Bsigns@host/") == "https://x:***@host/"


def test_each_line_of_a_long_value_is_masked_on_its_own() -> None:
    redact("-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\n-----END KEY-----\n")
    assert masked("the tool said: AAAAB3NzaC1yc2E") == "the tool said: ***"


def test_a_value_that_holds_another_one_is_masked_whole() -> None:
    redact("secret-part")
    redact("secret-part-and-more")
    assert masked("secret-part-and-more") == "***"


@pytest.mark.parametrize("value", ["", "1", "root", "  \n"])
def test_a_value_too_short_to_hide_masks_no_innocent_text(value: str) -> None:
    redact(value)
    assert masked("root has 1 fault \n") == "root has 1 fault \n"


def test_a_document_is_masked_down_to_its_leaves() -> None:
    redact(CANARY)
    assert masked_document({"a": [{"b": f"x{CANARY}", CANARY: 1}], "n": None, "t": (True, 1.5)}) == {
        "a": [{"b": "x***", "***": 1}],
        "n": None,
        "t": [True, 1.5],
    }


def test_neither_lines_nor_errors_nor_documents_show_it() -> None:
    redact(CANARY)
    out, err = io.StringIO(), io.StringIO()
    human = PlainReporter(Sink(err), Sink(err))
    reporter = DocumentReporter(Sink(out), human)
    with reporter.step(f"log in with {CANARY}"):
        reporter.line(CANARY)
    reporter.warn(CANARY)
    reporter.table(["x"], [[CANARY]])
    reporter.phase("pull", "done", 1.0, CANARY)
    reporter.error(InputError("x", why=CANARY, fix=CANARY, details=(CANARY,)))
    assert CANARY not in out.getvalue() + err.getvalue()
    assert json.loads(out.getvalue())["why"] == "***"


def test_every_form_of_a_value_is_masked() -> None:
    redact(CANARY)
    assert (
        masked("Authorization: Basic eDpjNG40cnkvd2l0aCtzaWducw==")
        != "Authorization: Basic eDpjNG40cnkvd2l0aCtzaWducw=="
    )
    assert masked("c4n4ry\\u002fwith+signs c4n4ry/with+signs") == "*** ***"
