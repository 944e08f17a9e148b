"""A verdict with one of everything, on a file as the loader reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.services import infer_services
from fairlead.composefile.loader import load_model
from fairlead.findings import Finding, Location, Repair
from fairlead.judge.policy import Waived
from fairlead.judge.scopes import Scope
from fairlead.judge.verdict import Judged, Layer, Verdict

TEXT = """\
services:
  web:
    image: shop/web:latest
    environment:
      DB_PASSWORD: hunter2-c4n4ry
  db:
    image: postgres:17
"""


@pytest.fixture
def verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """Two errors (one may be mended), a warning and a note; one is waived, one known, one layer did not run."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "compose.yaml"
    file.write_text(TEXT)
    model = load_model([file], variables={})

    def found(rule: str, path: tuple[str | int, ...], severity: str = "error") -> Finding:
        return Finding(
            f"{'.'.join(map(str, path))} <is> wrong",
            model.location(path, key=True),
            f"mend {rule}\nlike this",
            rule,
            severity,  # type: ignore[arg-type]
            path,
            Repair((*path, "init"), "true") if rule == "no-init" else None,
        )

    findings = (
        Finding("the file is odd", Location("compose.yaml", 1, 1), rule="yaml-trap", severity="note"),
        found("floating-tag", ("services", "web", "image")),
        found("literal-secret", ("services", "web", "environment", "DB_PASSWORD")),
        found("no-init", ("services", "db"), "warning"),
    )
    scope = Scope(files=(file,), root=tmp_path, variables={})
    services = infer_services(model.value["services"], root=tmp_path, deployed=False)
    judged = Judged(scope=scope, model=model, services=services, findings=findings)
    waived = Waived(
        found("no-limits", ("services", "web")), "it is small", "2027-01-31", Location("compose.yaml", 2, 3)
    )
    return Verdict(
        findings=findings,
        waived=(waived,),
        baselined=(found("no-healthcheck", ("services", "db")),),
        stale=("services.gone: no-init is in the baseline",),
        layers=(
            Layer("read", ran=True, seconds=0.01),
            Layer("compose", ran=False, why_not="no docker-compose"),
        ),
        judged=(judged,),
    )


@pytest.fixture
def clean(verdict: Verdict) -> Verdict:
    """The same file with nothing to say about it."""
    from fairlead.quick.records import replace

    return replace(verdict, findings=(), waived=(), baselined=(), stale=())
