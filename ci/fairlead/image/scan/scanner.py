"""Scan every platform of every built image once, and give the verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fairlead import files
from fairlead.errors import CommandFailedError
from fairlead.image.documents import (
    SCAN_NAME,
    BuildDocument,
    ScanDocument,
    ScannedImage,
    ScannedPlatform,
    write_document,
)
from fairlead.image.oci.layout import Layout, read_layout, read_manifest, write_view
from fairlead.image.registry.credentials import docker_config, read_credentials, registry_host
from fairlead.image.scan.findings import keep_vulnerabilities, parse_report
from fairlead.image.scan.trivy import (
    Trivy,
    convert_argv,
    database_folder,
    download_database,
    last_error,
    parse_repository,
    read_database,
    run_scan,
)
from fairlead.image.scan.verdict import (
    Database,
    PlatformScan,
    Verdict,
    coverage_of,
    decide,
    policy_hash,
    refused_vulnerabilities,
    unused_ignores,
)
from fairlead.parallel import each
from fairlead.report import Reporter
from fairlead.settings.images import ScanSettings
from fairlead.settings.values import Settings
from fairlead.tools.locate import locate_tool


@dataclass(frozen=True)
class _Task:
    """One platform of one image: what to scan and where its reports go."""

    image: str
    layout: Layout
    platform: str
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.image}-{self.platform.replace('/', '-')}"

    @property
    def report(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def sarif(self) -> Path:
        return self.folder / f"{self.name}.sarif"

    @property
    def sbom(self) -> Path:
        return self.folder / f"{self.name}.cdx.json"

    @property
    def config(self) -> str:
        """Digest of the image's configuration: the id by which a scanner calls it."""
        return read_manifest(self.layout, self.layout.platforms[self.platform]).config.digest


def run_scan_verb(
    settings: Settings,
    build: BuildDocument,
    *,
    work_dir: Path,
    environ: Mapping[str, str],
    reporter: Reporter,
    offline: bool = False,
) -> ScanDocument:
    """Scan what was built, and write ``scan.json`` and the reports. A failing verdict raises nothing.

    Args:
        settings: whose policy and platforms count.
        build: what was built.
        work_dir: where its layouts are.
        environ: variables; ``TRIVY_CACHE_DIR``, ``TRIVY_DB_REPOSITORY`` and the registry's login count.
        reporter: is told what happens.
        offline: take the database as it is.

    Raises:
        ToolMissingError: Trivy is missing, too old or refused.
        CommandFailedError: a layout is broken.
    """
    tasks = _tasks(build, work_dir)
    with _trivy(settings, environ) as trivy:
        database = _database(trivy, environ, reporter, offline=offline)
        with reporter.step(f"scan {len(tasks)} images"):
            scans = [_scan(trivy, task, reporter) for task in tasks]
        now = time.time()
        verdicts = _verdicts(settings, build, tasks, scans, database=database, now=now)
        with reporter.step("write SARIF and SBOM"):
            platforms = _write_reports(trivy, settings.scan, tasks, scans, database=database, now=now)
    document = _document(
        settings, build, verdicts, platforms, database=database, version=trivy.version, now=now
    )
    write_document(work_dir / SCAN_NAME, document)
    return document


def _tasks(build: BuildDocument, work_dir: Path) -> tuple[_Task, ...]:
    folder = (work_dir / "scan").absolute()
    files.renew_folder(folder)
    tasks = []
    for name, image in build.images.items():
        layout = read_layout(work_dir / image.layout)
        if layout.digest != image.digest:
            raise CommandFailedError(
                f"the layout of the image {name} is not the one that was built",
                why=f"build.json says {image.digest}, the layout is {layout.digest}",
                fix="run `fairlead build` again",
            )
        tasks += [_Task(name, layout, platform, folder) for platform in layout.platforms]
    return tuple(tasks)


@contextmanager
def _trivy(settings: Settings, environ: Mapping[str, str]) -> Iterator[Trivy]:
    repository = environ.get("TRIVY_DB_REPOSITORY", "")
    host = registry_host(repository.partition(",")[0]) if repository else ""
    # The login is that of the app's registry: it goes to no other.
    is_own = bool(host) and host == registry_host(settings.registry)
    credentials = read_credentials(host, environ) if is_own else None
    with (
        files.temporary_folder("fairlead-scan-") as empty,
        docker_config(credentials, environ) as login,
    ):
        found = locate_tool("trivy")
        yield Trivy(found.path, found.version, database_folder(environ), empty, login)


def _database(trivy: Trivy, environ: Mapping[str, str], reporter: Reporter, *, offline: bool) -> Database:
    problem = ""
    if not offline:
        with reporter.step("fetch the vulnerability database"):
            problem = download_database(trivy)
    if problem:
        reporter.warn(f"the vulnerability database could not be fetched anew: {problem}")
    return read_database(trivy.cache, problem, environ.get("TRIVY_DB_REPOSITORY", ""))


def _scan(trivy: Trivy, task: _Task, reporter: Reporter) -> PlatformScan:
    reporter.progress(f"{task.image} {task.platform}")
    config = task.config
    view = trivy.empty / task.name
    write_view(task.layout, task.platform, view)
    done = run_scan(trivy, view, task.report)
    if not done.ok:
        return PlatformScan(platform=task.platform, config=config, report=None, error=last_error(done.stderr))
    try:
        report = parse_report(files.read(task.report).decode())
    except (OSError, ValueError) as error:
        return PlatformScan(
            platform=task.platform, config=config, report=None, error=str(error), is_broken=True
        )
    repository = parse_repository(done.stderr)
    return PlatformScan(platform=task.platform, config=config, report=report, repository=repository)


def _verdicts(
    settings: Settings,
    build: BuildDocument,
    tasks: tuple[_Task, ...],
    scans: list[PlatformScan],
    *,
    database: Database,
    now: float,
) -> dict[str, Verdict]:
    return {
        name: decide(
            settings.scan,
            name,
            tuple(scan for task, scan in zip(tasks, scans, strict=True) if task.image == name),
            platforms=settings.platforms or tuple(image.platforms),
            database=database,
            now=now,
        )
        for name, image in build.images.items()
    }


def _write_reports(
    trivy: Trivy,
    policy: ScanSettings,
    tasks: tuple[_Task, ...],
    scans: list[PlatformScan],
    *,
    database: Database,
    now: float,
) -> dict[tuple[str, str], ScannedPlatform]:
    """By image and platform, what was found; side by side, as each form is a run of Trivy."""
    done = each(
        lambda pair: _reports(trivy, policy, *pair, database=database, now=now),
        zip(tasks, scans, strict=True),
        at_once=_workers(),
        fail_fast=True,
    )
    return dict(zip([(task.image, task.platform) for task in tasks], done, strict=True))


def _reports(
    trivy: Trivy, policy: ScanSettings, task: _Task, scan: PlatformScan, *, database: Database, now: float
) -> ScannedPlatform:
    """The forms that are made of the JSON report; empty names where there is none."""
    if scan.report is None:
        return ScannedPlatform(counts={}, report="", sarif="", sbom="")
    refused = refused_vulnerabilities(policy, task.image, scan.report, now)
    failing = trivy.empty / f"{task.name}.failing.json"
    text = files.read(task.report).decode()
    files.write(failing, keep_vulnerabilities(text, refused))
    made = {}
    for form, source, output in (("sarif", failing, task.sarif), ("cyclonedx", task.report, task.sbom)):
        done = trivy.run(*convert_argv(source, form, output))
        made[form] = f"scan/{output.name}" if done.ok else ""
    return ScannedPlatform(
        counts=scan.report.counts,
        report=f"scan/{task.report.name}",
        sarif=made["sarif"],
        sbom=made["cyclonedx"],
        matched=coverage_of(policy, task.image, scan, database).matched,
    )


def _document(
    settings: Settings,
    build: BuildDocument,
    verdicts: Mapping[str, Verdict],
    platforms: Mapping[tuple[str, str], ScannedPlatform],
    *,
    database: Database,
    version: str,
    now: float,
) -> ScanDocument:
    used = frozenset(entry for verdict in verdicts.values() for entry in verdict.used)
    return ScanDocument(
        policy=policy_hash(settings.scan),
        scanned_at=_iso(now),
        scanner="trivy",
        scanner_version=version,
        database_updated_at=None if database.updated_at is None else _iso(database.updated_at),
        database_source=database.source,
        warnings=(
            *(warning for verdict in verdicts.values() for warning in verdict.warnings),
            *unused_ignores(settings.scan, used),
        ),
        images={
            name: ScannedImage(
                digest=image.digest,
                reasons=verdicts[name].reasons,
                platforms={
                    platform: scanned for (owner, platform), scanned in platforms.items() if owner == name
                },
            )
            for name, image in build.images.items()
        },
    )


def _workers() -> int:
    return max(1, os.cpu_count() or 1)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
