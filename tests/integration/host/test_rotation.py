"""A secret gets a new value: its readers are restarted, and the old one is gone, for every release that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fairlead.host.disk.vault import store_secret
from fairlead.host.engine.engine import Engine
from fairlead.host.shape.rotation import refuse_revoked, stored_values
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.release import service_hash
from lab.invariants import find_disorder
from tests.integration.host.sheet import SICK, Sheet
from tests.integration.host.stage import Stage


def _sheet(stage: Stage, number: int, value: str, **definition: Any) -> Sheet:
    """A release whose web service reads the secret, and whose api does not."""
    sheet = stage.sheet(number)
    sheet.secrets = {"password": value}
    sheet.web("web", definition=definition)
    sheet.web("api", text="{\n\tadmin off\n}\n:8000 {\n\trespond api\n}\n", expect_release=None)
    web = sheet.services["web"]
    web["mounts"].append({"secret": "password", "target": "/run/secrets/password"})
    web["hash"] = service_hash(web["definition"], web["mounts"], sheet.secrets)
    sheet.proxy()
    return sheet


def _started(stage: Stage, container: str) -> str:
    found = Engine.connect().inspect(f"{stage.app}-{container}-1")
    assert found is not None
    return str(found["State"]["StartedAt"])


def _reads(stage: Stage, container: str) -> set[str]:
    found = Engine.connect().inspect(f"{stage.app}-{container}-1")
    assert found is not None
    return {mount["Source"].rpartition("/")[2] for mount in found["Mounts"] if "/secrets/" in mount["Source"]}


def test_a_rotated_secret_is_gone_and_no_way_leads_back_to_it(stage: Stage, fetch: Callable[[], str]) -> None:
    old = store_secret(stage.paths, "password", b"old")
    stage.deploy(_sheet(stage, 1, old))
    stage.deploy(_sheet(stage, 2, old))
    api = _started(stage, "000001-api-000001")
    new = store_secret(stage.paths, "password", b"new")
    result = stage.rotate(password=new)
    assert (result.error, result.status, result.serving) == (None, "live", "000003")
    assert fetch() == "web 2222"
    assert _reads(stage, "000003-web-000003") == {new}
    assert _started(stage, "000001-api-000001") == api, "who does not read it is carried over"
    assert stored_values(stage.paths, "password") == {new}
    # Older releases are there still, and read the new value.
    assert stage.rollback().serving == "000002"
    assert fetch() == "web 2222"
    assert _reads(stage, "000002-web-000002") == {new}
    assert stored_values(stage.paths, "password") == {new}
    with pytest.raises(InputFault, match="old value of the secret password"):
        refuse_revoked(stage.paths, {"password": old})
    refuse_revoked(stage.paths, {"password": new})
    # One that is killed after its commit: until the next command, which removes it, the old value is there.
    newest = store_secret(stage.paths, "password", b"newest")
    request = {"kind": "rotate", "task": "killed", "secrets": {"password": newest}, "options": {}, "by": "a"}
    stage.kill_in(request, "retire")
    assert stored_values(stage.paths, "password") == {new, newest}
    assert stage.repair().serving == "000004"
    assert stored_values(stage.paths, "password") == {newest}
    assert find_disorder(stage.paths, Engine.connect()) == []


def test_a_rotation_that_fails_leaves_the_old_value(stage: Stage) -> None:
    """Nothing is revoked before the commit; and the very value that serves changes nothing."""
    old = store_secret(stage.paths, "password", b":9000\n")
    check = ["CMD", "/caddy", "validate", "--adapter", "caddyfile", "--config", "/run/secrets/password"]
    stage.deploy(_sheet(stage, 1, old, healthcheck={**SICK, "test": check}))
    assert stage.rotate(password=old).status == "unchanged"
    misspelt = stage.rotate(pasword=old)
    assert misspelt.error is not None
    assert misspelt.error.fix == "did you mean password?"
    wrong = store_secret(stage.paths, "password", b"}{")
    result = stage.rotate(password=wrong)
    assert (result.status, result.exit, result.serving) == ("refused", 6, "000001")
    assert old in stored_values(stage.paths, "password")
    assert _reads(stage, "000001-web-000001") == {old}
    refuse_revoked(stage.paths, {"password": old})
