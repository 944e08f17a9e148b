"""The command reference, made from the commands themselves.

``python -m fairlead.cli.help.reference`` writes docs/commands.md; with ``--check`` it only says whether it is current.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from fairlead.cli.root import VERBS, command
from fairlead.errors import ExitCode, FairleadError, InputError

PAGE = Path("docs/commands.md")

_HEAD = """\
# Commands

<!-- Made by `python -m fairlead.cli.help.reference` from the commands themselves. -->

`fairlead [OPTIONS] VERB [OPTIONS]`

Every verb talks the same way: live on a terminal, plain lines elsewhere, and with `--json` one document on
stdout and everything else on stderr.
One name everywhere: what is `--image-tag` on the command line is `FAIRLEAD_IMAGE_TAG` in the environment
and `image-tag` for the action.

## Variables without an option

Whoever sees a command line must not see a secret.

| variable | meaning |
| --- | --- |
| `FAIRLEAD_REGISTRY_USERNAME`, `FAIRLEAD_REGISTRY_PASSWORD` | The login of the registry; without them that of the job, and Docker's own. |
| `FAIRLEAD_REGISTRY_HOST` | The only registry that gets this login, such as `registry.example.com`. Without it that of `FAIRLEAD_REGISTRY`; else GitHub's own in GitHub Actions, none in another CI, and elsewhere the one that fairlead.yaml names. |
| `FAIRLEAD_JOB_TOKEN` | The token of a job of GitHub Actions, where no other login is given. Only the registry that belongs to `GITHUB_SERVER_URL` gets it: `ghcr.io` for github.com, `containers.HOST` for GHE.com and an Enterprise Server with subdomain isolation. |
| `FAIRLEAD_SSH_KEY` | The private key of the deploy user, whole. |
| `FAIRLEAD_SECRET_<NAME>` | The value of one secret of the app: `FAIRLEAD_SECRET_POSTGRES_PASSWORD`. |
| `FAIRLEAD_SECRETS` | The values of all of them: lines as in a `.env` file, or a JSON object. |
| `FAIRLEAD_PUBLISHED` | What another job has published, for `deploy` and `plan`: the text of its `publish.json`. |
| `FAIRLEAD_CACHE` | Where tools and virtualenvs are kept, instead of `~/.cache/fairlead`. |
| `FAIRLEAD_PASS_ENV` | More variables for the tools that Fairlead starts, which see only those that they need: `AWS_PROFILE TUNNEL_*`, say, for a `ProxyCommand` of ssh. |
| `NO_COLOR` | Set to anything: no colours. |
"""


def exit_codes() -> list[tuple[int, str]]:
    """Each exit code and what it means, in order; the meaning is the error's own docstring."""
    meanings = {ExitCode.OK: "It worked."}
    for kind in _error_kinds(FairleadError):
        meanings[kind.exit_code] = (kind.__doc__ or "").strip().splitlines()[0]
    return [(int(code), meanings[code]) for code in ExitCode]


def render_reference() -> str:
    """The page docs/commands.md."""
    root = click.Context(command, info_name="fairlead")
    parts = [_HEAD, _render_exit_codes(), "## Options of every verb\n", _render_options(root)]
    for name in VERBS:
        verb = command.get_command(root, name)
        assert verb is not None
        parts += _render_command(verb, click.Context(verb, info_name=name, parent=root), level=2)
    return "\n".join(parts).rstrip() + "\n"


def _render_exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in exit_codes()]
    return "\n".join(["## Exit codes\n", "| code | meaning |", "| ---: | --- |", *rows, ""])


def _render_command(verb: click.Command, ctx: click.Context, level: int) -> Iterator[str]:
    pieces = " ".join(verb.collect_usage_pieces(ctx))
    yield f"{'#' * level} {ctx.command_path}\n"
    yield f"```text\n{ctx.command_path} {pieces}\n```\n"
    yield _paragraphs(verb.help or verb.short_help or "") + "\n"
    if any(_record(parameter, ctx) for parameter in verb.params):
        yield _render_options(ctx)
    if verb.epilog:
        yield f"```text\n{_paragraphs(verb.epilog)}\n```\n"
    if isinstance(verb, click.Group):
        for name in verb.list_commands(ctx):
            below = verb.get_command(ctx, name)
            if below is not None and not below.hidden:
                yield from _render_command(below, click.Context(below, info_name=name, parent=ctx), level + 1)


def _render_options(ctx: click.Context) -> str:
    rows = []
    for parameter in ctx.command.params:
        record = _record(parameter, ctx)
        if record is not None:
            rows.append(f"| `{record[0]}` | {record[1]} | {_variables(parameter)} |")
    return "\n".join(["| option | meaning | variable |", "| --- | --- | --- |", *rows, ""])


def _record(parameter: click.Parameter, ctx: click.Context) -> tuple[str, str] | None:
    """An option's names and help; None for an argument, and for what every verb has below the root."""
    if not isinstance(parameter, click.Option) or parameter.hidden:
        return None
    if ctx.parent is not None and parameter.name in {"json", "plain"}:
        return None
    # The variable has a column of its own.
    shown, parameter.show_envvar = parameter.show_envvar, False
    try:
        record = parameter.get_help_record(ctx)
    finally:
        parameter.show_envvar = shown
    return (record[0], _cell(" ".join(record[1].split()))) if record else None


def _cell(text: str) -> str:
    """Text in a table: no column ends in it, and no ``<NAME>`` is taken for HTML, but for code, which shows it."""
    pieces = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    return "".join(piece if piece.startswith("`") else piece.replace("<", "&lt;") for piece in pieces)


def _variables(parameter: click.Parameter) -> str:
    names = parameter.envvar or ()
    return " ".join(f"`{name}`" for name in ([names] if isinstance(names, str) else names))


def _paragraphs(text: str) -> str:
    r"""Help text without click's ``\b`` marks."""
    return "\n".join(line for line in inspect.cleandoc(text).splitlines() if line.strip() != "\b").strip()


def _error_kinds(base: type[FairleadError]) -> Iterator[type[FairleadError]]:
    """The errors that bring an exit code of their own, deepest last, so that the nearest to the base wins."""
    for kind in base.__subclasses__():
        if "exit_code" in vars(kind):
            yield kind


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the page is current.")
def main(check: bool) -> None:
    """Write docs/commands.md."""
    page = render_reference()
    if not check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        raise InputError(f"{PAGE} is not current", fix="`python -m fairlead.cli.help.reference` writes it")


if __name__ == "__main__":
    from fairlead.boundary import guarded
    from fairlead.cli.output import Output

    sys.exit(guarded(lambda: main.main(standalone_mode=False), sys.argv[1:], Output({})))
