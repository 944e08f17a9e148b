from __future__ import annotations

import re

import pytest

from fairlead.app.files.mounts import secret_sources
from tests.unit.app import foreign


@pytest.mark.parametrize("name", foreign.names())
def test_an_unmodified_app_becomes_the_release_that_was_reviewed(name: str) -> None:
    assert foreign.split_app(foreign.app_of(name)).document() == foreign.golden(name)


@pytest.mark.parametrize("name", foreign.names())
def test_the_model_is_what_compose_printed(name: str) -> None:
    assert foreign.app_of(name).files.value == foreign.printed(name)


@pytest.mark.parametrize("name", foreign.names())
def test_every_release_document_keeps_its_promises(name: str) -> None:
    """What the server relies on, whatever the app."""
    parts = foreign.split_app(foreign.app_of(name))
    document = parts.document()
    assert document["proxy"]["service"] in document["services"]
    for service, entry in document["services"].items():
        definition = entry["definition"]
        assert definition["image"] == entry["image"] != ""
        assert "@sha256:" in entry["image"]
        assert not {"build", "profiles", "depends_on", "container_name", "secrets", "configs"} & set(
            definition
        )
        assert not any(key.startswith("x-") for key in definition)
        assert all(volume["type"] != "bind" for volume in definition.get("volumes", ()))
        assert set(definition.get("networks") or {}) <= set(document["networks"])
        assert set(entry["depends_on"]) <= set(document["services"])
        if entry["role"] in {"app", "worker"} and entry["rollout"] == "switch":
            assert "ports" not in definition
        for mount in entry["mounts"]:
            assert ("secret" in mount) != (mount.get("file") in document["files"])
        assert re.fullmatch(r"[0-9a-f]{64}", entry["hash"]), service
    for service, port in document["routes"].items():
        assert document["services"][service]["port"] == port
    assert all(blob in parts.blobs for blob in _blobs(document["files"]))


@pytest.mark.parametrize("name", foreign.names())
def test_the_server_takes_every_release_document(name: str) -> None:
    """The agent reads documents as hostile input, with a parser of its own."""
    from fairlead.host.wire.document import parse_release

    app = foreign.app_of(name)
    document = {
        "schema": "fairlead.release/v1",
        "app": app.settings.app,
        "environment": "production",
        "revision": foreign.REVISION,
        "revision_time": 1_790_000_000,
        "options": {},
        **foreign.split_app(app).document(),
        "secrets": dict.fromkeys(secret_sources(app), "6" * 64),
    }
    release = parse_release(document)
    carriers = {name for name, one in release.services.items() if one.role == "inside"}
    assert set(release.services) - carriers == set(document["services"])
    assert release.routes == document["routes"]


def test_secrets_of_an_app_are_known_with_where_their_value_may_be() -> None:
    app = foreign.app_of("nginx_flask_mysql")
    source = secret_sources(app)["db-password"]
    assert source.file == foreign.APPS / "nginx_flask_mysql" / "db" / "password.txt"
    assert source.location.line == 50


def test_a_new_value_of_a_secret_changes_who_mounts_it_and_no_one_else() -> None:
    from fairlead.app.layout import lay_out
    from fairlead.app.split import Pin, split

    app = foreign.app_of("nginx_flask_mysql")
    own = {image: Pin(image, "sha256:1") for image in app.settings.images}
    before, after = (
        split(lay_out(app), own=own, secrets={"db-password": value}) for value in ("1" * 64, "2" * 64)
    )
    changed = {
        name for name, entry in after.services.items() if entry["hash"] != before.services[name]["hash"]
    }
    assert changed == {"db", "backend"}


def test_a_changed_configuration_file_changes_who_mounts_it(tmp_path: object) -> None:
    app = foreign.app_of("nginx_golang_postgres")
    entry = foreign.split_app(app).services["proxy"]
    (mount,) = entry["mounts"]
    assert mount["target"] == "/etc/nginx/conf.d/default.conf"
    assert foreign.split_app(app).files[mount["file"]]["kind"] == "file"


def _blobs(files: dict[str, dict[str, object]]) -> list[str]:
    found: list[str] = []
    for entry in files.values():
        entries = entry.get("entries")
        parts = entries.values() if isinstance(entries, dict) else [entry]
        found += [str(part["sha256"]) for part in parts]
    return found
