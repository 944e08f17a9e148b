"""``fairlead lab load``: requests to a server of the lab, every one of which is accounted for."""

from __future__ import annotations

import click

from fairlead import report
from fairlead.cli.options.durations import DURATION
from fairlead.cli.options.shared import examples
from fairlead.errors import ExitCode

_PROTOCOLS = ("h1", "h2", "post", "upload", "download", "ws", "sse")


@click.command(
    "load",
    epilog=examples(
        ("fairlead lab load http://127.0.0.2", "8 clients for 10 s, each as fast as it is answered"),
        ("fairlead lab load https://127.0.0.2 --protocol h2 --rate 500 --for 1m", "500 requests a second"),
        ("fairlead lab load http://127.0.0.2 --protocol h1,ws,sse", "three kinds at once"),
        ("fairlead --json lab load http://127.0.0.2/health", "all figures, by windows of time"),
    ),
)
@click.argument("url")
@click.option(
    "--protocol",
    default="h1",
    show_default=True,
    metavar="NAMES",
    help="One or more, separated by commas: " + ", ".join(_PROTOCOLS) + ".",
)
@click.option(
    "--clients",
    type=click.IntRange(1, 10_000),
    default=8,
    show_default=True,
    help="Clients of each protocol.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1_000_000),
    default=0.0,
    help="Requests a second of h1, h2 and post, whatever the server does. "
    "[default: each client waits for its answer]",
)
@click.option(
    "--for", "seconds", type=DURATION, default="10s", show_default=True, metavar="TIME", help="How long."
)
@click.option(
    "--late",
    type=DURATION,
    default="1s",
    show_default=True,
    metavar="TIME",
    help="Later answers count as late.",
)
@click.option(
    "--timeout",
    type=DURATION,
    default="30s",
    show_default=True,
    metavar="TIME",
    help="Without an answer: given up, lost.",
)
@click.option(
    "--size",
    type=click.IntRange(1, 1 << 30),
    default=1024,
    show_default=True,
    help="Bytes of a body or message.",
)
@click.option(
    "--span",
    type=DURATION,
    default="10s",
    show_default=True,
    metavar="TIME",
    help="How long an upload or download takes.",
)
@click.option("--name", default="", metavar="HOST", help="Ask for this host name at the address of the URL.")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False),
    help="Verify the server's certificate against this file. [default: not verified: it is this machine]",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that send."
)
def command(
    url: str,
    protocol: str,
    clients: int,
    rate: float,
    seconds: float,
    late: float,
    timeout: float,
    size: int,
    span: float,
    name: str,
    ca: str | None,
    processes: int,
) -> None:
    """Send requests to a server of the lab and count the fate of each.

    A request is answered (by the release in X-Release), late, answered with a wrong status or body, or lost
    (refused, reset, ended, timed out). A stream is kept, closed as its protocol asks, or cut. Exit code 4 when
    a request was not answered as it should have been. Only addresses of 127.0.0.0/8 are ever connected to.
    """
    from lab.load.plan import RATED, Part, Plan, Protocol, parse_target
    from lab.load.report import render
    from lab.load.run import run_load

    target, path = parse_target(url, name=name, ca=ca or "")
    given = "" if path == "/" else path
    parts = tuple(
        Part(one, given, clients, rate if one in RATED else 0.0, size, span)
        for one in map(Protocol, _protocols(protocol))
    )
    plan = Plan(target, parts, seconds, late, timeout)
    done = run_load(plan, url, processes)
    report.current().result(done.document, render(done))
    if done.failed:
        raise click.exceptions.Exit(ExitCode.COMMAND_FAILED)


def _protocols(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in _PROTOCOLS]
    if unknown or not names:
        raise click.BadParameter(
            f"`{', '.join(unknown)}` is not one of {', '.join(_PROTOCOLS)}", param_hint="--protocol"
        )
    return list(dict.fromkeys(names))
