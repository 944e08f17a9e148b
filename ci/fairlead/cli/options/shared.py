"""Options that several verbs share, and the shape of their help."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from fairlead.cli.output import Output

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def examples(*pairs: tuple[str, str]) -> str:
    r"""The epilog of a command: example calls, each with what it is good for.

    The leading ``\b`` keeps click from wrapping the lines.
    """
    width = max(len(call) for call, _ in pairs)
    lines = [f"  {call:<{width}}  {meaning}".rstrip() for call, meaning in pairs]
    return "\b\n" + "\n".join(["Examples:", *lines])


def environment_option(function: _Decorated) -> _Decorated:
    """``-e/--environment NAME`` (argument ``environment: str | None``): which one of fairlead.yaml."""
    return click.option(
        "-e",
        "--environment",
        metavar="NAME",
        envvar="FAIRLEAD_ENVIRONMENT",
        show_envvar=True,
        help="The environment of fairlead.yaml. [default: the only one]",
    )(function)


def access_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--known-hosts`` and ``--identity`` as one argument, ``access: AccessOptions``: how to get to the servers."""

    @wraps(function)
    def gathered(*args: Any, known_hosts: Path | None, identity: Path | None, **given: Any) -> Any:
        from fairlead.remote.access import AccessOptions

        return function(*args, access=AccessOptions(known_hosts, identity), **given)

    known_hosts = click.option(
        "--known-hosts",
        metavar="FILE",
        envvar="FAIRLEAD_KNOWN_HOSTS",
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The servers' host keys. [default: known_hosts of the environment, else ssh's own]",
    )
    identity = click.option(
        "--identity",
        metavar="FILE",
        envvar="FAIRLEAD_SSH_IDENTITY",
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The private key. Its content may come in FAIRLEAD_SSH_KEY instead. [default: ssh's own choice]",
    )
    return known_hosts(identity(gathered))


def host_option(function: _Decorated) -> _Decorated:
    """``--host`` (argument ``host: str | None``): one of several hosts."""
    return click.option(
        "--host",
        metavar="HOST",
        help="One host of the environment, as fairlead.yaml names it. [default: all]",
    )(function)


def work_dir_option(function: _Decorated) -> _Decorated:
    """``--work-dir DIR`` (argument ``work_dir: str``): where verbs leave documents for each other."""
    return click.option(
        "--work-dir",
        metavar="DIR",
        envvar="FAIRLEAD_WORK_DIR",
        show_envvar=True,
        default=".fairlead",
        show_default=True,
        help="Where verbs leave documents and images for each other.",
    )(function)


def secrets_dir_option(function: _Decorated) -> _Decorated:
    """``--secrets-dir`` (argument ``secrets_dir: Path | None``): where values of secrets lie."""
    return click.option(
        "--secrets-dir",
        metavar="DIR",
        envvar="FAIRLEAD_SECRETS_DIR",
        show_envvar=True,
        type=click.Path(file_okay=False, path_type=Path),
        help="A folder with one file a secret. FAIRLEAD_SECRET_<NAME> comes first.",
    )(function)


def accept_recreate_option(function: _Decorated) -> _Decorated:
    """``--accept-recreate`` (argument ``accept_recreate: tuple[str, ...]``): services that keep data."""
    return click.option(
        "--accept-recreate",
        metavar="SERVICE",
        multiple=True,
        envvar="FAIRLEAD_ACCEPT_RECREATE",
        show_envvar=True,
        help="Let a service that keeps data be stopped and made again. Repeatable.",
    )(function)


def no_wait_option(function: _Decorated) -> _Decorated:
    """``--no-wait`` (argument ``no_wait: bool``): for whoever holds the lock."""
    return click.option(
        "--no-wait",
        is_flag=True,
        envvar="FAIRLEAD_NO_WAIT",
        show_envvar=True,
        help="Fail with 5 when another deploy is under way.",
    )(function)


def reason_option(function: _Decorated) -> _Decorated:
    """``--reason`` (argument ``reason: str``): why, for who reads the history."""
    return click.option(
        "--reason",
        metavar="TEXT",
        default="",
        envvar="FAIRLEAD_REASON",
        show_envvar=True,
        help="Why, in a line: the server's journal keeps it, and `fairlead history` tells it.",
    )(function)


def version_option(function: _Decorated) -> _Decorated:
    """``--version``."""
    return click.option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_version,
        help="Show the version and exit.",
    )(function)


def output_options(command: click.Command) -> click.Command:
    """Add ``--json`` and ``--plain`` to a command and to the commands below it, once."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            output_options(below)
    taken = {name for parameter in command.params for name in parameter.opts}
    for name, text in (
        ("--json", "Print one JSON document on stdout; everything else goes to stderr."),
        ("--plain", "Print plain lines: no colour, nothing that moves."),
    ):
        if name not in taken:
            command.params.append(_output_flag(name, text))
    return command


def change_directory(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """The callback of ``-C``: eager, so that every other path is read from there."""
    if value is not None and not ctx.resilient_parsing:
        os.chdir(value)


def _output_flag(name: str, text: str) -> click.Option:
    return click.Option(
        [name],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        envvar=f"FAIRLEAD_{name.removeprefix('--').upper()}",
        callback=_ask_output,
        help=text,
    )


def _ask_output(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    output = ctx.find_object(Output)
    if output is None:
        output = ctx.obj = Output(os.environ)
    output.ask(json=param.name == "json", plain=param.name == "plain")


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from fairlead import __version__

    click.echo(f"fairlead {__version__}")
    ctx.exit()
