"""The gate before ``build``, ``plan``, ``deploy`` and ``ship``: no verdict that passes, no release."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.errors import ComposeInvalidError, ComposeUnseenError, FairleadError

if TYPE_CHECKING:
    from fairlead.app.layout import Layout
    from fairlead.judge.evidence import Evidence
    from fairlead.judge.verdict import Verdict
    from fairlead.report import Reporter
    from fairlead.settings.values import Environment, Settings


@dataclass(frozen=True)
class Passed:
    """A verdict that passes, what a release carries of it, and what was made of the files: nobody reads them again."""

    settings: Settings
    verdict: Verdict
    evidence: Evidence

    def layout_of(self, environment: Environment) -> Layout:
        """The app of an environment as it was judged, with the commit put in: the release is made of this one.

        Raises:
            ComposeInvalidError: a fault that was accepted keeps it from being released.
        """
        from fairlead.app.stand_in import require_release

        judged = next(one for one in self.verdict.judged if one.scope.environment == environment)
        return judged.layout or require_release(
            self.settings, environment, judged.model, judged.scope.revision
        )

    def with_builds(self, revision: str) -> Settings:
        """The settings with the images that the services' ``build:`` make.

        Raises:
            ComposeInvalidError: a build is one thing in an environment and another in the next.
        """
        from fairlead.app.load import load_images
        from fairlead.app.variables import NO_REGISTRY

        models = {
            one.scope.name: one.model
            for one in self.verdict.judged
            # A commit has one image for all environments, whatever the app is called there.
            if one.layout is not None and one.scope.project == self.settings.app
        }
        registry = self.settings.registry or NO_REGISTRY
        return load_images(self.settings, registry=registry, revision=revision, models=models)


def pass_gate(
    settings: Settings, environments: Sequence[Environment], reporter: Reporter, revision: str
) -> Passed:
    """Judge the compose files for these environments, as ``fairlead validate`` does, with the commit put in.

    Raises:
        ComposeInvalidError: a finding fails them: all findings, each with its place.
        ComposeUnseenError: a part of them could not be looked at.
        InputError: there is no compose file, or the baseline beside it can't be read.
    """
    from fairlead.judge.evidence import evidence_of
    from fairlead.judge.request import settings_request
    from fairlead.judge.run import judge
    from fairlead.verdict.words import layers_line, sentence_of

    request = settings_request(settings, environments, revision)
    with reporter.step("validate"):
        verdict = judge(request)
        if not verdict.passed:
            raise refusal(verdict)
    reporter.line(f"{sentence_of(verdict)}; {layers_line(verdict.layers)}")
    return Passed(settings, verdict, evidence_of(verdict, request, time.time()))


def refusal(verdict: Verdict) -> FairleadError:
    """The error of a verdict that fails, the worst finding first; what does not fail it is left out."""
    from fairlead.judge.verdict import UNSEEN
    from fairlead.verdict.words import counted, unseen_line

    failing = {"error", "warning"} if verdict.strict else {"error"}
    findings = tuple(one for one in verdict.findings if one.severity in failing or one.rule == UNSEEN)
    if verdict.exit_code == ComposeUnseenError.exit_code:
        return ComposeUnseenError(
            "part of the compose files could not be looked at", why=unseen_line(verdict), findings=findings
        )
    fault = "a fault" if len(findings) == 1 else counted(len(findings), "fault")
    held = sum(finding in verdict.unsilenced for finding in findings)
    return ComposeInvalidError(
        f"the compose files have {fault}", findings=findings, fix=_way_on(len(findings), held)
    )


def _way_on(found: int, held: int) -> str:
    """What to do about the findings, of which so many are ``held``: no baseline takes them."""
    why = "`fairlead explain RULE` tells why"
    if held == found:
        return f"{why}; mend them: no baseline takes what cannot be released, or is somebody else's"
    but = f", but for {held}, without which nothing is released" if held else ""
    return f"{why}; `fairlead validate --write-baseline` accepts what is there today{but}"
