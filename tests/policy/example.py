"""An example of a rule: a compose file that says itself what is found in it.

``tests/policy/<rule>/failing*.yaml`` and ``passing*.yaml``; adding a file adds a test.
``# expect: rule`` on a line expects a finding of that rule there; ``rule:12`` at that column; ``rule:12=warning``
with that severity. Several are separated by commas. Only findings of the folder's rule are compared.

What surrounds a file stands in a comment of its first lines: ``# given: {development: true, validate: {pin: deploy}}``;
the keys are those of :class:`Given`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.app.services import infer_services
from fairlead.composefile.consistency import model_findings
from fairlead.composefile.loader import Model, load_model
from fairlead.composefile.schema import schema_findings
from fairlead.findings import Finding
from fairlead.judge.policy import Subject, apply_waivers, make_policy, policy_findings
from fairlead.judge.policy.rule import severity_of
from fairlead.positions import parse_yaml
from fairlead.settings.images import ImageSettings
from fairlead.settings.parse import build_validate

HERE = Path(__file__).parent
_EXPECT = re.compile(r"#\s*expect:\s*(?P<what>[^#]+)")
_ONE = re.compile(r"(?P<rule>[a-z-]+)(?::(?P<column>\d+))?(?:=(?P<severity>error|warning|note))?")
_GIVEN = re.compile(r"^# given: (?P<what>\{.*\})$", re.MULTILINE)


@dataclass(frozen=True)
class Expected:
    """A finding that an example expects; a column of 0 is any."""

    rule: str
    line: int
    column: int
    severity: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """What surrounds an example.

    ``deployed``: it is deployed by Fairlead; ``with``: files over it; ``registry`` and ``images`` as in fairlead.yaml;
    ``validate``: that section of fairlead.yaml; ``today``: the day of the test.
    """

    development: bool = False
    deployed: bool = False
    profiles: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    registry: str = ""
    images: tuple[str, ...] = ()
    validate: Mapping[str, Any] = field(default_factory=dict)
    today: str = ""


def read_given(file: Path) -> Given:
    """What a file says that surrounds it."""
    match = _GIVEN.search(file.read_text(encoding="utf-8"))
    return Given(**parse_yaml(match["what"]).value) if match else Given()


def read_expected(file: Path) -> list[Expected]:
    """What a file says that is found in it."""
    given = read_given(file)
    return [
        Expected(
            one["rule"],
            number,
            int(one["column"] or 0),
            one["severity"]
            or severity_of(one["rule"], development=given.development, deployed=given.deployed),
        )
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        for match in _EXPECT.finditer(line)
        for one in _ONE.finditer(match["what"])
    ]


def load_subject(file: Path, given: Given) -> Subject:
    """The app of an example."""
    model = load_model([file], variables=given.variables, root=file.parent)
    images = {
        name: ImageSettings(name=name, dockerfile=file.parent / f"Dockerfile.{name}", context=file.parent)
        for name in given.images
    }
    services = infer_services(
        model.value.get("services") or {},
        root=file.parent,
        images=images,
        registry=given.registry,
        deployed=given.deployed,
    )
    document = parse_yaml(json.dumps({"validate": given.validate}), "fairlead.yaml")
    settings = build_validate(document, file.parent, given.validate)
    return Subject(
        model,
        services,
        make_policy(settings, registry=given.registry),
        development=given.development or _says_dev(model),
        deployed=given.deployed,
        profiles=tuple(given.profiles),
        root=file.parent if given.deployed else None,
        given=frozenset(given.variables) if given.deployed else frozenset(),
        images=tuple(given.images) if given.deployed else None,
    )


def find_all(file: Path) -> tuple[Finding, ...]:
    """What all layers that need no engine find in an example, waivers applied."""
    given = read_given(file)
    subject = load_subject(file, given)
    found = (
        *subject.model.faults,
        *schema_findings(subject.model),
        *model_findings(subject.model),
        *policy_findings(subject),
    )
    kept, _ = apply_waivers(found, subject.model, today=given.today)
    return kept


def _says_dev(model: Model) -> bool:
    told = model.value.get("x-fairlead")
    return isinstance(told, Mapping) and told.get("environment") == "dev"
