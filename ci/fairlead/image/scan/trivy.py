"""Trivy: its command lines, its database, its runs.

What the user's environment or folder would change in silence (``TRIVY_SEVERITY``, ``.trivyignore``) is kept
away from it: the report must hold everything, and the policy alone decides.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fairlead import files, process
from fairlead.image.registry.credentials import login_variables
from fairlead.image.scan.bolt import read_bucket_names
from fairlead.image.scan.verdict import Database
from fairlead.tools.cache import own_cache

# How to reach the database, and nothing that changes what is found.
_PASSED_ON = (
    "TRIVY_DB_REPOSITORY",
    "TRIVY_JAVA_DB_REPOSITORY",
    "TRIVY_INSECURE",
    "TRIVY_USERNAME",
    "TRIVY_PASSWORD",
    "TRIVY_REGISTRY_TOKEN",
    "TRIVY_CACERT",
)
_DOWNLOADS = frozenset({"--download-db-only", "--download-java-db-only"})
_QUIET = ("--no-progress", "--skip-version-check", "--disable-telemetry")
_OFFLINE = (
    "--skip-db-update",
    "--skip-java-db-update",
    "--skip-check-update",
    "--skip-vex-repo-update",
    "--offline-scan",
)
_LOCKED = "cache may be in use by another process"
_REPOSITORY = re.compile(r'\[alpine\] Detecting vulnerabilities\.\.\..*\brepository="(?P<release>[^"]*)"')
_FATAL = re.compile(r"\b(?:FATAL|ERROR)\b\s*(?:Fatal error\s*)?(?P<text>.*)\Z")


@dataclass(frozen=True)
class Trivy:
    """A Trivy to run: the program, its cache, and a folder without a ``.trivyignore`` or ``trivy.yaml``."""

    program: Path
    version: str
    cache: Path
    empty: Path
    login: Mapping[str, str]

    def run(self, *arguments: str) -> process.Completed:
        """Run it; how it ended is for the caller to judge. A login it gets to download, not to look at images."""
        argv = (str(self.program), *arguments, "--cache-dir", str(self.cache))
        if _DOWNLOADS.isdisjoint(arguments):
            return process.run(argv, cwd=self.empty, check=False)
        also = (*_PASSED_ON, *login_variables(os.environ))
        return process.run(argv, env=self.login, also=also, cwd=self.empty, check=False)


def database_folder(environ: Mapping[str, str]) -> Path:
    """Where Trivy keeps its database."""
    chosen = environ.get("TRIVY_CACHE_DIR")
    if chosen:
        return own_cache(Path(chosen).absolute())
    base = environ.get("XDG_CACHE_HOME")
    return own_cache((Path(base) if base else Path.home() / ".cache") / "trivy")


def download_argv() -> tuple[str, ...]:
    """Fetch the database if there is a newer one."""
    return ("image", "--download-db-only", *_QUIET)


def download_java_argv() -> tuple[str, ...]:
    """Fetch the index of Java archives, which only images with such archives need."""
    return ("image", "--download-java-db-only", *_QUIET)


def scan_argv(layout: Path, report: Path, *, in_memory: bool = False) -> tuple[str, ...]:
    """Scan the first image of a layout, all severities, without the network.

    Args:
        layout: the layout.
        report: where the JSON goes.
        in_memory: do without Trivy's cache of analysed layers.
    """
    return (
        "image",
        *("--input", str(layout)),
        *("--format", "json"),
        *("--output", str(report)),
        *("--scanners", "vuln"),
        *("--pkg-types", "os,library"),
        *(("--cache-backend", "memory") if in_memory else ()),
        "--list-all-pkgs",
        *_OFFLINE,
        *_QUIET,
    )


def convert_argv(report: Path, form: str, output: Path) -> tuple[str, ...]:
    """Make another form of a JSON report: ``sarif``, ``cyclonedx``."""
    return ("convert", "--format", form, "--output", str(output), str(report))


def download_database(trivy: Trivy) -> str:
    """Fetch the database if there is a newer one. Returns why that failed; empty if it did not."""
    done = trivy.run(*download_argv())
    return "" if done.ok else last_error(done.stderr)


def read_database(cache: Path, problem: str, source: str) -> Database:
    """What database there is. ``problem``: why a newer one could not be fetched."""
    try:
        metadata = json.loads((cache / "db" / "metadata.json").read_text(encoding="utf-8"))
        updated_at = datetime.fromisoformat(metadata["UpdatedAt"]).timestamp()
    except FileNotFoundError:
        return Database(updated_at=None, buckets=None, problem=problem, source=source)
    except (ValueError, KeyError, TypeError) as error:
        why = f"its metadata.json is broken: {error}"
        return Database(updated_at=None, buckets=None, problem=why, source=source)
    try:
        buckets = read_bucket_names(cache / "db" / "trivy.db")
    except (ValueError, OSError) as error:
        return Database(updated_at=updated_at, buckets=None, problem=str(error), source=source)
    return Database(updated_at=updated_at, buckets=buckets, problem=problem, source=source)


def run_scan(trivy: Trivy, layout: Path, report: Path) -> process.Completed:
    """Scan; fetch the Java index first where the image turns out to need it.

    Trivy keeps what it found in a layer (a rescan after a change of the source takes a fifth of the time),
    in a file that one Trivy at a time may open: where another holds it, this scan does without.
    """
    files.remove(report)
    done = trivy.run(*scan_argv(layout, report))
    is_locked = not done.ok and _LOCKED in done.stderr
    if is_locked:
        done = trivy.run(*scan_argv(layout, report, in_memory=True))
    if not done.ok and "Java DB" in done.stderr:
        fetched = trivy.run(*download_java_argv())
        done = trivy.run(*scan_argv(layout, report, in_memory=is_locked)) if fetched.ok else fetched
    return done


def parse_repository(stderr: str) -> str:
    """The release by which Trivy looked up the packages of Alpine, where that is not the system's; no report has it."""
    found = _REPOSITORY.search(stderr)
    return found["release"] if found else ""


def last_error(stderr: str) -> str:
    """Trivy's own last word, without its time stamp; it may go on over several lines."""
    lines = stderr.strip().splitlines()
    last = max((number for number, line in enumerate(lines) if _FATAL.search(line)), default=len(lines) - 1)
    if last < 0:
        return "it printed nothing"
    said = " ".join(" ".join(lines[last:]).split())
    found = _FATAL.search(said)
    return (found["text"] if found else said).removeprefix("run error: ")
