"""What we tell others, we keep: our own compose files have no finding and no waiver, in every combination."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.services import infer_services
from fairlead.composefile.consistency import model_findings
from fairlead.composefile.loader import load_model
from fairlead.composefile.schema import schema_findings
from fairlead.judge.policy import Subject, apply_waivers, make_policy, policy_findings
from fairlead.settings.load import load_settings

ROOT = Path(__file__).parent.parent.parent
TINY = ROOT / "tests" / "e2e" / "apps" / "tiny"
TOLD = {
    "FAIRLEAD_REGISTRY": "ghcr.io/acme/app",
    "FAIRLEAD_TAG": f"sha-{'0' * 40}",
    "FAIRLEAD_REVISION": "0" * 40,
}
BOARD = load_settings(ROOT, TOLD).validate.combinations


def judged(root: Path, combination: str = "") -> list[str]:
    """The findings and waivers of an app, as its environment or one of its combinations makes it."""
    settings = load_settings(root, TOLD)
    environment = settings.environment()
    declared = settings.validate.combinations.get(combination)
    files = declared.compose if declared is not None else settings.compose
    variables = {**(declared.variables if declared is not None else environment.variables), **TOLD}
    model = load_model(files, variables=variables, name=settings.app)
    services = infer_services(
        model.value["services"], root=settings.root, images=settings.images, registry=settings.registry
    )
    subject = Subject(
        model,
        services,
        make_policy(settings.validate, registry=settings.registry),
        development=declared is not None and declared.development,
        deployed=True,
        root=settings.root,
        given=frozenset(variables),
        images=tuple(settings.images),
    )
    found = (*model.faults, *schema_findings(model), *model_findings(model), *policy_findings(subject))
    kept, waived = apply_waivers(found, model)
    return [str(finding) for finding in kept] + [f"waived: {one.finding}" for one in waived]


def test_the_board_has_no_finding_and_no_waiver() -> None:
    assert judged(ROOT) == []


@pytest.mark.parametrize("combination", BOARD)
def test_no_combination_of_the_boards_files_has_one(combination: str) -> None:
    assert judged(ROOT, combination) == []


def test_the_app_of_the_end_to_end_tests_has_none() -> None:
    assert judged(TINY) == []
