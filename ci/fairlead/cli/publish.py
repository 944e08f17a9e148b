"""``fairlead publish``: the images that passed the scan."""

from __future__ import annotations

import click

from fairlead.cli.options.shared import examples, work_dir_option


@click.command(
    epilog=examples(
        ("fairlead publish", "push what was built and passed the scan"),
        ("fairlead publish --image-tag pr-12-4f2a9c1", "under one more tag"),
        ("fairlead publish --force-tag main", "after the branch was rewritten"),
    )
)
@work_dir_option
@click.option(
    "--registry",
    metavar="NAME",
    envvar="FAIRLEAD_REGISTRY",
    show_envvar=True,
    help="Where to, such as ghcr.io/acme/board.",
)
@click.option(
    "--image-tag",
    "image_tags",
    metavar="TAG",
    multiple=True,
    envvar="FAIRLEAD_IMAGE_TAG",
    show_envvar=True,
    help="One more tag, which moves forward only. May be repeated.",
)
@click.option(
    "--force-tag",
    "force_tags",
    metavar="TAG",
    multiple=True,
    help="Move this tag wherever it points now; never that of a commit. May be repeated.",
)
def command(
    work_dir: str, registry: str | None, image_tags: tuple[str, ...], force_tags: tuple[str, ...]
) -> None:
    """Push every image that has a passing verdict, as `sha-<commit>` and under its moving tags.

    In a run for a pull request it is `pr-<number>-<commit>`: what is not merged takes no commit's name.
    Neither of the two ever moves. Branch and version tags move forward in the order of commits only.
    What is in the registry already is not touched: a second run changes nothing.

    The login comes from FAIRLEAD_REGISTRY_USERNAME and FAIRLEAD_REGISTRY_PASSWORD, or from `docker login`.
    """
    import os
    from pathlib import Path

    from fairlead import report
    from fairlead.github.trust import read_trust
    from fairlead.image.documents import load_build, load_scan
    from fairlead.image.publish import PublishOptions, run_publish
    from fairlead.image.workdir import claim_work_dir
    from fairlead.settings.load import load_settings

    environ = {**os.environ, **({"FAIRLEAD_REGISTRY": registry} if registry else {})}
    settings = load_settings(Path.cwd(), environ)
    folder = claim_work_dir(settings.root, work_dir)
    reporter = report.current()
    document = run_publish(
        settings,
        load_build(folder),
        load_scan(folder),
        work_dir=folder,
        environ=environ,
        options=PublishOptions(
            image_tags=image_tags,
            force_tags=force_tags,
            pull_request=read_trust(environ, "").pull_request,
        ),
        reporter=reporter,
    )
    rows = [
        [f"{image.repository}@{image.digest}", ", ".join(image.tags)] for image in document.images.values()
    ]
    reporter.table(["image", "tags"], rows)
    reporter.result(document.to_json(), f"published {document.revision[:12]}")
