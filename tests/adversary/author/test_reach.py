"""The author of a repository writes compose files that own the host or the neighbour, and look harmless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE

SETTINGS = """\
app: board
registry: ghcr.io/acme/board
images: {web: {dockerfile: Dockerfile}}
compose: [compose.yaml]
environments: {production: {hosts: [deploy@app.example.com], url: "https://board.example.com"}}
"""
IMAGE = "docker.io/acme/x:1.0@sha256:" + "a" * 64
SERVICES: dict[str, dict[str, Any]] = {
    "parent": {"volumes": ["/tmp/../run:/x"]},
    "slashes": {"volumes": ["//run//docker.sock/:/x:ro"]},
    "above": {"volumes": ["../../../../../../../../../../run:/x"]},
    "given": {"volumes": ["${UNSET:-/var}/run:/x"]},
    "long": {"volumes": [{"type": "bind", "source": "/opt/x", "target": "/x", "read_only": True}]},
    "pipe": {"volumes": [{"type": "npipe", "source": "x", "target": "/x"}]},
    "cluster": {"volumes": [{"type": "cluster", "source": "x", "target": "/x"}]},
    "image": {"volumes": [{"type": "image", "source": "acme/x", "target": "/x"}]},
    "type": {"security_opt": ["no-new-privileges:true", "label:type:spc_t"]},
    "gained": {"security_opt": ["no-new-privileges:true", "no-new-privileges=false"]},
    "taken": {"volumes_from": ["container:shop-db-1"]},
    "linked": {"external_links": ["shop-db-1:db"]},
    "mode": {"network_mode": "shop_default"},
    "run": {"runtime": "other"},
    "spec": {"credential_spec": {"file": "x.json"}},
    "cloud": {"provider": {"type": "x"}},
    "hook": {"post_start": [{"command": ["x"], "privileged": True}]},
    "logs": {"logging": {"driver": "fluentd", "options": {"fluentd-address": "unix:///run/x"}}},
    "cdi": {"annotations": {"cdi.k8s.io/x": "vendor.com/gpu=all"}},
    "gpu": {"gpus": "all"},
}
NETWORKS: dict[str, dict[str, Any]] = {
    "flat": {"driver": "macvlan"},
    "lan": {"driver": "ipvlan"},
    "hosts": {"driver": "host"},
    "shops": {"external": True, "name": "shop_data"},
    "named": {"name": "shop_data"},
    "bridged": {"driver_opts": {"com.docker.network.bridge.name": "docker0"}},
    "public": {"ipam": {"config": [{"subnet": "8.8.8.0/24"}]}},
}
VOLUMES: dict[str, dict[str, Any]] = {
    "bound": {"driver_opts": {"type": "none", "o": "rbind", "device": "/opt"}},
    "layered": {
        "driver_opts": {"type": "overlay", "device": "overlay", "o": "lowerdir=/etc,upperdir=/a,workdir=/b"}
    },
    "disk": {"driver_opts": {"type": "ext4", "device": "/dev/sda1"}},
    "remote": {"driver_opts": {"type": "nfs", "o": "addr=10.0.0.1", "device": ":/x"}},
    "plugged": {"driver": "vendor/x"},
    "theirs": {"external": True, "name": "shop_pgdata"},
}
OURS: dict[str, dict[str, Any]] = {
    "secrets-of-all": {"volumes": ["/srv/fairlead/shop/secrets:/x:ro"]},
    "by-a-detour": {"volumes": ["/srv/x/../fairlead:/x:ro"]},
    "holder": {"volumes": ["/srv:/x:ro"]},
    "whole": {"volumes": ["/:/x:ro"]},
    "world": {"volumes": ["/proc/1/root:/x:ro"]},
    "mark": {"labels": {"dev.fairlead.app": "shop"}},
    "project": {"labels": ["com.docker.compose.project=fairlead"]},
    "deployed": {"deploy": {"labels": {"dev.fairlead.role": "edge"}}},
    "edge-net": {"networks": ["edge"]},
    "edge-name": {"container_name": "fairlead-edge-1"},
    "edge-volume": {"volumes": ["jewels:/x"]},
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with a fairlead.yaml."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "fairlead.yaml").write_text(SETTINGS)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def _findings(folder: Path, app: dict[str, Any]) -> list[dict[str, Any]]:
    (folder / "compose.yaml").write_text(json.dumps(app, indent=1))
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "--json", "validate", "--no-compose"],
        cwd=folder,
        env={**os.environ, "GITHUB_ACTIONS": "false"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 11, done.stderr
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return [one for one in findings if one["severity"] == "error"]


def _service(given: dict[str, Any]) -> dict[str, Any]:
    return {"image": IMAGE, "x-fairlead": {"role": "ops"}, **given}


def _app(services: dict[str, dict[str, Any]], **top: Any) -> dict[str, Any]:
    made = {name: _service(given) for name, given in services.items()}
    user = {
        "networks": list(top.get("networks", {})),
        "volumes": [f"{one}:/{one}" for one in top.get("volumes", {})],
    }
    return {
        "name": "board",
        "services": {**made, "user": _service({key: one for key, one in user.items() if one})},
        **top,
    }


RULES = {
    *(
        "engine-socket",
        "sensitive-host-path",
        "bind-mount",
        "host-driver",
        "foreign-resource",
        "confinement-off",
    ),
    *("new-privileges", "privileged", "host-device", "host-namespace", "reserved-name"),
}


def _told(findings: list[dict[str, Any]]) -> Iterator[str]:
    for one in findings:
        if one["rule"] in RULES and "." in one["path"]:
            yield one["path"].split(".")[1]


def test_what_owns_the_host_or_the_neighbour(clone: Path) -> None:
    """Compose files that own the host by 33 detours: `/tmp/../run`, rbind, overlay, macvlan, `label:type:spc_t`, plugins.

    Holds: what is known to stay inside the app passes, and everything else is an error of `validate` that a reviewer sees
    waived or not at all.
    """
    findings = _findings(clone, _app(SERVICES, networks=NETWORKS, volumes=VOLUMES))
    bare = _findings(clone, _app({"plain": {"security_opt": ["no-new-privileges:true"]}}))
    quiet = {one["rule"] for one in bare} & RULES - {"new-privileges"}
    assert not quiet
    missing = {*SERVICES, *NETWORKS, *VOLUMES} - set(_told(findings))
    assert not missing


def test_what_no_waiver_gives_away(clone: Path) -> None:
    """The author waives everything for another app's secrets, the edge's network, and labels of Fairlead and Compose.

    Holds: `reserved-name` can't be waived, switched off, or put into a baseline; the host refuses the same by itself.
    """
    reason = {"reason": "it does no harm at all, believe me"}
    app = _app(OURS, networks={"edge": {"external": True, "name": "fairlead-edge"}})
    app["volumes"] = {"jewels": {"driver_opts": {"o": "bind", "device": "/srv/fairlead"}}}
    app["x-fairlead"] = {"waive": dict.fromkeys(sorted(RULES), reason)}
    findings = _findings(clone, app)
    reserved = {one["path"].split(".")[1] for one in findings if one["rule"] == "reserved-name"}
    wanted = {name for name in OURS if name not in ("edge-net", "edge-volume")}
    assert reserved >= {*wanted, "edge", "jewels"}
    assert any(one["rule"] == "waiver" and "reserved-name" in one["what"] for one in findings)
