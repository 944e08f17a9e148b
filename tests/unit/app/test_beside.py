"""Two environments of one host want no port twice: told before anything is built, whichever of them is looked at."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from fairlead.app.stand_in import try_release
from fairlead.composefile.loader import load_model
from fairlead.judge.scopes import settings_scopes
from fairlead.settings.load import load_settings

COMPOSE = """\
services:
  web:
    image: ${FAIRLEAD_REGISTRY}/web:${FAIRLEAD_TAG}
    ports: ["${PORT:-80}:8000"]
    healthcheck: {test: [CMD, check]}
  db:
    image: postgres:17
    ports: ["${DB:-127.0.0.1:5432}:5432"]
"""


def told(root: Path, production: str, staging: str, of: str, more: str = "") -> list[str]:
    """The errors of one of two environments on one host."""
    (root / "Dockerfile").write_text("FROM scratch\n")
    (root / "compose.yaml").write_text(COMPOSE + more)
    (root / "fairlead.yaml").write_text(
        "app: board\nregistry: ghcr.io/acme/board\nimages: {web: {}}\nenvironments:\n"
        f"  production: {{hosts: [app.example.com], {production}}}\n"
        f"  staging: {{hosts: [deploy@app.example.com], {staging}}}\n"
    )
    with contextlib.chdir(root):
        settings = load_settings(root, {})
        environment = settings.environment(of)
        (scope,) = settings_scopes(settings, [environment], {})
        model = load_model(scope.files, variables=scope.variables, name=scope.project)
        _, found = try_release(settings, environment, model)
    return [f"{one.location}: {one.what}" for one in found if one.severity == "error"]


URLS = ('url: "https://board.example.com"', 'url: "https://staging.example.com"')


@pytest.mark.parametrize(("of", "other"), [("production", "staging"), ("staging", "production")])
def test_behind_the_edge_a_port_that_is_not_its_own_is_wanted_twice(
    tmp_path: Path, of: str, other: str
) -> None:
    (error,) = told(tmp_path, *URLS, of)
    assert error.startswith("fairlead.yaml:")
    assert f"{of} and {other}, which share app.example.com, both publish port 5432" in error


def test_ports_of_their_own_are_no_fault(tmp_path: Path) -> None:
    assert not told(tmp_path, URLS[0], URLS[1] + ', variables: {DB: "127.0.0.1:5433"}', "staging")
    assert not told(tmp_path, URLS[0], URLS[1] + ', variables: {DB: "10.0.0.7:5432"}', "staging")


def test_an_address_of_the_host_is_a_part_of_all_of_them(tmp_path: Path) -> None:
    assert told(tmp_path, URLS[0], URLS[1] + ', variables: {DB: "5432"}', "staging")


def test_who_publishes_what_the_edge_holds_is_told(tmp_path: Path) -> None:
    apart = ', variables: {DB: "5433"}'
    errors = told(tmp_path, URLS[0], URLS[1] + ", edge: false" + apart, "staging")
    assert [error.partition("both publish ")[2].partition(" (")[0] for error in errors] == [
        "port 80",
        "port 443",
    ]
    ports = ', edge: false, variables: {DB: "5433", PORT: "8080"}'
    assert not told(tmp_path, URLS[0], 'url: "http://staging.example.com:8080"' + ports, "staging")


@pytest.mark.parametrize("kind", ["networks", "volumes"])
def test_a_network_or_volume_of_one_name_is_told_before_a_server_refuses_it(
    kind: str, tmp_path: Path
) -> None:
    apart = (URLS[0], URLS[1] + ", variables: {DB: '127.0.0.1:5433', NAME: other}", "staging")

    def found(how: str) -> list[str]:
        used = "networks: [shared]" if kind == "networks" else "volumes: ['shared:/data']"
        return told(
            tmp_path, *apart, more=f"  cache: {{image: 'redis:8', {used}}}\n{kind}: {{shared: {{{how}}}}}\n"
        )

    (error,) = found("name: shelf")
    assert f"staging and production, which share app.example.com, both have the {kind[:-1]} shelf" in error
    for how in ("name: '${NAME:-shelf}'", "", "name: shelf, external: true"):
        assert not found(how), how
