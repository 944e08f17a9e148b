"""What one end sends is what the other reads, whatever it is; all faults are told at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.disk.task import fingerprint
from fairlead.host.wire import calls, changes
from fairlead.host.wire.calls import AskPlan, Attach, Call, Drain, GiveOrder, Logs, Maintain, frame_of
from fairlead.host.wire.changes import DeployCall, RollbackCall, RotateCall
from fairlead.host.wire.contract import parse_whole, render
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.fleet import Fleet
from fairlead.host.wire.frames import encode_frame, parse_frame
from fairlead.host.wire.request import REASON_LIMIT, Options, parse_rollback_request
from fairlead.host.wire.restriction import VERBS

NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
TEXTS = st.text(max_size=40)
LISTS = st.lists(NAMES, max_size=3).map(tuple)
IDS = st.from_regex(r"[0-9]{6}", fullmatch=True)
DIGESTS = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
FLEETS = st.builds(
    Fleet,
    release=st.just("") | IDS,
    hosts=LISTS,
    hold_timeout=st.floats(0, 24 * 3600),
    once=LISTS,
    runner=NAMES,
    done=st.lists(DIGESTS, max_size=2).map(tuple),
)
OPTIONS = st.builds(
    Options,
    allow_older=st.booleans(),
    accept_recreate=LISTS,
    take_over=st.booleans(),
    no_wait=st.booleans(),
    lock_timeout=st.floats(0, 24 * 3600),
    require_evidence=st.booleans(),
    only=LISTS,
    accept_schema=st.just("") | IDS,
    fleet=st.none() | FLEETS,
    upgrade_edge=st.booleans(),
    reason=st.text(st.characters(categories=["L", "N", "P"], include_characters=" "), max_size=REASON_LIMIT),
)
SECRETS = st.dictionaries(NAMES, DIGESTS, max_size=2)
CALLS = st.one_of(
    st.builds(calls.Hello),
    st.builds(calls.AskHistory),
    st.builds(calls.Undrain),
    st.builds(calls.Check, time=st.none() | st.floats(0, 1e10)),
    st.builds(calls.AskState, ask=st.booleans(), marks=st.booleans()),
    st.builds(Logs, service=st.none() | TEXTS, tail=st.integers(0, calls.MAX_TAIL), follow=st.booleans()),
    st.builds(calls.Repair, decision=st.sampled_from([None, "finish", "revert"])),
    st.builds(calls.Remove, volumes=st.booleans(), by=TEXTS),
    st.builds(Attach, task=st.none() | TEXTS, start=st.integers(0, 10**6)),
    st.builds(GiveOrder, order=TEXTS, task=st.none() | TEXTS, why=TEXTS),
    st.builds(Drain, paths=st.just(()), timeout=st.floats(0, calls.MAX_DRAIN)),
    st.builds(Maintain, on=st.booleans(), page=TEXTS, retry_after=st.integers(1, 9), look=TEXTS, by=TEXTS),
    st.builds(DeployCall, release=SECRETS, options=OPTIONS, by=TEXTS, signature=TEXTS, marks_key=DIGESTS),
    st.builds(RollbackCall, to=st.none() | IDS, options=OPTIONS, by=TEXTS, serving=st.none() | IDS),
    st.builds(RotateCall, secrets=SECRETS, options=OPTIONS, by=TEXTS, marks_key=DIGESTS),
)


def _sent(call: Call) -> dict[str, Any]:
    return parse_frame(encode_frame(frame_of(call)).rstrip(b"\n"))


@given(CALLS)
def test_what_the_client_sends_is_what_the_door_reads(call: Call) -> None:
    frame = _sent(call)
    assert frame["request"] == call.request
    assert parse_whole(type(call), frame) == call


@given(OPTIONS)
def test_a_plan_travels_as_what_it_is_about(options: Options) -> None:
    change = RollbackCall("000041", options)
    frame = _sent(AskPlan(change, preflight=True))
    assert {**frame, "request": "rollback"} == {**_sent(change), "preflight": True}
    assert parse_whole(AskPlan, frame).preflight
    assert parse_rollback_request({**frame, "task": "plan"}, None).options == options


def test_there_is_a_call_for_every_request_of_the_door() -> None:
    every = {
        one.request
        for module in (calls, changes)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Call) and one is not Call
    }
    assert every == frozenset().union(*VERBS.values())


def test_what_has_its_default_does_not_travel() -> None:
    assert frame_of(RollbackCall()) == {"request": "rollback"}
    assert frame_of(RollbackCall("000041", Options(no_wait=True))) == {
        "request": "rollback",
        "to": "000041",
        "options": {"no_wait": True},
    }


@pytest.mark.parametrize(
    ("told", "hold_timeout"),
    [({"hold_timeout": 9}, 9.0), ({"patience": 9}, 9.0), ({"patience": 9, "hold_timeout": 7}, 7.0)],
)
def test_how_long_a_host_holds_has_the_name_of_the_setting(told: dict[str, Any], hold_timeout: float) -> None:
    """The version before called it otherwise: a task that it has begun is still understood."""
    request = parse_rollback_request({"task": "t", "options": {"fleet": told}}, None)
    assert request.options.fleet == Fleet(hold_timeout=hold_timeout)


def test_an_agent_of_the_version_before_hears_how_long_it_is_to_hold() -> None:
    """A key that is held to one agent is behind the client until `host setup` is run again."""
    assert render(Fleet(hold_timeout=9.0)) == {"hold_timeout": 9.0, "patience": 9.0}
    assert render(Fleet(hosts=("a",))) == {"hosts": ["a"]}


def test_all_faults_are_told_at_once_each_with_its_bounds() -> None:
    options = {"lock_timeout": -1, "only": ["../x"], "fleet": {"hold_timeout": "long", "hosts": [1]}}
    with pytest.raises(InputFault) as caught:
        parse_rollback_request({"task": "t", "by": "x" * 201, "options": options}, None)
    assert [one.split(" ")[0] for one in caught.value.details] == [
        "request.by",
        "request.options.lock_timeout",
        "request.options.only",
        "request.options.fleet.hosts",
        "request.options.fleet.hold_timeout",
    ]
    assert caught.value.details[1] == "request.options.lock_timeout is -1, expected seconds from 0 to 86400"


def test_two_requests_that_want_the_same_are_one_whether_or_not_they_say_what_is_the_default() -> None:
    """The version before said every option: who comes again with a newer one follows the task that is under way."""
    before = {
        "allow_older": False,
        "accept_recreate": [],
        "take_over": False,
        "no_wait": False,
        "lock_timeout": 600.0,
        "fleet": {"hosts": ["a", "b"]},
    }
    told = {"kind": "rollback", "to": "000041"}
    same = [
        fingerprint({**told, "options": one})
        for one in (before, {}, {"fleet": {"hosts": ["a"]}, "reason": "again"})
    ]
    assert len(set(same)) == 1
    assert fingerprint({**told, "options": {"no_wait": True}}) != same[0]
    assert fingerprint({**told, "options": [7]}) != same[0]
