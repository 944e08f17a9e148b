"""The pages that steps of a job get (``$GITHUB_STEP_SUMMARY``), one for each way in which a run can end.

``python -m tests.pages`` writes them anew; a test compares them byte by byte, and how each looks is seen in a diff.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fairlead.cli.scan import show as show_scan
from fairlead.errors import CommandFailedError, ComposeInvalidError, FairleadError
from fairlead.findings import Finding, Location
from fairlead.github.reporter import ActionsReporter
from fairlead.github.summary import append_summary
from fairlead.host.wire.result import ErrorReport, PhaseTime, Result
from fairlead.image.documents import (
    PublishDocument,
    PublishedImage,
    Reason,
    ScanDocument,
    ScannedImage,
    ScannedPlatform,
)
from fairlead.image.scan.refusal import refusal
from fairlead.judge.verdict import Layer, Verdict
from fairlead.remote.outcome import RolloutEnd, join_results, unknown_result
from fairlead.report.sink import Sink
from fairlead.rollout.finish import finish_rollout
from fairlead.verdict import render

FOLDER = Path(__file__).parent / "unit" / "github" / "pages"
OLD, NEW = "1" * 40, "2" * 40
DIGESTS = {name: f"sha256:{name}" for name in ("a" * 64, "b" * 64, "c" * 64)}
PHASES = (
    *(("prepare", 0.4), ("pull", 3.1), ("platform", 0.0), ("migrate", 1.2), ("start", 2.0), ("verify", 4.5)),
    *(("switch", 0.1), ("watch", 10.0), ("commit", 0.1)),
)

Page = Callable[[ActionsReporter], int | str]
"""How a command ends: by its exit code, or, of one that makes its page itself, by that."""


def write_page(page: Page, folder: Path) -> str:
    """The page as it lies in the file when the step has ended."""
    file = folder / "summary.md"
    reporter = ActionsReporter(Sink(io.StringIO()), {"GITHUB_STEP_SUMMARY": str(file)})
    try:
        code = page(reporter)
    except FairleadError as error:
        reporter.error(error)
        code = int(error.exit_code)
    if isinstance(code, str):
        append_summary(file, code)
    else:
        reporter.end(code)
    return file.read_text(encoding="utf-8")


def result(status: str, code: int = 0, until: str = "", **more: Any) -> Result:
    """The last event of a server; ``until``: the phase that failed."""
    names = [name for name, _ in PHASES]
    shown = PHASES[: names.index(until) + 1] if until else PHASES
    phases = tuple(
        PhaseTime(name, "failed" if name == until else "done" if seconds else "skipped", seconds)
        for name, seconds in shown
    )
    return replace(Result(status, code, "000014", "000014", "000013", phases), **more)


UNHEALTHY = ErrorReport(
    "web is unhealthy",
    why="its health check failed 3 times in a row: HTTP 503",
    fix="see what it says; then push again",
    details=("web-000014-web-1 | connecting to db:5432", "web-000014-web-1 | FATAL: no such role *web*"),
    service="web",
)


def end(reporter: ActionsReporter, hosts: Sequence[str], ended: Result | RolloutEnd, **changes: Any) -> int:
    """As `deploy` ends. Without a result of each server, all have the same one."""
    place: Any = SimpleNamespace(
        host=", ".join(hosts),
        hosts=hosts,
        app="board",
        environment=SimpleNamespace(name="production", url="https://board.example.com"),
    )
    if isinstance(ended, Result):
        ended = join_results(dict.fromkeys(hosts, ended), hosts[0] if ended.exit else None)
    with tempfile.TemporaryDirectory() as folder:
        lines: Any = SimpleNamespace(connections=1, agent_bytes=0)
        finish_rollout(place, replace(ended, changes=changes or None), reporter, Path(folder), lines)
    return 0


def commits(*subjects: str) -> list[dict[str, str]]:
    return [{"revision": f"{number:x}" * 40, "subject": text} for number, text in enumerate(subjects, 10)]


def image(name: str, before: str | None, **more: Any) -> dict[str, Any]:
    digest = f"sha256:{'b' * 64}"
    links = {"built": digest, "scanned": digest, "published": digest}
    sizes = {"linux/amd64": 34_100_000, "linux/arm64": 33_000_000}
    return {"image": name, "digest": digest, "before": before, "sizes": sizes, **links, **more}


def flaw(number: int, severity: str, package: str, version: str, fixed: str, *on: str) -> dict[str, Any]:
    texts = {"id": f"CVE-2026-{number}", "severity": severity, "package": package}
    return {**texts, "version": version, "fixed": fixed, "platforms": list(on)}


def flaws(*found: dict[str, Any], more: int = 0) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one["severity"]] = counts.get(one["severity"], 0) + 1
    return {"count": len(found) + more, "severities": counts, "listed": list(found)}


CONTENTS: dict[str, Any] = {
    "unknown": "",
    "platforms": ["linux/amd64", "linux/arm64"],
    "sizes": {"linux/amd64": 34_300_000, "linux/arm64": 33_000_000},
    "packages": {
        "count": 45,
        "listed": [
            {"package": "openssl", "before": ["3.5.1-1"], "after": ["3.5.4-1"], "platforms": []},
            {
                "package": "*lodash*",
                "before": ["4.17.20", "4.17.21"],
                "after": [],
                "platforms": ["linux/arm64"],
            },
            {"package": "starlette", "before": [], "after": ["0.49.1"], "platforms": []},
        ],
    },
    "new": flaws(flaw(31, "MEDIUM", "starlette", "0.49.1", "")),
    "fixed": flaws(
        flaw(1, "CRITICAL", "openssl", "3.5.1-1", "3.5.4-1"),
        flaw(7, "LOW", "*lodash*", "4.17.20", "4.17.21", "linux/arm64"),
        more=3,
    ),
    "disclosed": flaws(flaw(40, "HIGH", "zlib1g", "1:1.3.1-1", "1:1.3.1-2")),
    "withdrawn": flaws(),
}

CHANGES: dict[str, Any] = {
    "before": OLD,
    "after": NEW,
    "commits": commits(
        "Show the *newest* first <b>", "Fix #12, says @ann: `a|b`", "::error::no | $x$ https://evil.example"
    ),
    "count": 25,
    "images": [
        image("api", f"sha256:{'b' * 64}"),
        image("web", f"sha256:{'a' * 64}", built=None, scanned=None, contents=CONTENTS),
        image("worker", f"sha256:{'a' * 64}", contents={"unknown": "no scan of 000013 is kept"}),
    ],
}


ACTIONS = [
    {"service": "migrate", "action": "run", "reason": "the release brings it"},
    {"service": "web", "action": "start", "reason": "image changed; variable *LOG_LEVEL* changed"},
]


def good(reporter: ActionsReporter) -> int:
    watch = {"verdict": "pass", "reasons": []}
    data = {"actions": ACTIONS, "kept": 2, "watch": watch}
    return end(reporter, ["app1.example.com"], result("live", data=data), **CHANGES)


def first(reporter: ActionsReporter) -> int:
    changes = {**CHANGES, "before": None, "commits": None, "count": None, "images": [image("web", None)]}
    ended = result("live", release="000001", serving="000001", previous=None)
    return end(reporter, ["app1.example.com"], ended, **changes)


def unchanged(reporter: ActionsReporter) -> int:
    ended = result("unchanged", release="000013", serving="000013", previous="000012")
    return end(reporter, ["app1.example.com"], replace(ended, phases=ended.phases[:1]))


def unhealthy(reporter: ActionsReporter) -> int:
    ended = result("refused", 6, until="verify", serving="000013", error=UNHEALTHY)
    return end(reporter, ["app1.example.com"], ended, **CHANGES)


def reverted(reporter: ActionsReporter) -> int:
    error = ErrorReport(
        "web answers 500 to 12% of its requests",
        why="000013 did to 0%",
        fix="see its log",
        details=tuple(f"line {number}" for number in range(30)),
    )
    return end(
        reporter,
        ["app1.example.com"],
        result("reverted", 6, until="watch", serving="000013", error=error),
        **CHANGES,
    )


def refused(reporter: ActionsReporter) -> int:
    error = ErrorReport(
        "this commit is older than the one that serves",
        fix="push again, or say --allow-older",
        why="2222 > 1111",
    )
    ended = result("refused", 2, until="prepare", release=None, serving="000013", previous=None, error=error)
    return end(reporter, ["app1.example.com"], ended)


def not_taken_back(reporter: ActionsReporter) -> int:
    error = ErrorReport("the engine does not answer", fix="page a human")
    ended = result("failed", 7, until="watch", serving="000014", error=error)
    return end(reporter, ["app1.example.com"], ended)


def rollback(reporter: ActionsReporter) -> int:
    unknown = dict.fromkeys(("built", "scanned", "published"))
    web = image("web", f"sha256:{'a' * 64}", **unknown, sizes={}, contents=CONTENTS)
    changes = {**CHANGES, "back": True, "count": 3, "images": [web]}
    actions = [{**ACTIONS[1], "image": f"ghcr.io/acme/board/web@sha256:{'b' * 64}"}]
    data = {"actions": actions, "kept": 1}
    ended = result("live", release="000012", serving="000012", previous="000013", data=data)
    return end(reporter, ["app1.example.com"], ended, **changes)


def unknown(reporter: ActionsReporter) -> int:
    lost = CommandFailedError(
        "the connection to app1.example.com was lost, and it did not come back",
        fix="the host finishes or reverts on its own; run the same command again to see how it ended",
    )
    return end(reporter, ["app1.example.com"], unknown_result(lost, ["app1.example.com"]))


def servers(reporter: ActionsReporter) -> int:
    names = ["app1.example.com", "app2.example.com"]
    return end(reporter, names, result("live"), **CHANGES)


def servers_reverted(reporter: ActionsReporter) -> int:
    ends: dict[str, Any] = {
        "app1.example.com": result(
            "reverted", 6, until="watch", serving="000013", error=ErrorReport("stopped")
        ),
        "app2.example.com": result("reverted", 6, until="watch", serving="000013", error=UNHEALTHY),
        "app3.example.com": CommandFailedError("app3.example.com cannot be reached"),
    }
    return end(reporter, list(ends), join_results(ends, "app2.example.com", switched=True))


def publish(reporter: ActionsReporter) -> int:
    image = PublishedImage(
        repository="ghcr.io/acme/board/web",
        digest=f"sha256:{'b' * 64}",
        tags=(f"sha-{NEW}", "main"),
        platforms={"linux/amd64": f"sha256:{'c' * 64}"},
        sizes={"linux/amd64": 34_100_000},
    )
    document = PublishDocument(app="board", revision=NEW, revision_time=1, images={"web": image})
    reporter.table(["image", "tags"], [[f"{image.repository}@{image.digest}", ", ".join(image.tags)]])
    reporter.result(document.to_json(), f"published {NEW[:12]}")
    return 0


FAULTS = (
    Finding("web has no health check", Location("compose/web.yaml", 3, 5), "add one", "no-healthcheck"),
    Finding("an image moves: nginx:latest", Location("compose/web.yaml", 4, 12), "pin it", "floating-tag"),
)


def gate(_: ActionsReporter) -> int:
    raise ComposeInvalidError(
        "the compose files have 2 faults", fix="`fairlead explain RULE` tells why", findings=FAULTS
    )


def validate(_: ActionsReporter) -> str:
    seen: Any = SimpleNamespace(
        model=SimpleNamespace(documents=[SimpleNamespace(path="compose/web.yaml")], value={}),
        scope=SimpleNamespace(is_development=lambda _: False),
        unreleasable=(),
    )
    layers = (Layer("read", ran=True), Layer("compose", ran=False, why_not="no docker-compose"))
    known = (Finding("db has no limits", Location("compose/web.yaml", 9, 3), "set some", "no-limits"),)
    verdict = Verdict(findings=FAULTS, waived=(), baselined=known, stale=(), layers=layers, judged=(seen,))
    return render("markdown", verdict)


def scan(reporter: ActionsReporter) -> int:
    counts = {"CRITICAL": 1, "HIGH": 2, "MEDIUM": 0, "LOW": 0, "UNKNOWN": 0}
    platform = ScannedPlatform(counts=counts, report="r", sarif="s", sbom="b", matched=("debian 13",))
    reason = Reason(
        code="vulnerability", platform="linux/amd64", message="openssl 3.5.1: CVE-2026-1 is CRITICAL"
    )
    images = {
        "web": ScannedImage(digest="sha256:1", reasons=(reason,), platforms={"linux/amd64": platform}),
    }
    document = ScanDocument(
        policy="p",
        scanned_at="2026-11-29T00:00:00Z",
        scanner="trivy",
        scanner_version="0.66.0",
        database_updated_at=None,
        database_source="mirror",
        warnings=(),
        images=images,
    )
    show_scan(document, reporter)
    failure = refusal(document)
    assert failure is not None
    reporter.result(document.to_json(), failure.what)
    raise failure


PAGES: Mapping[str, Page] = {
    "good": good,
    "first": first,
    "unchanged": unchanged,
    "unhealthy": unhealthy,
    "reverted": reverted,
    "refused": refused,
    "not-taken-back": not_taken_back,
    "rollback": rollback,
    "unknown": unknown,
    "servers": servers,
    "servers-reverted": servers_reverted,
    "publish": publish,
    "gate": gate,
    "validate": validate,
    "scan": scan,
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            (FOLDER / f"{name}.md").write_text(write_page(page, Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
