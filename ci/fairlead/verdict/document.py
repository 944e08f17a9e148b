"""The verdict as one JSON document, ``fairlead.validate/v2``. Pure."""

from __future__ import annotations

from pathlib import Path

from fairlead import __version__
from fairlead.judge.baseline import dotted, fingerprint
from fairlead.judge.hiding import Hider
from fairlead.judge.policy.rule import rank_of
from fairlead.judge.verdict import counts_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.app.model import Service
    from fairlead.findings import Finding
    from fairlead.judge.verdict import Judged, Verdict

SCHEMA = "fairlead.validate/v2"


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """All that the verdict knows; the schema is ``schemas/validate.schema.json``."""
    root = Path.cwd()

    def told(finding: Finding) -> dict[str, Any]:
        return finding_document(finding, fingerprint(finding, root))

    return {
        "schema": SCHEMA,
        "tool": f"fairlead {__version__}",
        "passed": verdict.passed,
        "complete": verdict.is_complete,
        "exit_code": verdict.exit_code,
        "strict": verdict.strict,
        "counts": counts_document(verdict),
        "files": list(verdict.files),
        "layers": [
            {
                "name": layer.name,
                "ran": layer.ran,
                "why_not": layer.why_not,
                "note": layer.note,
                "seconds": round(layer.seconds, 4),
            }
            for layer in verdict.layers
        ],
        "environments": [_judged(one) for one in verdict.judged],
        "findings": [told(finding) for finding in verdict.in_order],
        "waived": [
            {**told(waived.finding), "reason": waived.reason, "until": waived.until}
            for waived in verdict.waived
        ],
        "baselined": [told(finding) for finding in verdict.baselined],
        "stale": list(verdict.stale),
    }


def finding_document(finding: Finding, mark: str) -> dict[str, Any]:
    """A finding with its place; ``path`` is where the value stands in the resolved model."""
    place = finding.location
    return {
        "rule": finding.rule,
        "rank": rank_of(finding),
        "severity": finding.severity,
        "what": finding.what,
        "fix": finding.fix,
        "file": place.path if place else None,
        "line": (place.line or None) if place else None,
        "column": (place.column or None) if place else None,
        "path": dotted(finding.path),
        "fingerprint": mark,
        "fixable": finding.repair is not None,
    }


def _judged(one: Judged) -> dict[str, Any]:
    hider = Hider(one.model)
    return {
        "name": one.scope.name,
        "files": [document.path for document in one.model.documents],
        "services": {service.name: _service(service, hider) for service in one.services.values()},
    }


def _service(service: Service, hider: Hider) -> dict[str, Any]:
    return {
        "role": service.role,
        "why": hider.text(service.why),
        "rollout": service.rollout,
        "port": service.port,
        "gate": service.gate,
        "image": hider.text(service.image) or None,
    }
