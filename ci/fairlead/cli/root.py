"""The command ``fairlead``: a table of verbs, each imported only when it is called.

For the owner of a verb:

- ``cli/<verb>.py`` exports ``command``, a ``click.Command`` (or a group). It is light to import:
  whatever costs (docker, requests, jsonschema, rich, yaml) is imported inside the function.
- The one-line help stands in ``VERBS`` below; the docstring of the command is its long help.
- Examples are the epilog: ``@click.command(epilog=examples(("fairlead build", "every image, every platform")))``.
- Options name their environment variable themselves: ``envvar="FAIRLEAD_IMAGE_TAG", show_envvar=True``.
- ``--json`` and ``--plain`` are added to every verb here, so that they work before and after its name.
- The callback talks through ``fairlead.report.current()``, raises the errors of ``fairlead.errors``,
  and returns nothing. ``current().result(document, text)`` is called once, last.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from fairlead.cli.options.shared import change_directory, examples, output_options, version_option
from fairlead.nearest import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Verb(NamedTuple):
    """A verb before it is imported: where it lives, its section in ``--help``, and its one line there.

    ``beside``: it stands beside the package, in a clone of Fairlead's repository, and is installed with nobody's.
    """

    target: str
    section: str
    help: str
    beside: bool = False

    @property
    def is_there(self) -> bool:
        module, _, _ = self.target.partition(":")
        return not self.beside or (_SOURCES / f"{module.replace('.', '/')}.py").exists()


_SOURCES = Path(__file__).absolute().parents[2]
"""The folder that the package lies in."""

# A shell's completion script calls `fairlead` with this variable set.
COMPLETE_VARIABLE = "_FAIRLEAD_COMPLETE"

_PIPELINE = "From commit to production"
_OPERATE = "What runs"
_SETUP = "Set-up"

VERBS: dict[str, Verb] = {
    "validate": Verb(
        "fairlead.cli.validate.command:command", _PIPELINE, "Check fairlead.yaml and the compose files."
    ),
    "check": Verb("fairlead.cli.check:command", _PIPELINE, "Ask before the build what a deploy would meet."),
    "build": Verb("fairlead.cli.build:command", _PIPELINE, "Build every image for every platform."),
    "merge": Verb("fairlead.cli.merge:command", _PIPELINE, "Join what was built, a machine a platform."),
    "scan": Verb("fairlead.cli.scan:command", _PIPELINE, "Scan the built images and give a verdict."),
    "publish": Verb("fairlead.cli.publish:command", _PIPELINE, "Push the images that passed the scan."),
    "plan": Verb("fairlead.cli.plan:command", _PIPELINE, "Show what a deploy would do."),
    "deploy": Verb("fairlead.cli.deploy:command", _PIPELINE, "Switch a server to the published release."),
    "ship": Verb(
        "fairlead.cli.ship:command", _PIPELINE, "All of it: validate, build, scan, publish, deploy."
    ),
    "rollback": Verb("fairlead.cli.rollback:command", _OPERATE, "Go back to an earlier release."),
    "secrets": Verb("fairlead.cli.secrets:command", _OPERATE, "Give a secret a new value."),
    "repair": Verb("fairlead.cli.repair:command", _OPERATE, "Put in order what a death left unfinished."),
    "maintenance": Verb(
        "fairlead.cli.maintenance:command", _OPERATE, "Show everybody a page, or let users in again."
    ),
    "status": Verb("fairlead.cli.status:command", _OPERATE, "Show what serves, and prove it by digest."),
    "diff": Verb("fairlead.cli.diff:command", _OPERATE, "Compare what runs with what the repository says."),
    "history": Verb("fairlead.cli.history:command", _OPERATE, "List the deploys of an environment."),
    "logs": Verb("fairlead.cli.logs:command", _OPERATE, "Show the logs of the release that serves."),
    "remove": Verb("fairlead.cli.remove:command", _OPERATE, "Take an app off its server."),
    "explain": Verb("fairlead.cli.explain:command", _SETUP, "Tell why a rule of validate is there."),
    "lsp": Verb("fairlead.cli.lsp:command", _SETUP, "Tell an editor what validate finds."),
    "init": Verb("fairlead.cli.init:command", _SETUP, "Write a fairlead.yaml for this repository."),
    "setup": Verb("fairlead.cli.setup:command", _SETUP, "Install the tools that Fairlead drives."),
    "clean": Verb("fairlead.cli.clean:command", _SETUP, "Remove the builders that Fairlead made here."),
    "doctor": Verb("fairlead.cli.doctor:command", _SETUP, "Check this machine and this repository."),
    "host": Verb("fairlead.cli.host.command:command", _SETUP, "Check, prepare, drain or leave a server."),
    "lab": Verb("lab.command:command", _SETUP, "A production in a box, on this machine.", beside=True),
    "demo": Verb("demo.command:command", _SETUP, "Watch a commit go to production, and back.", beside=True),
    "github": Verb("fairlead.cli.github:command", _SETUP, "What only a job of GitHub Actions needs."),
    "completion": Verb("fairlead.cli.completion:command", _SETUP, "Print the shell's completion script."),
}


class _Root(click.Group):
    """The group of all verbs. Its help and its completion come from the table, without an import of a verb."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, verb in VERBS.items() if verb.is_there]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        verb = VERBS.get(cmd_name)
        if verb is None or not verb.is_there:
            return None
        module, _, name = verb.target.partition(":")
        if verb.beside and str(_SOURCES) not in sys.path:
            sys.path.append(str(_SOURCES))
        loaded = getattr(importlib.import_module(module), name)
        assert isinstance(loaded, click.Command)
        loaded.short_help = verb.help
        return output_options(loaded)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args[0] in VERBS and args[0] not in known:
            where = f"it comes with a clone of Fairlead's repository: `./bootstrap fairlead {args[0]}`"
            raise click.UsageError(f"`{args[0]}` is not installed; {where}", ctx)
        if args[0] not in VERBS and not ctx.resilient_parsing:
            near = nearest(args[0], known)
            hint = f"; did you mean `{near}`?" if near else ""
            raise click.UsageError(f"there is no verb `{args[0]}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shown = {name: VERBS[name] for name in self.list_commands(ctx)}
        width = max(map(len, shown))
        for section in (_PIPELINE, _OPERATE, _SETUP):
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (name.ljust(width), verb.help)
                        for name, verb in shown.items()
                        if verb.section == section
                    ],
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        known = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        verbs = [CompletionItem(name, help=VERBS[name].help) for name in known]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    "fairlead",
    cls=_Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        ("fairlead init", "write fairlead.yaml"),
        ("fairlead ship", "validate, build, scan, publish, deploy"),
        ("fairlead plan -e production", "what a deploy would change"),
        ("fairlead rollback -e production", "back to the release before"),
        ("fairlead --json status", "one JSON document on stdout"),
    ),
)
@click.option(
    "-C",
    "--directory",
    type=click.Path(exists=True, file_okay=False),
    is_eager=True,
    expose_value=False,
    envvar="FAIRLEAD_DIRECTORY",
    callback=change_directory,
    help="Work in this folder.",
)
@version_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """Guide a commit to production: built, scanned, published, and switched to without losing a request."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


output_options(command)
