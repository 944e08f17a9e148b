"""``fairlead build``: every image for every platform."""

from __future__ import annotations

import click

from fairlead.cli.options.shared import examples, work_dir_option


@click.command(
    epilog=examples(
        ("fairlead build", "every image of fairlead.yaml, every platform"),
        ("fairlead build --platform linux/arm64", "this one, and the others on other machines"),
        ("fairlead build --dry-run", "print the bake definition, build nothing"),
        ("fairlead build --no-cache --reproducible", "prove that the commit gives the same digests"),
    )
)
@work_dir_option
@click.option(
    "--registry",
    metavar="NAME",
    envvar="FAIRLEAD_REGISTRY",
    show_envvar=True,
    help="Where the images will be published, such as ghcr.io/acme/board.",
)
@click.option(
    "--platform",
    "platforms",
    metavar="NAME",
    multiple=True,
    envvar="FAIRLEAD_PLATFORM",
    show_envvar=True,
    help="Build for this one of the platforms only; `fairlead merge` joins them. May be repeated.",
)
@click.option("--no-cache", is_flag=True, help="Run every step again.")
@click.option("--pull", is_flag=True, help="Look for newer base images.")
@click.option(
    "--sbom",
    is_flag=True,
    envvar="FAIRLEAD_SBOM",
    show_envvar=True,
    help="Attach an SBOM; the builder pulls BuildKit's scanner image for it.",
)
@click.option(
    "--reproducible",
    is_flag=True,
    envvar="FAIRLEAD_REPRODUCIBLE",
    show_envvar=True,
    help="Give all files one date, so that no Dockerfile makes two builds differ.",
)
@click.option("--dry-run", is_flag=True, help="Print the bake definition and build nothing.")
def command(
    work_dir: str,
    registry: str | None,
    platforms: tuple[str, ...],
    no_cache: bool,
    pull: bool,
    sbom: bool,
    reproducible: bool,
    dry_run: bool,
) -> None:
    """Build every image for every platform, with one bake.

    Each image becomes an OCI layout below the work directory, with labels of the commit and a provenance
    attestation. Nothing is pullable before `fairlead publish`. What is published for the commit already is
    fetched, not built once more, unless --no-cache or --pull asks for that.
    """
    import json
    import os
    from pathlib import Path

    from fairlead import report
    from fairlead.github.trust import read_trust
    from fairlead.identity import read_identity
    from fairlead.image.build.bake import BuildOptions
    from fairlead.image.build.builder import load_plan, load_sources, run_build
    from fairlead.image.build.platforms import choose_platforms
    from fairlead.image.workdir import claim_work_dir
    from fairlead.rollout.gate import pass_gate
    from fairlead.settings.load import load_settings

    environ = {**os.environ, **({"FAIRLEAD_REGISTRY": registry} if registry else {})}
    settings = choose_platforms(load_settings(Path.cwd(), environ), platforms)
    folder = claim_work_dir(settings.root, work_dir)
    reporter = report.current()
    identity = read_identity(settings.root, environ)
    if settings.compose:
        # Images may be built of a repository that has no compose file yet; one that has is judged first.
        settings = pass_gate(settings, (), reporter, identity.revision).with_builds(identity.revision)
    trust = read_trust(environ, identity.revision)
    options = BuildOptions(no_cache=no_cache, pull=pull, sbom=sbom, reproducible=reproducible, trust=trust)
    if dry_run:
        plan = load_plan(
            settings,
            identity,
            load_sources(settings, environ),
            work_dir=folder,
            environ=environ,
            options=options,
        )
        reporter.result(plan.definition, json.dumps(plan.definition, indent=2))
        return
    document = run_build(
        settings, identity, work_dir=folder, environ=environ, options=options, reporter=reporter
    )
    rows = [[name, ", ".join(image.platforms), image.digest] for name, image in document.images.items()]
    reporter.table(["image", "platforms", "digest"], rows)
    state = "with files that differ from it" if document.dirty else "clean"
    reporter.result(document.to_json(), f"built {document.revision[:12]} ({state})")
