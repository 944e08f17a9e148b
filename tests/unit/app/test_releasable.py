"""What cannot be released is found by validate, and neither a baseline nor a waiver hides it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.root import command

APP = "app: shop\nregistry: ghcr.io/acme/shop\nenvironments: {production: {hosts: [deploy@h]}}\n"
CASES = {
    "a file that is written to": "  db:\n    image: postgres:18\n    volumes: ['./pg/app.sqlite3:/data/app.sqlite3']\n",
    "an alias": "    networks: {default: {ipv4_address: 10.0.0.2}}\n",
    "a port that is no HTTP's": "  cron:\n    image: acme/web:1.29\n    command: [work, 'redis://web:6379']\n",
    "a namespace": "    network_mode: host\n",
    "another's volumes": "    volumes_from: [db]\n  db:\n    image: postgres:18\n",
    "a config without content": "    configs: [conf]\nconfigs:\n  conf: {environment: NOWHERE}\n",
    "a folder that is not there": "    volumes: ['./missing.conf:/etc/nginx/nginx.conf:ro']\n",
    "a service without an image": "  worker:\n    command: [work]\n",
    "a network that nothing declares": "    networks: [nowhere]\n",
    "a key that is none": "    expoze: ['80']\n",
    "an x-fairlead that nobody can mean": "    x-fairlead: {role: nothing}\n",
    "two proxies": "  one:\n    image: caddy:2\n    x-fairlead: {role: proxy}\n  two:\n    image: caddy:2\n    x-fairlead: {role: proxy}\n",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "app.sqlite3").touch()
    (tmp_path / "fairlead.yaml").write_text(APP)
    for name in [name for name in os.environ if name.startswith(("FAIRLEAD_", "GITHUB_"))]:
        monkeypatch.delenv(name)


def _validate(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        command, ["--plain", "validate", "--no-compose", *words], catch_exceptions=False
    )
    return result.exit_code, result.output


@pytest.mark.parametrize("case", CASES)
def test_a_baseline_does_not_hide_it(tmp_path: Path, case: str) -> None:
    """A baseline is for what runs although it is not good; this does not run."""
    web = "services:\n  web:\n    image: acme/web:1.29\n    expose: ['80']\n    privileged: true\n"
    (tmp_path / "compose.yaml").write_text(web)
    # What a baseline takes: a finding of the policy, without which the app is deployed.
    assert _validate()[0] == 11
    assert _validate("--write-baseline")[0] == 0
    assert _validate()[0] == 0
    (tmp_path / "fairlead-baseline.json").unlink()
    (tmp_path / "compose.yaml").write_text(web + CASES[case])
    told = _validate()[1]
    code, left = _validate("--write-baseline")
    assert code == 11, told
    assert _validate()[0] == 11, left


def test_a_waiver_does_not_hide_it(tmp_path: Path) -> None:
    """It is told that it waives nothing."""
    (tmp_path / "compose.yaml").write_text(
        "services:\n  web:\n    image: acme/web:1.29\n    expose: ['80']\n    network_mode: host\n"
        "    x-fairlead: {waive: {host-namespace: {reason: we need it}}}\n"
    )
    code, told = _validate()
    assert code == 11
    assert "host-namespace" in told
