from __future__ import annotations

import itertools

import pytest

from fairlead.errors import InputError
from lab.fault.command import _NAMES
from lab.fault.plan import MEANINGS, Facts, Fault, FaultPlan, Options, Step, plan_clear, plan_fault

FACTS = Facts("lab-2", "lab-registry", "172.20.0.1", "172.20.0.2", has_netem=True)
OLD_KERNEL = Facts("lab-2", "lab-registry", "172.20.0.1", "172.20.0.2", has_netem=False)
KILL_OPTIONS = Options(agent=True)


def plan(fault: Fault, facts: Facts = FACTS, **options: object) -> FaultPlan:
    given = Options(**options) if options else (KILL_OPTIONS if fault is Fault.KILL else Options())  # type: ignore[arg-type]
    return plan_fault(fault, facts, given)


def lines(steps: tuple[Step, ...]) -> list[str]:
    return [" ".join(step.words) for step in steps]


def test_the_command_knows_every_fault() -> None:
    assert list(_NAMES) == [fault.value for fault in Fault] == [fault.value for fault in MEANINGS]


@pytest.mark.parametrize("fault", Fault)
def test_what_lasts_can_be_undone_and_undoing_twice_does_no_harm(fault: Fault) -> None:
    one = plan(fault)
    assert one.lasts is bool(one.undo)
    assert all(step.tolerant for step in one.undo)
    assert not any(step.tolerant for step in one.apply), "a fault that did not happen is not to pass for one"


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_touches_its_server_and_no_other(fault: Fault) -> None:
    for step in (*plan(fault).apply, *plan(fault).undo):
        words = [word for word in step.words if word.startswith("lab-")]
        assert words == ["lab-2"], step


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Fault.PARTITION, {}),
        (Fault.REGISTRY, {}),
        (Fault.SLOW, {}),
        (Fault.SLOW, {"rate": "1mbit"}),
        (Fault.REGISTRY, {"everywhere": True}),
        (Fault.PAUSE, {}),
        (Fault.HOST, {}),
        (Fault.DISK, {"left": 5}),
    ],
)
@pytest.mark.parametrize("facts", [FACTS, OLD_KERNEL])
def test_clearing_undoes_what_any_fault_did(fault: Fault, options: dict[str, object], facts: Facts) -> None:
    undo = plan(fault, facts, **options).undo
    assert set(undo) <= set(plan_clear(facts))


def test_every_rule_that_is_put_in_is_taken_out() -> None:
    for fault in (Fault.PARTITION, Fault.REGISTRY):
        one = plan(fault)
        put = [line.replace(" -I ", " ± ") for line in lines(one.apply)]
        taken = [line.replace(" -D ", " ± ") for line in lines(one.undo)]
        assert put == taken != []
        assert all("fairlead-fault" in line for line in put)


def test_a_partition_cuts_both_directions_before_addresses_are_translated() -> None:
    assert lines(plan(Fault.PARTITION).apply) == [
        "exec lab-2 iptables -w -t mangle -I PREROUTING -s 172.20.0.1 -m comment --comment fairlead-fault -j DROP",
        "exec lab-2 iptables -w -t mangle -I POSTROUTING -d 172.20.0.1 -m comment --comment fairlead-fault -j DROP",
    ]


def test_a_slow_link_is_the_kernels_where_it_can_and_a_relays_where_not() -> None:
    assert lines(plan(Fault.SLOW, delay_ms=70).apply) == [
        "exec lab-2 tc qdisc replace dev eth0 root netem delay 70ms"
    ]
    relayed = lines(plan(Fault.SLOW, OLD_KERNEL, delay_ms=70).apply)
    assert any("relay.py 70 22:7022,80:7080,443:7443" in line for line in relayed)
    ports = [
        word for line in relayed for before, word in itertools.pairwise(line.split()) if before == "--dport"
    ]
    assert ports == ["22", "80", "443"]


def test_the_relay_stands_before_a_connection_is_sent_to_it() -> None:
    relayed = lines(plan(Fault.SLOW, OLD_KERNEL).apply)
    assert [("iptables" in line) for line in relayed] == [False, False, False, True, True, True]


def test_a_rate_needs_no_netem() -> None:
    assert "tbf rate 1mbit" in lines(plan(Fault.SLOW, OLD_KERNEL, rate="1mbit").apply)[0]


def test_the_registry_is_refused_to_one_server_or_down_for_all() -> None:
    assert "-d 172.20.0.2 --dport 5080" in lines(plan(Fault.REGISTRY).apply)[0]
    assert lines(plan(Fault.REGISTRY, everywhere=True).apply) == ["kill lab-registry"]
    assert lines(plan(Fault.REGISTRY, everywhere=True).undo) == ["start lab-registry"]


@pytest.mark.parametrize("options", [Options(), Options(container="a", agent=True)])
def test_a_kill_is_told_whom(options: Options) -> None:
    with pytest.raises(InputError, match="whom"):
        plan_fault(Fault.KILL, FACTS, options)


def test_a_container_is_killed_by_its_name() -> None:
    assert lines(plan(Fault.KILL, container="web-000001-1").apply) == [
        "exec lab-2 docker kill --signal KILL web-000001-1"
    ]
