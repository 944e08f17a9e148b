"""What of a release reaches the host or another app, in every spelling that Compose takes."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.host.wire.compose.reach import KINDS, Reach, find_reach
from tests.unit.host.samples import document, release, service


def _reach(definition: dict[str, Any], **top: Any) -> tuple[Reach, ...]:
    services = {**document()["services"], "db": service("state", "db", definition=definition)}
    return find_reach(release(services=services, **top))


def test_an_ordinary_release_reaches_nothing() -> None:
    assert find_reach(release()) == ()


HARMLESS: list[dict[str, Any]] = [
    {"privileged": False},
    {"privileged": "false"},
    {"cap_drop": ["ALL"], "cap_add": ["CHOWN", "CAP_NET_BIND_SERVICE", "setuid"]},
    {"security_opt": ["no-new-privileges:true"]},
    {"security_opt": ["no-new-privileges", "apparmor:docker-default"]},
    {"pid": "service:api", "ipc": "private", "cgroup": "private"},
    {"network_mode": "none", "networks": None},
    {"volumes": ["/anonymous", "pgdata:/d", {"type": "tmpfs", "target": "/t"}]},
    {"devices": ["/dev/null:/dev/zero"]},
    {"runtime": "runc", "isolation": "default"},
    {"labels": {"com.example.team": "a", "traefik.enable": "true"}},
    {"sysctls": {"net.core.somaxconn": 1024}},
    {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
    {"deploy": {"replicas": 2, "resources": {"limits": {"cpus": "1"}}}},
    {"ulimits": {"nofile": 1024}, "x-anything": {"privileged": True}},
    {"extra_hosts": ["host.docker.internal:host-gateway"]},
]


@pytest.mark.parametrize("definition", HARMLESS, ids=str)
def test_what_stays_in_the_container_is_no_reach(definition: dict[str, Any]) -> None:
    assert _reach(definition) == ()


REACHING: list[tuple[dict[str, Any], str, str]] = [
    ({"privileged": True}, "privileged", "privileged"),
    ({"privileged": "yes"}, "privileged", "privileged"),
    ({"post_start": [{"command": ["x"], "privileged": "true"}]}, "privileged", "post_start[0].privileged"),
    ({"pre_stop": [{"command": ["x"]}, {"privileged": True}]}, "privileged", "pre_stop[1].privileged"),
    ({"pre_start": [{"volumes": ["/:/h"]}]}, "bind", "pre_start[0].volumes[0]"),
    ({"pre_start": [{"env_file": "/srv/x"}]}, "bind", "pre_start[0].env_file"),
    ({"volumes": ["/etc:/e"]}, "bind", "volumes[0]"),
    ({"volumes": ["./x:/e:ro"]}, "bind", "volumes[0]"),
    ({"volumes": ["~:/e"]}, "bind", "volumes[0]"),
    ({"volumes": ["a:/a", {"type": "bind", "source": "x", "target": "/e"}]}, "bind", "volumes[1]"),
    ({"volumes": [{"type": "volume", "source": "/etc", "target": "/e"}]}, "bind", "volumes[0]"),
    ({"volumes": [{"type": "npipe", "source": "x"}]}, "volume", "volumes[0]"),
    ({"volumes": [{"type": "cluster", "source": "x"}]}, "volume", "volumes[0]"),
    ({"volumes": [{"type": "image", "source": "x"}]}, "volume", "volumes[0]"),
    ({"volumes": [{"type": "volume", "volume": {"labels": ["com.docker.compose.project=x"]}}]}, "label", ""),
    ({"volumes_from": ["container:shop-db-1:ro"]}, "volume", "volumes_from[0]"),
    ({"use_api_socket": True}, "bind", "use_api_socket"),
    ({"env_file": ["/srv/fairlead/shop/secrets/k"]}, "bind", "env_file"),
    ({"label_file": "/etc/shadow"}, "bind", "label_file"),
    ({"extends": {"file": "/etc/x", "service": "y"}}, "bind", "extends"),
    ({"build": "/"}, "bind", "build"),
    ({"pid": "host"}, "namespace", "pid"),
    ({"pid": "container:x"}, "namespace", "pid"),
    ({"ipc": "host"}, "namespace", "ipc"),
    ({"uts": "host"}, "namespace", "uts"),
    ({"userns_mode": "host"}, "namespace", "userns_mode"),
    ({"cgroup": "host"}, "namespace", "cgroup"),
    ({"cgroup_parent": "/"}, "namespace", "cgroup_parent"),
    ({"network_mode": "host"}, "namespace", "network_mode"),
    ({"network_mode": "container:x"}, "namespace", "network_mode"),
    ({"network_mode": "bridge"}, "network", "network_mode"),
    ({"network_mode": "shop_default"}, "network", "network_mode"),
    ({"external_links": ["shop-db-1:db"]}, "network", "external_links[0]"),
    ({"networks": {"edge": {"driver_opts": {"parent": "eth0"}}}}, "network", "networks.edge"),
    ({"sysctls": ["kernel.panic=1"]}, "namespace", "sysctls[0]"),
    ({"devices": ["/dev/sda"]}, "device", "devices[0]"),
    ({"devices": [{"source": "vendor.com/gpu=all"}]}, "device", "devices[0]"),
    ({"device_cgroup_rules": ["a *:* rwm"]}, "device", "device_cgroup_rules[0]"),
    ({"gpus": "all"}, "device", "gpus[0]"),
    ({"gpus": [{"driver": "cdi"}]}, "device", "gpus[0]"),
    ({"deploy": {"resources": {"reservations": {"devices": [{"driver": "cdi"}]}}}}, "device", "deploy"),
    ({"deploy": {"labels": ["dev.fairlead.app=shop"]}}, "label", "deploy.labels[0]"),
    ({"labels": {"dev.fairlead.role": "edge"}}, "label", "labels"),
    ({"labels": ["com.docker.compose.project=fairlead"]}, "label", "labels[0]"),
    ({"annotations": {"cdi.k8s.io/x": "vendor.com/gpu=all"}}, "runtime", "annotations"),
    ({"cap_add": ["SYS_ADMIN"]}, "capability", "cap_add[0]"),
    ({"cap_add": ["CHOWN", "cap_net_admin"]}, "capability", "cap_add[1]"),
    ({"security_opt": ["label:type:spc_t"]}, "security", "security_opt[0]"),
    ({"security_opt": ["label=disable"]}, "security", "security_opt[0]"),
    ({"security_opt": ["no-new-privileges=false"]}, "security", "security_opt[0]"),
    ({"security_opt": ["seccomp:/tmp/all.json"]}, "security", "security_opt[0]"),
    ({"security_opt": ["apparmor = unconfined"]}, "security", "security_opt[0]"),
    ({"security_opt": ["systempaths=unconfined"]}, "security", "security_opt[0]"),
    ({"security_opt": ["credentialspec=file://x"]}, "security", "security_opt[0]"),
    ({"security_opt": "label:disable"}, "security", "security_opt[0]"),
    ({"credential_spec": {"file": "x"}}, "runtime", "credential_spec"),
    ({"runtime": "sysbox"}, "runtime", "runtime"),
    ({"isolation": "process"}, "runtime", "isolation"),
    ({"logging": {"driver": "syslog"}}, "runtime", "logging.driver"),
    ({"provider": {"type": "x"}}, "provider", "provider"),
    ({"models": ["llm"]}, "provider", "models"),
    ({"a_key_of_tomorrow": "x"}, "runtime", "a_key_of_tomorrow"),
]


@pytest.mark.parametrize(("definition", "kind", "where"), REACHING, ids=str)
def test_what_reaches_further_is_named_with_its_key(
    definition: dict[str, Any], kind: str, where: str
) -> None:
    found = _reach(definition)
    assert [one.kind for one in found] == [kind], found
    assert found[0].kind in KINDS
    assert found[0].service == "db"
    assert found[0].where.startswith(where)
    assert found[0].what


@pytest.mark.parametrize(
    ("network", "reaches"),
    [
        ({}, False),
        ({"name": "board_x"}, False),
        ({"driver": "bridge", "driver_opts": {"com.docker.network.driver.mtu": "1400"}}, False),
        ({"driver": "overlay", "attachable": True, "internal": True}, False),
        ({"ipam": {"config": [{"subnet": "172.28.0.0/16"}]}}, False),
        ({"external": False}, False),
        ({"external": True}, True),
        ({"external": "true"}, True),
        ({"external": {"name": "shop_default"}}, True),
        ({"name": "shop_default"}, True),
        ({"name": "board-x"}, True),
        ({"driver": "host"}, True),
        ({"driver": "macvlan"}, True),
        ({"driver": "ipvlan"}, True),
        ({"driver": "null"}, True),
        ({"driver": "vendor/plugin"}, True),
        ({"driver_opts": {"com.docker.network.bridge.name": "docker0"}}, True),
        ({"driver_opts": {"parent": "eth0"}}, True),
        ({"ipam": {"driver": "vendor"}}, True),
        ({"ipam": {"config": [{"subnet": "8.8.8.0/24"}]}}, True),
        ({"ipam": {"config": [{"subnet": "0.0.0.0/1"}]}}, True),
        ({"ipam": {"config": [{"subnet": "what"}]}}, True),
        ({"labels": ["com.docker.compose.project=shop"]}, True),
        ({"a_key_of_tomorrow": 1}, True),
    ],
    ids=str,
)
def test_networks(network: dict[str, Any], reaches: bool) -> None:
    found = find_reach(release(networks={"edge": {}, "x": network}))
    assert bool(found) == reaches
    assert all(one.service == "" and one.where.startswith("networks.x") for one in found)


@pytest.mark.parametrize(
    ("volume", "reaches"),
    [
        ({"driver": "local"}, False),
        ({"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=7"}}, False),
        ({"driver_opts": {"type": "tmpfs", "device": "/etc", "o": "bind"}}, True),
        ({"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,rbind"}}, True),
        ({"driver_opts": {"type": "none", "device": "/etc", "o": "bind"}}, True),
        ({"driver_opts": {"o": "rbind", "device": "/etc"}}, True),
        ({"driver_opts": {"type": "overlay", "device": "overlay", "o": "lowerdir=/etc"}}, True),
        ({"driver_opts": {"type": "ext4", "device": "/dev/sda1"}}, True),
        ({"driver_opts": {"type": "nfs", "o": "addr=10.0.0.1", "device": ":/x"}}, True),
        ({"driver": "vendor/plugin"}, True),
        ({"external": True, "name": "shop_pgdata"}, True),
        ({"name": "shop_pgdata"}, True),
        ({"labels": {"dev.fairlead.app": "shop"}}, True),
    ],
    ids=str,
)
def test_volumes(volume: dict[str, Any], reaches: bool) -> None:
    found = find_reach(release(volumes={"pgdata": volume}))
    assert bool(found) == reaches
    assert all(one.where.startswith("volumes.pgdata") for one in found)
