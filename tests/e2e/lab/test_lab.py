"""The lab itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import requests

from fairlead.tools.locate import locate
from lab.server import ssh_argv
from lab.state import Lab, place_from
from lab.vulnerabilities import render_leaky
from tests.e2e.lab.second import ENVIRON, docker, fairlead_lab, leftovers, ok, wait_until_it_serves
from tests.patience import PATIENCE


def on_server(lab: Lab, command: str) -> str:
    argv = ssh_argv(lab.server(1), lab.identity, lab.known_hosts, (command,))
    return subprocess.run(argv, check=True, text=True, capture_output=True, timeout=120).stdout


def test_a_second_run_changes_nothing(second: Lab) -> None:
    before = leftovers()
    ok("up")
    assert leftovers() == before


def test_every_piece_is_well(second: Lab) -> None:
    health = ok("status")["health"]
    assert health == {"fairlead-lab-test-registry": "ok", "fairlead-lab-test-1": "ok"}


def test_a_server_is_one_for_the_deploy_user(second: Lab) -> None:
    """sshd, an engine, Compose, Python, and a folder that is its own."""
    told = on_server(
        second,
        "docker compose version --short; touch /srv/fairlead/x; rm /srv/fairlead/x; python3 -V; id -un",
    )
    assert told.splitlines()[-1] == "deploy"
    assert "Python 3." in told


def test_another_host_key_is_refused(second: Lab, tmp_path: Path) -> None:
    strange = tmp_path / "known_hosts"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    strange.write_text(f"{second.server(1).address} {(tmp_path / 'key.pub').read_text()}")
    argv = ssh_argv(second.server(1), second.identity, strange, ("true",))
    refused = subprocess.run(argv, check=False, text=True, capture_output=True, timeout=PATIENCE)
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr


def test_a_server_runs_docker_hubs_names_from_the_lab(second: Lab) -> None:
    """Hardened as a compose file would have it: read-only, a number for a user, no capability."""
    told = on_server(
        second,
        "docker run --rm --read-only --user 999:999 --cap-drop ALL --network none redis:8-trixie redis-server --version",
    )
    assert "Redis server v=8" in told


@pytest.mark.long
def test_a_server_comes_back_from_a_power_cut(lab: Lab) -> None:
    """With what ran on it, by itself: no process of it had time to clean up."""
    docker("kill", lab.server(1).name)
    docker("start", lab.server(1).name)
    ok("up")
    wait_until_it_serves()


@pytest.mark.parametrize(
    ("method", "path", "login", "status"),
    [
        ("GET", "library/python/manifests/3.13-slim", None, 200),
        ("GET", "library/python/manifests/3.13-slim", ("", ""), 200),
        ("POST", "library/python/blobs/uploads/", None, 401),
        ("GET", "apps/web/manifests/main", None, 401),
        ("GET", "apps/web/manifests/main", ("fairlead", "wrong"), 401),
        ("GET", "", ("fairlead", "wrong"), 401),
    ],
)
def test_the_registry_asks_for_the_login(
    second: Lab, method: str, path: str, login: tuple[str, str] | None, status: int
) -> None:
    """But for reading what Docker Hub would give to anybody."""
    accept = {"Accept": "application/vnd.oci.image.index.v1+json"}
    url = f"http://{second.registry}/v2/{path}"
    assert requests.request(method, url, auth=login, headers=accept, timeout=PATIENCE).status_code == status


def test_the_login_opens_the_registry(second: Lab) -> None:
    url = f"http://{second.registry}/v2/"
    assert requests.get(url, auth=(second.username, second.password), timeout=PATIENCE).status_code == 200


@pytest.mark.long
def test_a_dockerfile_builds_on_the_labs_images_and_trivy_sees_them(second: Lab, tmp_path: Path) -> None:
    """Two platforms without emulation; and the lab's vulnerability database is one to Trivy itself."""
    (tmp_path / "leaky").write_text(render_leaky("lab-critical"))
    (tmp_path / "Dockerfile").write_text(
        "FROM --platform=$BUILDPLATFORM python:3.13-slim AS build\nRUN python3 -m venv /v && pip --version\n"
        "FROM python:3.13-slim\nCOPY leaky /var/lib/dpkg/status.d/leaky\n"
    )
    contexts = second.environ["FAIRLEAD_BUILD_CONTEXTS"].split(",")
    python = next(context for context in contexts if context.startswith("python:3.13-slim="))
    layout = tmp_path / "layout"
    docker(
        "buildx", "build", "--quiet", "--platform", "linux/amd64,linux/arm64", "--build-context", python,
        "--output", f"type=oci,dest={layout},tar=false", "--provenance=false", str(tmp_path),
    )  # fmt: skip
    index = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    manifests = json.loads((layout / "blobs/sha256" / index.removeprefix("sha256:")).read_text())["manifests"]
    assert {entry["platform"]["architecture"] for entry in manifests} == {"amd64", "arm64"}

    report = subprocess.run(
        [
            locate("trivy"), "image", "--input", layout, "--scanners", "vuln", "--format", "json", "--quiet",
            "--skip-java-db-update", "--skip-version-check", "--disable-telemetry",
            "--cache-dir", tmp_path / "trivy",
        ],
        env={**os.environ, "TRIVY_DB_REPOSITORY": second.environ["TRIVY_DB_REPOSITORY"]},
        check=True, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    found = {
        entry["VulnerabilityID"]: entry["Severity"]
        for result in json.loads(report.stdout)["Results"]
        for entry in result.get("Vulnerabilities", [])
    }
    assert found == {"CVE-2099-0001": "CRITICAL", "CVE-2099-0005": "LOW"}


def test_a_port_that_is_taken_is_told_before_anything_is_made(
    second: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Server 1 of a third lab would stand where the second one's stands."""
    monkeypatch.setitem(ENVIRON, "FAIRLEAD_LAB_NAME", "fairlead-lab-third")
    refused = fairlead_lab("up")
    assert refused.code == 4
    error = refused.document
    assert "127.0.0.150:80" in error["what"]
    assert "FAIRLEAD_LAB_ADDRESS" in error["fix"]
    assert docker("ps", "--all", "--quiet", "--filter", "label=dev.fairlead.lab=fairlead-lab-third") == ""
    assert not place_from(ENVIRON).folder.exists()
