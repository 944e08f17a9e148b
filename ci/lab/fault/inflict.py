"""Brings faults about and undoes them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence

from fairlead import passed, process
from fairlead.errors import CommandFailedError, InputError
from lab.engine import run_docker
from lab.fault.plan import Facts, Fault, FaultPlan, Options, Step, plan_clear, plan_fault, plan_small_disk
from lab.fault.record import Record, claim, faults_folder, list_records, write_record
from lab.state import Lab
from lab.up import wait_for_registry, wait_for_servers

_GATEWAY = re.compile(r"default via (\S+)")
_GUARD = "lab.fault.guard"


def probe_facts(lab: Lab, number: int) -> Facts:
    """Look up what the commands for a server depend on.

    Raises:
        CommandFailedError: the server is not up.
    """
    server = lab.server(number).name
    route = run_docker("exec", server, "ip", "-4", "route", "show", "default").stdout
    hosts = run_docker("exec", server, "getent", "hosts", "registry", check=False).stdout.split()
    found = _GATEWAY.search(route)
    if found is None:
        raise CommandFailedError(f"{server} has no default route", fix="`fairlead lab up` brings it back")
    netem = run_docker("exec", server, "tc", "qdisc", "add", "dev", "lo", "root", "netem", check=False)
    if netem.ok:
        run_docker("exec", server, "tc", "qdisc", "del", "dev", "lo", "root", check=False)
    return Facts(server, f"{lab.name}-registry", found[1], hosts[0] if hosts else "", netem.ok)


@contextlib.contextmanager
def inflicted(
    lab: Lab, number: int, fault: Fault, options: Options | None = None, *, at_most: float = 60.0
) -> Iterator[None]:
    """A fault for the length of a block; undone at its end, or after ``at_most`` seconds if nobody gets there."""
    record = begin(lab, number, fault, options or Options(), at_most)
    try:
        yield
    finally:
        end(lab, number, fault, record)


def begin(lab: Lab, number: int, fault: Fault, options: Options, seconds: float) -> Record | None:
    """Bring a fault about; what is returned undoes it, None where nothing lasts.

    How to undo it is written down first, and a guard is started that will when the time is over,
    so that nothing stays broken when this process dies.
    """
    clear_overdue(lab)
    plan = plan_fault(fault, probe_facts(lab, number), options)
    record = None
    if plan.lasts:
        until = time.time() + seconds
        record = write_record(faults_folder(lab), fault.value, lab.server(number).name, until, plan.undo)
        log = faults_folder(lab) / "guard.log"
        process.start_daemon([sys.executable, "-m", _GUARD, str(record.path)], log, also=passed.PYTHON)
    try:
        run_steps(plan.apply)
    except BaseException:
        undo(record)
        raise
    if not plan.lasts and plan.reboots:
        _wait_for(lab, number)
    return record


def end(lab: Lab, number: int, fault: Fault, record: Record | None) -> None:
    """Undo a fault, unless it is undone, and wait until the server or the registry is there again."""
    undo(record)
    if fault is Fault.REGISTRY:
        wait_for_registry(lab)
    if fault in {Fault.HOST, Fault.PAUSE}:
        _wait_for(lab, number)


def make_small_disk(lab: Lab, number: int, options: Options) -> None:
    """Put the small file system in place, and leave it."""
    run_steps(plan_small_disk(probe_facts(lab, number), options).apply)


def clear(lab: Lab) -> int:
    """Undo every fault of the lab, known or not; how many were written down."""
    records = list_records(faults_folder(lab))
    for record in records:
        undo(record)
    for number in lab.servers:
        first = FaultPlan((), (Step(("unpause", lab.server(number).name), tolerant=True),))
        run_steps((*first.undo, Step(("start", lab.server(number).name), tolerant=True)))
        run_steps(plan_clear(probe_facts(lab, number)))
    wait_for_servers(lab)
    wait_for_registry(lab)
    return len(records)


def clear_overdue(lab: Lab) -> None:
    """Undo what should have been undone by now: its guard has died."""
    for record in list_records(faults_folder(lab)):
        if record.until < time.time() - 5:
            undo(record)


def undo(record: Record | None) -> None:
    """Undo a fault; nothing happens when another has."""
    mine = claim(record) if record is not None else None
    if mine is not None:
        run_steps(mine.undo)
        mine.path.unlink(missing_ok=True)


def run_steps(steps: Sequence[Step]) -> None:
    """Run commands in order.

    Raises:
        CommandFailedError: one that must not fail did.
    """
    for step in steps:
        for attempt in range(1, step.attempts + 1):
            last = attempt == step.attempts
            if run_docker(*step.words, stdin=step.stdin or None, check=last and not step.tolerant).ok:
                break


def kill_process(number: int) -> None:
    """SIGKILL to a process of this machine: a client.

    Raises:
        InputError: there is no such process.
    """
    if number <= 1:
        raise InputError(f"{number} is not the id of a client")
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError as error:
        raise InputError(f"no process has the id {number}") from error


def _wait_for(lab: Lab, number: int) -> None:
    import dataclasses

    wait_for_servers(dataclasses.replace(lab, servers={number: lab.server(number)}))
