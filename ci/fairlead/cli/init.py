"""``fairlead init``: the first fairlead.yaml, and with ``--github`` all else that a push needs to go live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.options.shared import environment_option, examples

if TYPE_CHECKING:
    from pathlib import Path

    from fairlead.report import Reporter
    from fairlead.settings.values import Environment, Settings
    from fairlead.starter.draft import Draft
    from fairlead.starter.github import Door
    from fairlead.starter.uses import Uses


@click.command(
    epilog=examples(
        ("fairlead init", "write fairlead.yaml for the repository in this folder"),
        ("fairlead init --dry-run", "only show what would be written"),
        ("fairlead init --force", "replace the one that is there"),
        ("fairlead init --host deploy@app.example.com", "the server is known already"),
        ("fairlead init --github", "all that a push needs to go live: workflows, baseline, host keys"),
    )
)
@click.option("--force", is_flag=True, help="Replace a fairlead.yaml that is there.")
@click.option("--dry-run", is_flag=True, help="Show what would be written and write nothing.")
@click.option("--host", metavar="USER@HOST", default="", help="The server. [default: a name to be changed]")
@click.option(
    "--url", metavar="URL", default="", help="The address that people open. [default: that of the host]"
)
@click.option(
    "--github",
    is_flag=True,
    help="Also write workflows, baseline and host keys where they are not there yet, and say what is left to do.",
)
@click.option(
    "--uses",
    metavar="OWNER/REPO@COMMIT",
    default="",
    help="With --github: the Fairlead whose workflows are called. [default: this one, by its commit]",
)
@environment_option
def command(
    force: bool, dry_run: bool, host: str, url: str, github: bool, uses: str, environment: str | None
) -> None:
    """Write a fairlead.yaml by looking at this repository.

    It reads the compose file, what that builds, and the git remote, and says what it inferred from what.
    With --github a fairlead.yaml that is there is used as it is; no file is overwritten, and a second run changes nothing.
    """
    import os
    from pathlib import Path

    from fairlead import report
    from fairlead.errors import InputError
    from fairlead.settings.values import FILE_NAME
    from fairlead.starter.uses import parse_uses, read_uses

    reporter = report.current()
    path = Path.cwd() / FILE_NAME
    is_there = os.path.lexists(path)
    if is_there and not (force or dry_run or github):
        raise InputError(
            f"{FILE_NAME} is there already",
            fix="`fairlead init --dry-run` shows what would be written, `--force` replaces it",
        )
    if not github:
        draft = _draft(path, host, url, write=not dry_run)
        done = f"{FILE_NAME} is written; look at its hosts and url, then `fairlead validate`"
        reporter.result(_document(draft, written=not dry_run), draft.text.rstrip("\n") if dry_run else done)
        return
    called = parse_uses(uses) if uses else read_uses()
    _open_door(path, is_there and not force, (host, url), environment, called, dry_run)


def _draft(path: Path, host: str, url: str, *, write: bool) -> Draft:
    """Plan the file, say what was inferred, and write it."""
    import os

    from fairlead import files, report
    from fairlead.settings.load import load_settings
    from fairlead.starter.beside import find_others
    from fairlead.starter.draft import check_place, plan_draft
    from fairlead.starter.look import read_sight

    check_place(host, url)
    draft = plan_draft(read_sight(path.parent, os.environ), host, url, find_others(path.parent))
    for line in draft.inferred:
        report.current().line(line)
    if write:
        files.write(path, draft.text)
        load_settings(path, os.environ)
    return draft


def _document(draft: Draft | None, *, written: bool) -> dict[str, Any]:
    from fairlead.settings.values import FILE_NAME

    return {
        "schema": "fairlead.init/v1",
        "path": FILE_NAME,
        "written": written,
        "inferred": list(draft.inferred) if draft else [],
        "text": draft.text if draft else "",
    }


def _open_door(
    path: Path, keep: bool, named: tuple[str, str], environment: str | None, uses: Uses, dry_run: bool
) -> None:
    """Fairlead.yaml if it is not there, and all that goes with it."""
    import os

    from fairlead import report
    from fairlead.settings.load import load_settings
    from fairlead.starter.github import find_top, open_door

    reporter = report.current()
    find_top(path.parent)
    draft = None if keep else _draft(path, *named, write=not dry_run)
    if draft is not None and dry_run:
        done = (
            f"{draft.text}\n# The rest depends on what is in it: write it by `fairlead init`, then ask again."
        )
        reporter.result(_document(draft, written=False), done)
        return
    settings = load_settings(path, os.environ)
    chosen = _choose(settings, environment)
    if draft is None and named[0] and named[0] not in map(str, chosen.hosts):
        reporter.warn(
            f"{path.name} is there, and left as it is: {chosen.name} is {', '.join(map(str, chosen.hosts))}"
        )
    door = open_door(settings, chosen, uses, os.environ, dry=dry_run)
    _tell_door(reporter, door, dry_run=dry_run)
    document = _document(draft, written=draft is not None)
    reporter.result({**document, "github": door.document}, "\n".join(door.lines))


def _choose(settings: Settings, name: str | None) -> Environment:
    """The environment that a push goes to: the one that is named, the only one, or production."""
    known = "production" in settings.environments
    return settings.environment(name or ("production" if known else None))


def _tell_door(reporter: Reporter, door: Door, *, dry_run: bool) -> None:
    """What became of each file, what the baseline holds, and what no baseline takes."""
    from fairlead.starter.accept import describe_first, describe_known
    from fairlead.starter.github import DIFFERS

    for put in door.puts:
        if put.state == DIFFERS:
            reporter.warn(f"{put.path} is there and left as it is: {put.differs}")
        else:
            reporter.line(f"{put.path}: {put.told}")
        if dry_run and put.text:
            reporter.line(put.text)
    for key in door.host_keys.keys:
        reporter.line(f"host key: {key.line.split()[0]} {key.fingerprint}")
    known, first = door.accepted.known, door.accepted.first
    if known and door.takes:
        reporter.line(f"the baseline takes what is there today, {len(known)} findings; a new one fails:")
        for line in describe_known(known):
            reporter.line(f"  {line}")
    if first:
        reporter.line(
            f"no baseline takes what does not run, or gives away the host: {len(first)} to mend first"
        )
        for line in describe_first(first):
            reporter.line(f"  {line}")
