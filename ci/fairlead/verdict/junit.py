"""The verdict as JUnit XML, for whatever shows test results. Pure.

A file is a suite, a finding a case of it, by rank: an error fails it, what does not fail the verdict is said and passes.
A file without findings has one case that passes; a layer that did not run is a skipped case, and so is an entry of the
baseline that is not found any more.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from fairlead.host.wire.visible import visible
from fairlead.judge.baseline import dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairlead.findings import Finding
    from fairlead.judge.verdict import Layer, Verdict


def render_junit(verdict: Verdict) -> str:
    """One ``testsuites`` document."""
    failing = {"error", "warning"} if verdict.strict else {"error"}
    by_file: dict[str, list[Finding]] = {name: [] for name in verdict.files}
    for finding in verdict.in_order:
        by_file.setdefault(finding.location.path if finding.location else "fairlead", []).append(finding)
    suites = [_suite(name, findings, failing) for name, findings in by_file.items()]
    suites.append(_layers(verdict.layers))
    suites += [_stale(verdict.stale)] if verdict.stale else []
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(
        ['<testsuites name="fairlead validate">', *suites, "</testsuites>"]
    )


def _suite(name: str, findings: Sequence[Finding], failing: set[str]) -> str:
    cases = [_case(name, finding, failing) for finding in findings]
    cases = cases or [f'    <testcase classname={_attribute(name)} name="holds"/>']
    failures = sum(finding.severity in failing for finding in findings)
    return _wrapped(name, cases, failures=failures)


def _case(name: str, finding: Finding, failing: set[str]) -> str:
    where = dotted(finding.path) or str(finding.location or "")
    line = f' line="{finding.location.line}"' if finding.location and finding.location.line else ""
    head = f"    <testcase classname={_attribute(name)} name={_attribute(f'{finding.rule}: {where}')}"
    text = "\n".join(part for part in (str(finding.location or ""), finding.what, finding.fix) if part)
    if finding.severity in failing:
        body = f"<failure message={_attribute(finding.what)} type={_attribute(finding.rule)}>{_text(text)}</failure>"
    else:
        body = f"<system-out>{_text(f'{finding.severity}: {text}')}</system-out>"
    return f"{head} file={_attribute(name)}{line}>{body}</testcase>"


def _layers(layers: Sequence[Layer]) -> str:
    cases = [
        f'    <testcase classname="layers" name={_attribute(layer.name)} time="{layer.seconds:.4f}">'
        + ("" if layer.ran else f"<skipped message={_attribute(layer.why_not)}/>")
        + "</testcase>"
        for layer in layers
    ]
    return _wrapped("layers", cases, skipped=sum(not layer.ran for layer in layers))


def _stale(lines: Sequence[str]) -> str:
    cases = [
        f'    <testcase classname="baseline" name={_attribute(line)}><skipped message="stale"/></testcase>'
        for line in lines
    ]
    return _wrapped("baseline", cases, skipped=len(cases))


def _wrapped(name: str, cases: Sequence[str], *, failures: int = 0, skipped: int = 0) -> str:
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}"'
    return "\n".join([f"  <testsuite name={_attribute(name)} {counts}>", *cases, "  </testsuite>"])


def _text(text: str) -> str:
    return escape(_allowed(text))


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    """Without the characters that no XML may hold."""
    return "".join("?" if char in "\ufffe\uffff" else char for char in visible(text))
