"""The Compose projects that are made from a release."""

from __future__ import annotations

from pathlib import Path

from fairlead.host.disk.paths import app_paths
from fairlead.host.shape.project import platform_hashes, render_platform_project, render_release_project
from tests.unit.host.samples import document, release, service

PATHS = app_paths(Path("/srv/fairlead"), "board")
FILE = "f" * 64
SECRET = "e" * 64


def test_services_of_a_release_are_renamed_and_own_nothing() -> None:
    """Two releases stand side by side: names differ, networks and volumes belong to the platform."""
    project = render_release_project(release(), "000042", PATHS, {"api", "web"})
    assert project["name"] == "board-000042"
    assert set(project["services"]) == {"api-000042", "web-000042", "migrate-000042"}
    assert project["networks"]["edge"] == {"external": True, "name": "board_edge"}
    assert project["services"]["web-000042"]["depends_on"] == {"api-000042": {"condition": "service_healthy"}}
    # The database is of the platform, and was waited for.
    assert "depends_on" not in project["services"]["api-000042"]
    assert project["services"]["web-000042"]["labels"]["dev.fairlead.release"] == "000042"
    assert project["services"]["migrate-000042"]["profiles"] == ["fairlead-job"]
    assert project["services"]["migrate-000042"]["restart"] == "no"


def test_carried_service_is_not_in_the_project() -> None:
    """Who is carried over is neither started nor waited for."""
    project = render_release_project(release(), "000042", PATHS, {"web"})
    assert set(project["services"]) == {"web-000042", "migrate-000042"}
    assert "depends_on" not in project["services"]["web-000042"]


def test_aliases_and_fixed_addresses_are_dropped() -> None:
    """A user's alias on both releases would send the public to the one that is not verified yet."""
    networks = {"edge": {"aliases": ["www"], "ipv4_address": "10.0.0.9", "priority": 5}}
    made = document()
    made["services"]["web"] = service("app", "web", definition={"networks": networks})
    project = render_release_project(release(**made), "000042", PATHS, {"web"})
    assert project["services"]["web-000042"]["networks"] == {"edge": {"priority": 5}}


def test_restart_always_becomes_unless_stopped() -> None:
    """A retired release must not come back when the engine restarts."""
    made = document()
    made["services"]["web"] = service("app", "web", definition={"restart": "always"})
    made["services"]["api"] = service(
        "app", "api", definition={"deploy": {"restart_policy": {"condition": "any"}}}
    )
    services = render_release_project(release(**made), "000042", PATHS, {"web", "api"})["services"]
    assert services["web-000042"]["restart"] == "unless-stopped"
    assert services["api-000042"]["restart"] == "unless-stopped"
    assert services["api-000042"]["deploy"] == {}


def test_an_empty_command_of_the_users_is_kept() -> None:
    """`entrypoint: []` takes the image's entrypoint away, and that is meant."""
    made = document()
    made["services"]["web"] = service("app", "web", definition={"entrypoint": [], "command": ["x"]})
    services = render_release_project(release(**made), "000042", PATHS, {"web"})["services"]
    assert services["web-000042"]["entrypoint"] == []


def test_secrets_and_files_become_binds_by_content() -> None:
    """The path names the content, so that a container which is carried over keeps what it has mounted."""
    made = document(
        secrets={"token": SECRET}, files={FILE: {"kind": "file", "sha256": "a" * 64, "mode": "0644"}}
    )
    mounts = [
        {"secret": "token", "target": "/run/secrets/token"},
        {"file": FILE, "target": "/etc/x", "read_only": False},
    ]
    made["services"]["web"] = service("app", "web", mounts=mounts)
    services = render_release_project(release(**made), "000042", PATHS, {"web"})["services"]
    token, file = services["web-000042"]["volumes"]
    assert token["source"] == f"/srv/fairlead/board/secrets/token/{SECRET}"
    assert (token["read_only"], token["bind"]) == (True, {"create_host_path": False})
    assert (file["source"], file["read_only"]) == (f"/srv/fairlead/board/files/{FILE}", False)


def test_platform_does_not_depend_on_the_release() -> None:
    """An unchanged service renders to the same text in each release: Compose finds nothing to recreate."""
    one = render_platform_project(release(), PATHS, "switch")
    other = render_platform_project(
        release(revision="2" * 40, revision_time=9, created_by="bob"), PATHS, "switch"
    )
    assert one == other
    assert "release" not in str(one["services"]["db"]["labels"])


def test_resources_name_every_network_and_volume() -> None:
    """Compose makes them although nothing that uses them is in its project."""
    resources = render_platform_project(release(), PATHS, "switch")["services"]["fairlead-resources"]
    assert resources["deploy"] == {"replicas": 0}
    assert set(resources["networks"]) == {"edge", "data"}
    assert [volume["source"] for volume in resources["volumes"]] == ["pgdata"]


def test_proxy_sees_the_switch_and_no_secret() -> None:
    """The app's folder is shown read-only; secrets, releases, tasks and files are hidden below it."""
    proxy = render_platform_project(release(), PATHS, "switch")["services"]["caddy"]
    mounts = {mount["target"]: mount for mount in proxy["volumes"]}
    assert mounts["/fairlead"]["read_only"]
    assert not mounts["/fairlead/run"]["read_only"]
    assert {target for target, mount in mounts.items() if mount["type"] == "tmpfs"} == {
        "/fairlead/secrets",
        "/fairlead/releases",
        "/fairlead/tasks",
        "/fairlead/files",
        "/fairlead/data",
    }
    assert proxy["environment"]["CADDY_ADMIN"].startswith("unix//fairlead/run/admin.sock")


def test_another_snippet_recreates_the_proxy_alone() -> None:
    """A Caddyfile is read once, at the start."""
    before, after = platform_hashes(release(), "one"), platform_hashes(release(), "two")
    assert before["caddy"] != after["caddy"]
    assert before["db"] == after["db"]
