"""The headline of a run: composed of what was seen, never better than it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.github.headline import DEPLOY_SCHEMA, Headline, headline_of


def phases(*names: str, failed: bool = True) -> list[dict[str, Any]]:
    states = ["done"] * (len(names) - 1) + ["failed" if failed else "done"]
    return [
        {"phase": name, "state": state, "seconds": 2.0} for name, state in zip(names, states, strict=True)
    ]


def deploy(status: str, code: int = 0, **more: Any) -> dict[str, Any]:
    blank: dict[str, Any] = {
        "release": None,
        "serving": None,
        "previous": None,
        "phases": phases("prepare"),
        "data": {},
    }
    return {"schema": DEPLOY_SCHEMA, "app": "board", "status": status, "exit": code, **blank, **more}


def said(document: dict[str, Any], what: str = "") -> Headline:
    return headline_of(document["exit"], document, what)


NEW: dict[str, Any] = {"release": "000014", "previous": "000013"}
BEGUN: dict[str, Any] = {**NEW, "phases": phases("prepare", "start", "verify")}
SWITCHED: dict[str, Any] = {**NEW, "phases": phases("prepare", "start", "verify", "switch", "watch")}


@pytest.mark.parametrize(
    ("document", "what", "headline", "note"),
    [
        (deploy("live", **NEW, serving="000014"), "", "✓ board 000014 serves; 000013 served before", ""),
        (
            deploy("live", release="000001", serving="000001"),
            "",
            "✓ board 000001 serves, its first release",
            "",
        ),
        (
            deploy("unchanged", release="000013", serving="000013", previous="000012"),
            "",
            "✓ board 000013 serves already: nothing to do",
            "",
        ),
        (
            deploy("live", **NEW, serving="000014", data={"maintenance": {"on": True}}),
            "",
            "✓ board 000014 is ready, and users see the page of the maintenance",
            "",
        ),
        (
            deploy("refused", 6, **BEGUN, serving="000013"),
            "web is unhealthy",
            "✗ board 000014 failed: web is unhealthy; 000013 serves as before",
            "000014 was never switched to.",
        ),
        (
            deploy("reverted", 6, **SWITCHED, serving="000013"),
            "web answers 503",
            "✗ board 000014 failed: web answers 503; 000013 serves as before",
            "Users met 000014 for about 4 s, from its switch until it was taken back.",
        ),
        (
            deploy("refused", 6, release="000001", phases=phases("prepare", "start")),
            "web is unhealthy",
            "✗ board 000001 failed: web is unhealthy; nothing serves",
            "000001 was never switched to.",
        ),
        (
            deploy("refused", 2, serving="000013"),
            "an older commit",
            "✗ board is not changed: an older commit; 000013 serves as before",
            "",
        ),
        (
            deploy("failed", 5, serving="000013"),
            "a deploy is under way",
            "✗ board waits no longer: a deploy is under way; 000013 serves as before",
            "",
        ),
        (
            deploy("failed", 7, **SWITCHED, serving="000014"),
            "the engine is gone",
            "✗ board 000014 failed and was not taken back: the engine is gone; the switch points to 000014",
            "",
        ),
        (
            deploy("failed", 4, **SWITCHED, serving="000014"),
            "no room",
            "✗ board 000014 failed: no room; the switch points to 000014",
            "",
        ),
        (
            deploy("live", 4, **NEW, serving="000014"),
            "its page answers 502",
            "✗ board 000014 is live, and users are not served: its page answers 502",
            "",
        ),
        (
            deploy("failed", 4, phases=[]),
            "this is a bug",
            "✗ board is not changed: this is a bug; it was not asked what serves",
            "",
        ),
        (
            deploy("unknown", 4, phases=[]),
            "the connection was lost",
            "? board is in doubt: the connection was lost; it is unknown what serves",
            "",
        ),
        (
            deploy("reverted", 130, **BEGUN, serving="000013"),
            "stopped: release 000014 was taken back",
            "✗ board 000014 was stopped and taken back; 000013 serves as before",
            "000014 was never switched to.",
        ),
    ],
)
def test_each_end_in_one_line(document: dict[str, Any], what: str, headline: str, note: str) -> None:
    found = said(document, what)
    assert (str(found), found.note) == (headline, note)


def test_what_the_watch_could_not_tell_is_told_of_a_good_end() -> None:
    watch = {"verdict": "inconclusive", "reasons": ["too little traffic"]}
    document = deploy("live", **NEW, serving="000014", data={"watch": watch, "unasked": ["worker: no port"]})
    assert said(document).note == (
        "The watch could not tell whether it is worse than before: too little traffic. "
        "Not asked: worker: no port."
    )


def on(host: str, status: str, code: int = 0, **more: Any) -> dict[str, Any]:
    return {**deploy(status, code, **more), "host": host}


def test_several_servers_that_agree_are_counted() -> None:
    hosts = [on(name, "live", **NEW, serving="000014") for name in "abc"]
    assert said({**hosts[0], "hosts": hosts}).text == "board 000014 serves on 3 servers; 000013 served before"


def test_several_servers_that_differ_are_told_one_by_one() -> None:
    hosts = [
        on("a", "reverted", 6, **SWITCHED, serving="000013"),
        on("b", "lost", 4, phases=[]),
        on("c", "skipped", phases=[]),
    ]
    document = {**hosts[0], "hosts": hosts}
    assert said(document, "b: cannot be reached").text == (
        "board 000014 failed: b: cannot be reached; "
        "000013 serves as before on a; it is unknown what serves on b; nothing was touched on c"
    )


@pytest.mark.parametrize(
    ("code", "headline"), [(0, "✓ built 4f2a"), (10, "✗ built 4f2a"), (130, "✗ built 4f2a")]
)
def test_what_is_no_deploy_says_what_it_said(code: int, headline: str) -> None:
    for document in (None, {"schema": "fairlead.build/v1"}):
        assert str(headline_of(code, document, "built 4f2a")) == headline


CODES = st.sampled_from([0, 2, 3, 4, 5, 6, 7, 10, 11, 12, 130])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["exit", "phase", "seconds", "watch", "maintenance"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["status", "exit", "release", "serving", "previous", "phases", "data", "hosts", "app"]
        ),
        JUNK,
    ),
    CODES,
)
def test_whatever_a_server_tells_there_is_a_headline(document: dict[str, Any], code: int) -> None:
    told = headline_of(code, {"schema": DEPLOY_SCHEMA, **document}, "it said so")
    assert (told.mood == "good") == (code == 0) or told.mood == "unknown"
    assert told.text


IDS = st.sampled_from([None, "000012", "000013", "000014"])
ENDS = st.sampled_from(
    ["live", "unchanged", "reverted", "refused", "failed", "lost", "skipped", "unknown", "ok", ""]
)
HOSTS = st.fixed_dictionaries(
    {
        "status": ENDS,
        "exit": CODES,
        "release": IDS,
        "serving": IDS,
        "previous": IDS,
        "phases": st.sampled_from([[], phases("prepare"), SWITCHED["phases"]]),
        "data": st.sampled_from([{}, {"maintenance": {"on": True}}]),
    }
)


@given(HOSTS, st.lists(HOSTS, max_size=3), CODES, st.sampled_from(["web is unhealthy", "", "a\n::error::b"]))
def test_it_is_never_better_than_what_was_seen(
    first: dict[str, Any], others: list[dict[str, Any]], code: int, what: str
) -> None:
    """Not good with an exit code, no release that serves which no server named, in one line."""
    hosts = [{**one, "host": f"h{number}"} for number, one in enumerate([first, *others])]
    document = {"schema": DEPLOY_SCHEMA, "app": "board", **first, "exit": code, "hosts": hosts}
    told = headline_of(code, document, what)
    assert (told.mood == "good") == (code == 0)
    assert "\n" not in str(told)
    ends = [document] if len(hosts) == 1 else hosts
    seen = {str(one["serving"]) for one in ends if one["status"] not in {"lost", "skipped", "unknown"}}
    for release in ("000012", "000013", "000014", "None"):
        if f"{release} serves" in told.text:
            assert release in seen
    if "as before" in told.text:
        assert any(one["serving"] and one["serving"] != one["release"] for one in ends)
    if code == 0 and " serves on " in told.text.split(";")[0]:
        assert len({one["serving"] for one in ends}) == 1
    if any(one["status"] in {"lost", "unknown"} for one in ends) and "live" not in {
        one["status"] for one in ends
    }:
        assert "unknown" in told.text or len(ends) == 1
