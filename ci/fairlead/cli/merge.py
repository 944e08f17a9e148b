"""``fairlead merge``: the images that several machines have built, as one."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead.cli.options.shared import examples, work_dir_option


@click.command(
    epilog=examples(
        ("fairlead merge built", "what lies below it, of a build a platform"),
        ("fairlead merge from-amd64 from-arm64", "the work directories of two machines"),
    )
)
@click.argument(
    "folders",
    metavar="FOLDER...",
    nargs=-1,
    required=True,
    envvar="FAIRLEAD_FROM",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@work_dir_option
def command(folders: tuple[Path, ...], work_dir: str) -> None:
    """Join what several machines have built of this commit, each with `fairlead build --platform`.

    Each FOLDER is the work directory of such a build, or holds some. The index of each image is the one that a
    single build for all platforms would have written, to the byte; only what a builder says of itself in its
    attestations is its own. Every blob is proved by its digest, and FAIRLEAD_BUILT may hold what the jobs have told
    of theirs. `fairlead scan` and `publish` go on from here.
    """
    import os

    from fairlead import report
    from fairlead.identity import read_identity
    from fairlead.image.merge import BUILT_VARIABLE, run_merge
    from fairlead.image.workdir import claim_work_dir
    from fairlead.settings.load import load_settings

    settings = load_settings(Path.cwd(), os.environ)
    reporter = report.current()
    document = run_merge(
        settings,
        read_identity(settings.root, os.environ).revision,
        [folder.absolute() for folder in folders],
        told=os.environ.get(BUILT_VARIABLE, ""),
        work_dir=claim_work_dir(settings.root, work_dir),
        reporter=reporter,
    )
    rows = [[name, ", ".join(image.platforms), image.digest] for name, image in document.images.items()]
    reporter.table(["image", "platforms", "digest"], rows)
    reporter.result(document.to_json(), f"joined {document.revision[:12]}")
