"""What a release carries of its verdict, so that a server can tell that there was one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fairlead import __version__
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.judge.verdict import Request, Verdict


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A verdict, told to somebody who was not there.

    Attributes:
        passed: whether it passes.
        fingerprint: sha256 over the content of every file, the policy and the tool: the same files, judged by
            the same measure, have the same one.
        tool: which version judged.
        at: when, seconds since the epoch.
        counts: findings by severity, waived, and known to the baseline.
        layers: those that looked.
    """

    passed: bool
    fingerprint: str
    tool: str
    at: int
    counts: dict[str, int]
    layers: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "fingerprint": self.fingerprint,
            "tool": self.tool,
            "at": self.at,
            "counts": self.counts,
            "layers": list(self.layers),
        }


def evidence_of(verdict: Verdict, request: Request, now: float) -> Evidence:
    """The evidence of a verdict; reads the files again for their content.

    Raises:
        OSError: one of them is gone.
    """
    from fairlead.judge.verdict import counts_document

    return Evidence(
        passed=verdict.passed,
        fingerprint=_fingerprint(verdict, request),
        tool=f"fairlead {__version__}",
        at=int(now),
        counts=counts_document(verdict),
        layers=tuple(layer.name for layer in verdict.layers if layer.ran),
    )


def _fingerprint(verdict: Verdict, request: Request) -> str:
    digest = hashlib.sha256()
    for part in (
        __version__,
        request.compose_version,
        repr(request.policy),
        repr(request.strict),
        repr(request.baseline.entries if request.baseline is not None else ()),
    ):
        digest.update(part.encode() + b"\0")
    for name in sorted(verdict.files):
        content = Path(name).read_bytes() if Path(name).is_file() else b""
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()
