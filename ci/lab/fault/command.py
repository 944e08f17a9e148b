"""``fairlead lab fault``: something goes wrong with a server of the lab, for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.durations import DURATION
from fairlead.cli.options.shared import examples

if TYPE_CHECKING:
    from lab.fault.plan import Fault, Options
    from lab.state import Lab

_NAMES = ("kill", "pause", "partition", "slow", "registry", "disk", "clock", "engine", "host")


@click.command(
    "fault",
    epilog=examples(
        ("fairlead lab fault kill --agent", "the host agent, in the middle of its work"),
        ("fairlead lab fault partition --server 2 --for 10s", "no packet between client and server"),
        ("fairlead lab fault slow --delay 300", "a slow link"),
        ("fairlead lab fault disk --small", "a small disk, before the app is deployed"),
        ("fairlead lab fault disk --left 100000", "all of it taken but 100 kB"),
        ("fairlead lab fault host --for 5s", "power cut"),
        ("fairlead lab fault --clear", "undo whatever is left"),
    ),
)
@click.argument("name", required=False, metavar="NAME")
@click.option("--server", "number", type=int, default=1, show_default=True, metavar="N", help="Which server.")
@click.option(
    "--for", "seconds", type=DURATION, default="10s", show_default=True, metavar="TIME", help="How long."
)
@click.option(
    "--clear", is_flag=True, help="Undo every fault of the lab, those of a tool that was killed included."
)
@click.option("--agent", is_flag=True, help="kill: the host agent.")
@click.option("--container", default="", metavar="NAME", help="kill: a container of the server.")
@click.option(
    "--pid", type=int, default=0, metavar="NUMBER", help="kill: a process of this machine, a client."
)
@click.option(
    "--delay",
    type=click.IntRange(1, 60_000),
    default=200,
    show_default=True,
    metavar="MS",
    help="slow: by how much.",
)
@click.option(
    "--rate", default="", metavar="RATE", help="slow: so many bits a second instead, such as 1mbit."
)
@click.option("--everywhere", is_flag=True, help="registry: down for all. [default: for this server]")
@click.option("--hard", is_flag=True, help="engine: SIGKILL, a crash. [default: SIGTERM, as an upgrade does]")
@click.option(
    "--left",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="BYTES",
    help="disk: what stays free.",
)
@click.option(
    "--size",
    type=click.IntRange(1 << 20, 8 << 30),
    default=128 << 20,
    show_default=True,
    metavar="BYTES",
    help="disk: of the small file system.",
)
@click.option(
    "--skew",
    type=float,
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="clock: ahead by so much, or behind where negative.",
)
@click.option("--small", is_flag=True, help="disk: only put the small file system in place; it stays.")
def command(
    name: str | None,
    number: int,
    seconds: float,
    clear: bool,
    agent: bool,
    container: str,
    pid: int,
    delay: int,
    rate: str,
    everywhere: bool,
    hard: bool,
    left: int,
    size: int,
    skew: float,
    small: bool,
) -> None:
    """Let something go wrong with a server of the lab, and undo it when the time is over.

    \b
    kill       SIGKILL to the agent, a container of the server, or a client on this machine
    pause      the server stands still, its connections stay open
    partition  no packet passes between client and server; the registry stays reachable
    slow       what the server sends is held back; where the kernel cannot, a relay delays new connections
    registry   the server's connections to the registry are refused
    disk       no space below /srv/fairlead, on a small file system made for it
    clock      the agent's clock steps; the engine keeps the right time, the clock is this machine's
    engine     the engine is restarted, or killed; it comes back by itself
    host       power cut, then boot
    """  # noqa: D301 - click's mark for lines that stay as they are
    from lab.fault.inflict import clear as clear_all
    from lab.fault.plan import Fault, Options
    from lab.state import load

    lab, reporter = load(), report.current()
    if clear:
        with reporter.step("undoing every fault"):
            count = clear_all(lab)
        cleared = {"schema": "fairlead.lab-fault/v1", "fault": None, "cleared": count}
        reporter.result(cleared, f"{lab.name} is well; {count} faults were written down")
        return
    options = Options(container, agent, delay, rate, everywhere, hard, left, size, skew)
    fault = Fault(_known(name))
    server = lab.server(number).name
    began = time.time()
    if fault is Fault.KILL and pid:
        from lab.fault.inflict import kill_process

        kill_process(pid)
    elif fault is Fault.DISK and small:
        from lab.fault.inflict import make_small_disk

        make_small_disk(lab, number, options)
    else:
        _inflict(lab, number, fault, options, seconds)
    document = {
        "schema": "fairlead.lab-fault/v1",
        "fault": fault.value,
        "server": server,
        "began": began,
        "ended": time.time(),
    }
    reporter.result(document, f"{fault.value} on {server}: over")


def _inflict(lab: Lab, number: int, fault: Fault, options: Options, seconds: float) -> None:
    from lab.fault.inflict import begin, end

    with report.current().step(f"{fault.value} on {lab.server(number).name}"):
        record = begin(lab, number, fault, options, seconds)
        try:
            if record is not None:
                time.sleep(max(0.0, record.until - time.time()))
        finally:
            end(lab, number, fault, record)


def _known(name: str | None) -> str:
    if name not in _NAMES:
        said = f"there is no fault `{name}`" if name else "say which fault"
        raise click.UsageError(f"{said}: {', '.join(_NAMES)}; or --clear")
    return name
