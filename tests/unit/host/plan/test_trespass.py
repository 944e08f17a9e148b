"""What belongs to another app or to Fairlead is refused on the host, in every spelling, waived or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.paths import Paths
from fairlead.host.engine.api import ApiFault
from fairlead.host.engine.engine import Engine
from fairlead.host.plan.trespass import refuse_trespass
from fairlead.host.wire.errors import InputFault
from tests.unit.host.samples import document, release, service

MARKS: dict[str, dict[str, str]] = {
    "/networks/shared": {"com.docker.compose.project": "shop"},
    "/networks/abc123": {"com.docker.compose.project": "shop"},
    "/networks/elsewhere": {"com.docker.compose.project": "monitoring"},
    "/networks/mine": {"com.docker.compose.project": "board"},
    "/networks/marked": {"dev.fairlead.role": "edge"},
    "/volumes/jewels": {"com.docker.compose.project": "shop"},
    "/volumes/certificates": {"com.docker.compose.project": "fairlead"},
    "/volumes/outside": {},
    "/containers/shop-db-1": {"dev.fairlead.app": "shop"},
    "/containers/9f3": {"dev.fairlead.app": "shop"},
    "/containers/nobody": {},
}


class Labelled(Engine):
    """An engine that knows the labels of a few things."""

    def __init__(self, socket: Path) -> None:
        super().__init__(str(socket), environ={})

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        body: Mapping[str, Any] | None = None,
        timeout: float = 60.0,
    ) -> Any:
        """Labels, whatever is asked."""
        labels = MARKS.get(path.removesuffix("/json"))
        if labels is None:
            raise ApiFault(f"no {path}", status=404)
        return {"Config": {"Labels": labels}} if path.startswith("/containers") else {"Labels": labels}


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host with two apps, and links that lead to where nobody should get."""
    root = tmp_path / "srv" / "fairlead"
    for app in ("board", "board-2", "boa", "shop"):
        (root / app / "secrets").mkdir(parents=True)
        (root / app / "journal.jsonl").touch()
    (tmp_path / "harmless").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "docker.sock").touch()
    for name, target in {
        "data": root,
        "up": tmp_path / "srv",
        "deep": root / "shop" / "secrets",
        "engine": tmp_path / "run" / "docker.sock",
        "beside": tmp_path / "run",
        "shadow": Path("/etc/shadow"),
        "docker": Path("/var/lib/docker"),
        "self": Path("/proc/self/root"),
    }.items():
        (tmp_path / name).symlink_to(target)
    (tmp_path / "twice").symlink_to(tmp_path / "data")
    return tmp_path


def _faults(host: Path, definition: dict[str, Any] | None = None, **top: Any) -> str:
    services = document()["services"]
    if definition is not None:
        services = {**services, "db": service("state", "db", definition=definition)}
    paths = Paths(host / "srv" / "fairlead", "board")
    try:
        refuse_trespass(paths, Labelled(host / "run" / "docker.sock"), release(services=services, **top))
    except InputFault as fault:
        return "\n".join(fault.details)
    return ""


def test_an_ordinary_release_passes(host: Path) -> None:
    assert _faults(host) == ""


SPELLINGS = (
    *("{0}/srv/fairlead", "{0}/srv/fairlead/", "{0}//srv///fairlead", "{0}/./srv/fairlead/shop"),
    *("{0}/harmless/../srv/fairlead", "{0}/srv", "{0}/srv/..", "/", "/.", "//", "/..", "{0}"),
    *("{0}/data", "{0}/data/shop/secrets", "{0}/twice", "{0}/deep", "{0}/up", "{0}/harmless/../data"),
    *("{0}/srv/fairlead/board", "{0}/srv/fairlead/edge/run", "/proc/1/root", "/proc/self/root/etc"),
    *("/proc/thread-self/cwd", "/proc/../proc/1/root", "{0}/self", "/dev/fd", "{0}/engine", "{0}/beside"),
    *("{0}/beside/docker.sock", "{0}/shadow", "{0}/docker", "{0}/docker/volumes"),
)


@pytest.mark.parametrize("path", SPELLINGS)
def test_own_folders_and_hidden_links_are_no_mounts(host: Path, path: str) -> None:
    """By a bind in any form, and by a volume that is one."""
    source = path.format(host)
    target = {"type": "bind", "source": source, "target": "/x", "read_only": True}
    assert "services.db volumes[0]" in _faults(host, {"volumes": [target]})
    assert "services.db volumes[0]" in _faults(host, {"volumes": [f"{source}:/x:ro"]})
    assert "pre_start[0] volumes[0]" in _faults(host, {"pre_start": [{"volumes": [target]}]})
    for options in (
        {"type": "none", "o": "bind", "device": source},
        {"o": "rbind,ro", "device": source},
        {"type": "none", "o": "bind", "device": source.lstrip("/")},
        {"type": "overlay", "device": "overlay", "o": f"lowerdir=/a:{source},upperdir=/u,workdir=/w"},
        {"type": "overlay", "device": "overlay", "o": f"lowerdir=/a,upperdir={source},workdir=/w"},
        {"type": "ext4", "device": source},
    ):
        if options["device"]:
            assert "volumes.pgdata driver_opts" in _faults(host, volumes={"pgdata": {"driver_opts": options}})


@pytest.mark.parametrize("name", ["a$b", "$", "a$$b"])
def test_an_escaped_dollar_is_one_as_compose_reads_it(host: Path, name: str) -> None:
    """Compose mounts ``/data/a$b`` where ``/data/a$$b`` stands."""
    (host / name).symlink_to(host / "srv" / "fairlead" / "shop")
    source = f"{host}/{name}".replace("$", "$$")
    target = {"type": "bind", "source": source, "target": "/x", "read_only": True}
    assert "services.db volumes[0]" in _faults(host, {"volumes": [target]})
    assert "services.db volumes[0]" in _faults(host, {"volumes": [f"{source}:/x:ro"]})
    assert "pre_start[0] volumes[0]" in _faults(host, {"pre_start": [{"volumes": [target]}]})
    options = {"type": "none", "o": "bind", "device": source}
    assert "volumes.pgdata driver_opts" in _faults(host, volumes={"pgdata": {"driver_opts": options}})


@pytest.mark.parametrize(
    "options",
    [
        {"type": "overlay", "device": "overlay", "o": "lowerdir=/srv/f\\airlead/shop:/opt/a"},
        {"type": "overlay", "device": "overlay", "o": "lowerdir=/a\\:b:/opt/a"},
        {"type": "none", "o": "bind", "device": "/srv/f\\airlead"},
    ],
)
def test_a_path_that_the_kernel_reads_otherwise_is_refused(host: Path, options: dict[str, str]) -> None:
    """Overlay takes a backslash away, so that no comparison here sees the folder that it mounts."""
    assert "volumes.pgdata driver_opts" in _faults(host, volumes={"pgdata": {"driver_opts": options}})


@pytest.mark.parametrize("environment", [{"HOME": None}, ["HOME"], ["A=1", "SSH_CONNECTION"]])
def test_a_variable_without_a_value_would_be_the_agents(host: Path, environment: object) -> None:
    assert "services.db environment" in _faults(host, {"environment": environment})
    assert "services.db pre_start[0] environment" in _faults(
        host, {"pre_start": [{"environment": environment}]}
    )


def test_a_variable_with_an_empty_value_is_none(host: Path) -> None:
    assert _faults(host, {"environment": ["A=", "B=1"]}) == ""
    assert _faults(host, {"environment": {"A": "", "B": 0}}) == ""


@pytest.mark.parametrize(
    ("target", "passes"), [("/x${SSH_CONNECTION}", False), ("/x$HOME", False), ("/x$$", True)]
)
def test_a_variable_in_the_target_of_a_mount_is_not_resolved(host: Path, target: str, passes: bool) -> None:
    services = {
        **document()["services"],
        "db": service("state", "db", mounts=[{"secret": "pin", "target": target}]),
    }
    paths = Paths(host / "srv" / "fairlead", "board")
    made = release(services=services, secrets={"pin": "a" * 64})
    told = ""
    try:
        refuse_trespass(paths, Labelled(host / "run" / "docker.sock"), made)
    except InputFault as fault:
        told = fault.details[0]
    assert told.startswith("" if passes else "services.db.mounts[0]:")
    assert bool(told) != passes


@pytest.mark.parametrize("path", [".", "..", "./x", "../../shop", "~", "~/x", "$HOME", "x/../../..", ""])
def test_a_relative_path_begins_in_our_folder(host: Path, path: str) -> None:
    assert "volumes[0]" in _faults(host, {"volumes": [{"type": "bind", "source": path, "target": "/x"}]})


@pytest.mark.parametrize(
    "path",
    ["{0}/harmless", "/opt/app/config", "{0}/run/docker.sock", "/var/run/x.sock", "/proc", "/etc/hosts"],
)
def test_what_a_reviewer_sees_is_for_him_to_judge(host: Path, path: str) -> None:
    assert _faults(host, {"volumes": [f"{path.format(host)}:/x:ro"]}) == ""


@pytest.mark.parametrize(
    ("kind", "how", "told"),
    [
        ("networks", {"external": True, "name": "shared"}, "belongs to «shop»"),
        ("networks", {"external": True, "name": "abc123"}, "belongs to «shop»"),
        ("networks", {"external": {"name": "shared"}}, "belongs to «shop»"),
        ("networks", {"name": "shared"}, "belongs to «shop»"),
        ("networks", {"external": True, "name": "shop_default"}, "one of the app «shop»"),
        ("networks", {"name": "shop_not-yet-there"}, "one of the app «shop»"),
        ("networks", {"external": True, "name": "fairlead-edge"}, "Fairlead's own"),
        ("networks", {"name": "fairlead-edge"}, "Fairlead's own"),
        ("networks", {"name": "fairlead-edge-shop"}, "Fairlead's own"),
        ("networks", {"name": "fairlead_default"}, "Fairlead's own"),
        ("networks", {"external": True, "name": "marked"}, "belongs to Fairlead"),
        ("volumes", {"external": True, "name": "jewels"}, "belongs to «shop»"),
        ("volumes", {"name": "certificates"}, "belongs to Fairlead"),
        ("volumes", {"external": True, "name": "fairlead_data"}, "Fairlead's own"),
        ("volumes", {"name": "shop_pgdata"}, "one of the app «shop»"),
        ("volumes", {"name": "shop-000043_static"}, "one of the app «shop»"),
        ("volumes", {"external": True, "name": "SHOP-000043_static"}, "one of the app «shop»"),
        ("networks", {"name": "shop-000043_default"}, "one of the app «shop»"),
        ("networks", {"name": "shop-proxy-0123456789ab_default"}, "one of the app «shop»"),
        ("volumes", {"name": "board-2-000001_static"}, "one of the app «board-2»"),
        ("networks", {"labels": {"com.docker.compose.project": "shop"}}, "label"),
        ("volumes", {"labels": ["dev.fairlead.app=shop"]}, "label"),
        ("networks", {"driver_opts": {"x": "${HOME}"}}, "variable"),
    ],
    ids=str,
)
def test_what_another_app_has_is_not_joined(host: Path, kind: str, how: dict[str, Any], told: str) -> None:
    own: dict[str, Any] = {"networks": "edge", "volumes": "pgdata"}
    found = _faults(host, **{kind: {own[kind]: {}, "x": how}})
    assert f"{kind}.x" in found
    assert told in found


@pytest.mark.parametrize(
    "how",
    [
        {"external": True, "name": "elsewhere"},
        {"external": True, "name": "mine"},
        {"external": True, "name": "nothing-there"},
        {"name": "board_x"},
        {"name": "board-000043_x"},
        {"name": "shop-window_x"},
        {},
    ],
    ids=str,
)
def test_what_is_nobodys_here_is_for_a_reviewer(host: Path, how: dict[str, Any]) -> None:
    assert _faults(host, networks={"edge": {}, "x": how}) == ""


@pytest.mark.parametrize(
    "definition",
    [
        {"network_mode": "shared"},
        {"network_mode": "shop_default"},
        {"network_mode": "fairlead-edge"},
        {"network_mode": "container:shop-db-1"},
        {"network_mode": "container:9f3"},
        {"pid": "container:shop-db-1"},
        {"ipc": "container:shop-db-1"},
        {"volumes_from": ["container:shop-db-1:ro"]},
        {"volumes_from": ["container:9f3"]},
        {"external_links": ["shop-db-1:db"]},
        {"container_name": "shop-web-1"},
        {"container_name": "fairlead-edge-1"},
        {"labels": {"dev.fairlead.app": "shop"}},
        {"labels": ["com.docker.compose.project=fairlead"]},
        {"deploy": {"labels": {"dev.fairlead.app": "shop"}}},
        {"env_file": "/srv/fairlead/shop/secrets/k"},
        {"pre_start": [{"env_file": ["/x"]}]},
        {"label_file": ["/x"]},
        {"extends": {"service": "api"}},
        {"build": {"context": "/"}},
        {"environment": {"A": "$PATH"}},
        {"command": ["echo", "$${A}${B}"]},
        {"labels": ["a=$$$x"]},
        {"security_opt": ["seccomp=/srv/../{0}/deep/k"]},
    ],
    ids=str,
)
def test_what_a_service_may_not_have(host: Path, definition: dict[str, Any]) -> None:
    text = str(definition).replace("{0}", str(host))
    assert "services.db" in _faults(host, eval(text)), definition  # noqa: S307 - a literal of this file


def test_a_container_of_ones_own_may_be_named(host: Path) -> None:
    """Also where another app's name is the beginning of one's own; not where it is the other way round."""
    assert _faults(host, {"container_name": "board-db-1"}) == ""
    assert _faults(host, {"container_name": "boa"}) == ""
    assert "one of the app «board-2»" in _faults(host, {"container_name": "board-2-db-1"})


def test_the_names_that_compose_gives_are_ones_own(host: Path) -> None:
    """Also those of an app whose name begins like one of Fairlead's."""
    paths = Paths(host / "srv" / "fairlead", "fairlead-demo")
    named = {"edge": {"name": "fairlead-demo_edge"}, "x": {}}
    refuse_trespass(
        paths, Labelled(host / "run" / "docker.sock"), release(app="fairlead-demo", networks=named)
    )


def test_doubled_dollars_are_texts(host: Path) -> None:
    assert _faults(host, {"environment": {"A": "$$PATH", "B": "$$$$"}, "command": ["a$$"]}) == ""
