"""``fairlead validate``: fairlead.yaml and the compose files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fairlead.cli.options.shared import examples
from fairlead.cli.output import Output
from fairlead.quick.option_words import FORMATS, OPTIONS, Option, ValidateOptions


class _Format(click.ParamType[str]):
    """``sarif`` or ``sarif=FILE``."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value).partition("=")[0] not in FORMATS:
            self.fail(f"{value!r} is not one of {', '.join(FORMATS)}, with or without =FILE", param, ctx)
        return value


def _type(option: Option) -> click.ParamType[Any] | None:
    if option.field == "format":
        return _Format()
    return click.Choice(option.choices) if option.choices else None


def _declared(function: Callable[..., None]) -> Callable[..., None]:
    """The options of the table, as click's."""
    for option in reversed(OPTIONS):
        decorate = click.option(
            *option.names,
            is_flag=not option.metavar,
            multiple=option.many,
            metavar=option.metavar or None,
            type=_type(option),
            envvar=option.envvar,
            show_envvar=option.variable,
            help=option.help,
        )
        function = decorate(function)
    return click.argument("files", nargs=-1, metavar="[FILES]...")(function)


@click.command(
    epilog=examples(
        ("fairlead validate", "every environment of fairlead.yaml, or the compose.yaml that is here"),
        ("fairlead validate compose.yaml prod.yaml", "as `docker compose -f compose.yaml -f prod.yaml`"),
        ("fairlead validate --fix", "mend what can be mended safely"),
        (
            "fairlead validate --fix no-init --ask",
            "only what this rule finds, and each change when you say so",
        ),
        ("fairlead validate --write-baseline", "from now on, only new findings fail"),
        ("fairlead validate --format sarif=out.sarif", "for code scanning; the text is kept out"),
        ("fairlead explain no-healthcheck", "why a rule is there, and what a good file looks like"),
    )
)
@_declared
@click.pass_context
def command(ctx: click.Context, /, **values: Any) -> None:
    """Check the compose files: schema, model and policy in one pass, each finding with file, line and column.

    With a fairlead.yaml, every environment of it is checked; without, the FILES, or the compose file that
    Compose would find. Where the docker-compose of this machine disagrees, that is a finding as well.
    Exit code 2: fairlead.yaml or the command line; 11: a finding that fails; 12: a part could not be looked at.
    """
    from fairlead.cli.validate.judging import run_validate

    output = ctx.find_object(Output) or Output({})
    ctx.exit(run_validate(ValidateOptions(**values), as_json=output.is_json, plain=output.is_plain))
