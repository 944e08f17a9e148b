"""``fairlead scan``: every platform of every built image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead.cli.options.shared import examples, work_dir_option

if TYPE_CHECKING:
    from fairlead.image.documents import ScanDocument
    from fairlead.report import Reporter


@click.command(
    epilog=examples(
        ("fairlead scan", "scan what was built, exit 10 if an image is refused"),
        ("fairlead scan --offline", "with the vulnerability database that is there"),
        ("fairlead --json scan", "reasons, counts and the paths of SARIF and SBOM"),
    )
)
@work_dir_option
@click.option(
    "--offline",
    is_flag=True,
    envvar="FAIRLEAD_OFFLINE",
    show_envvar=True,
    help="Do not fetch a newer vulnerability database.",
)
def command(work_dir: str, offline: bool) -> None:
    """Scan every platform of every built image, and give a verdict.

    The policy is `scan:` in fairlead.yaml. Reports lie below the work directory: the scanner's JSON, what
    fails the policy as SARIF, the packages as CycloneDX. A scan that saw nothing is no scan: it fails.
    """
    import os
    from pathlib import Path

    from fairlead import report
    from fairlead.image.documents import load_build
    from fairlead.image.scan.refusal import refusal
    from fairlead.image.scan.scanner import run_scan_verb
    from fairlead.image.workdir import claim_work_dir
    from fairlead.settings.load import load_settings

    settings = load_settings(Path.cwd(), os.environ)
    folder = claim_work_dir(settings.root, work_dir)
    reporter = report.current()
    document = run_scan_verb(
        settings,
        load_build(folder),
        work_dir=folder,
        environ=os.environ,
        reporter=reporter,
        offline=offline,
    )
    show(document, reporter)
    refused = refusal(document)
    text = "every image passes" if refused is None else refused.what
    reporter.result(document.to_json(), text)
    if refused is not None:
        raise refused


def show(document: ScanDocument, reporter: Reporter) -> None:
    """The counts of each platform, what it was matched against, and what to keep an eye on."""
    for warning in document.warnings:
        reporter.warn(warning)
    severities = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")
    rows = [
        [
            name,
            platform,
            image.verdict,
            *(str(scanned.counts.get(severity, "-")) for severity in severities),
            ", ".join(scanned.matched) or "nothing",
        ]
        for name, image in document.images.items()
        for platform, scanned in image.platforms.items()
    ]
    heading = ["image", "platform", "verdict", *(severity.lower() for severity in severities), "matched"]
    reporter.table(heading, rows)
