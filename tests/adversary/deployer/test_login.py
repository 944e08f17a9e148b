"""What a key brings as a login to a registry."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk import credentials
from fairlead.host.disk.paths import Paths
from fairlead.host.door import intake
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.frames import FrameReader

_LOGIN: dict[str, Any] = {"auths": {"ghcr.io": {"auth": "YTpi"}}}


def test_a_login_that_names_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key for rollbacks brings, as its login for the pull, a configuration of Docker's that names programs to start.

    Holds: logins are taken out of it by name; where there is anything else (`credsStore`, `credHelpers`, plugins, hooks,
    proxies), the request is refused, and nothing of it is left on the host.
    """
    (tmp_path / "logins").mkdir()
    monkeypatch.setattr(credentials, "_PLACES", (str(tmp_path / "logins"),))
    for more in (
        {"credsStore": "pass"},
        {"credHelpers": {"ghcr.io": "ecr-login"}},
        {"cliPluginsExtraDirs": ["/srv/fairlead/board/data/up"], "plugins": {"x": {"hooks": "pull"}}},
        {"proxies": {"default": {"httpsProxy": "http://192.0.2.1"}}},
    ):
        content = json.dumps({**_LOGIN, **more}).encode()
        read, write = os.pipe()
        os.write(write, content)
        os.close(write)
        parts = [intake.Part(intake.CREDENTIALS, "", len(content))]
        with pytest.raises(InputFault, match="not complete"):
            intake.receive(FrameReader(read), parts, intake.NOTHING, Paths(tmp_path, "board"), tmp_path)
        os.close(read)
        assert list((tmp_path / "logins").iterdir()) == []
