"""What this host would refuse of a release, asked before its images are built. Changes nothing."""

from __future__ import annotations

from dataclasses import replace

from ..disk.paths import Paths
from ..engine.engine import Engine
from ..wire.planned import PlanAnswer
from ..wire.request import DeployRequest
from .decide import decide_deploy
from .preflight import check_host
from .trespass import refuse_trespass


def foresee_deploy(paths: Paths, engine: Engine, request: DeployRequest) -> PlanAnswer:
    """The plan of a release whose images stand in for those to come, and ``warnings``.

    Raises:
        AgentError: what a deploy would be refused for, whoever says so: policy, plan, neighbours, host.
    """
    state, plan, bundle = decide_deploy(paths, engine, request.release, request.options, foreseen=True)
    for refusal in plan.refusals:
        raise refusal.to_fault()
    refuse_trespass(paths, engine, bundle.release)
    warnings = check_host(engine, paths, bundle.release, plan.pull, state)
    return replace(plan.answer, warnings=tuple(warnings))
