"""``fairlead init``: the first fairlead.yaml."""

from __future__ import annotations

import click

from fairlead.cli.options.shared import examples


@click.command(
    epilog=examples(
        ("fairlead init", "write fairlead.yaml for the repository in this folder"),
        ("fairlead init --dry-run", "only show what would be written"),
        ("fairlead init --force", "replace the one that is there"),
    )
)
@click.option("--force", is_flag=True, help="Replace a fairlead.yaml that is there.")
@click.option("--dry-run", is_flag=True, help="Show the file and write nothing.")
def command(force: bool, dry_run: bool) -> None:
    """Write a fairlead.yaml by looking at this repository.

    It reads the compose file, what that builds, and the git remote, and says what it inferred from what.
    """
    import os
    from pathlib import Path

    from fairlead import files, report
    from fairlead.errors import InputError
    from fairlead.settings.load import load_settings
    from fairlead.settings.values import FILE_NAME
    from fairlead.starter.draft import plan_draft
    from fairlead.starter.look import read_sight

    reporter = report.current()
    path = Path.cwd() / FILE_NAME
    if os.path.lexists(path) and not (force or dry_run):
        raise InputError(
            f"{FILE_NAME} is there already",
            fix="`fairlead init --dry-run` shows what would be written, `--force` replaces it",
        )
    draft = plan_draft(read_sight(Path.cwd(), os.environ))
    for line in draft.inferred:
        reporter.line(line)
    if not dry_run:
        files.write(path, draft.text)
        load_settings(path, os.environ)
    document = {
        "schema": "fairlead.init/v1",
        "path": FILE_NAME,
        "written": not dry_run,
        "inferred": list(draft.inferred),
        "text": draft.text,
    }
    done = f"{FILE_NAME} is written; look at its hosts and url, then `fairlead validate`"
    reporter.result(document, draft.text.rstrip("\n") if dry_run else done)
