"""The resolved model against itself: what Compose refuses, all at once, and what it finds out at ``up`` only.

Rule ``model``. Every profile is looked at, and unused networks, volumes, secrets and configs too.
Wrong types and unknown keys are the schema's: a value of another type than is meant is passed over here.
Source: ``loader/validate.go``, ``loader/normalize.go``, ``validation``, ``transform`` and ``types`` of compose-go.
"""

from __future__ import annotations

from fairlead.composefile.consistency.exclusive import check_exclusive
from fairlead.composefile.consistency.ground import Ground, hooks_of
from fairlead.composefile.consistency.mounts import check_mounts
from fairlead.composefile.consistency.networking import check_networking
from fairlead.composefile.consistency.references import check_references
from fairlead.composefile.consistency.resources import check_resources
from fairlead.composefile.consistency.values import check_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.composefile.loader import Model
    from fairlead.findings import Finding

__all__ = ["model_findings"]


def model_findings(model: Model) -> tuple[Finding, ...]:
    """All that does not fit together in the model, in the order of the files."""
    ground = Ground(model)
    for container in ground.containers:
        check_references(ground, container)
        check_exclusive(ground, container)
        check_mounts(ground, container)
        check_networking(ground, container)
        check_values(ground, container)
        for hook in hooks_of(container):
            check_networking(ground, hook)
            check_values(ground, hook)
    check_resources(ground)
    order = {document.path: number for number, document in enumerate(model.documents)}
    unique = dict.fromkeys(ground.findings)
    return tuple(sorted(unique, key=lambda finding: _rank(finding, order)))


def _rank(finding: Finding, order: dict[str, int]) -> tuple[int, int, int, str]:
    place = finding.location
    if place is None:
        return (len(order), 0, 0, finding.what)
    return (order.get(place.path, len(order)), place.line, place.column, finding.what)
