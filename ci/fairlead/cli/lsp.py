"""``fairlead lsp``: the language server."""

from __future__ import annotations

import os
import signal
import sys

import click

from fairlead.cli.options.shared import examples


@click.command(
    epilog=examples(
        ("fairlead lsp", "started by an editor, which speaks to it by stdin and stdout"),
        ("fairlead lsp --no-compose", "without the docker-compose of this machine"),
    )
)
@click.option("--no-compose", is_flag=True, help="Do not ask the docker-compose of this machine.")
def command(*, no_compose: bool) -> None:
    """Tell an editor what `fairlead validate` finds while the files are written (LSP, over stdin and stdout).

    Findings with quick fixes, what a rule or a key means, keys and names to choose from. It needs the extra `lsp` of
    the package; docs/editors.md shows how editors start it.
    """
    try:
        import pygls  # noqa: F401 - whether it is there
    except ImportError as error:
        from fairlead.errors import ToolMissingError

        raise ToolMissingError(
            "the language server needs the package pygls, which is not installed",
            why="it is an extra: nothing else needs it",
            fix="install `fairlead[lsp]`; in a clone `./bootstrap --for lsp fairlead lsp`",
        ) from error
    from fairlead.lsp.server import Server

    # There is nothing to put away, and unwinding would wait for the thread that reads stdin.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    # Stdout is the conversation: what anything else prints goes to stderr.
    conversation = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Server(ask=not no_compose).start_io(stdout=conversation)
