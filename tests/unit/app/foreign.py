"""The apps of ``apps/``: each folder is a repository, with what Compose printed of it and the golden release.

``resolved.yaml`` was printed by ``docker-compose … config``; ``/repository`` stands for the folder.
A new folder is a new test. ``python -m tests.unit.app.foreign`` records both files anew, for review.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairlead.app.layout import lay_out
from fairlead.app.load import load_app
from fairlead.app.model import ComposeApp
from fairlead.app.split import Pin, ReleaseParts, split
from fairlead.positions import parse_yaml
from fairlead.settings.load import load_settings
from fairlead.settings.values import ProxySettings, Settings

APPS = Path(__file__).parent / "apps"
REVISION = "a" * 40
_PLACE = "/repository"


def names() -> list[str]:
    return sorted(folder.name for folder in APPS.iterdir() if folder.is_dir())


def settings_of(name: str) -> Settings:
    settings = load_settings(APPS / name / "fairlead.yaml", {"GITHUB_REPOSITORY": "acme/app"})
    # The golden releases outlive the default proxy.
    return dataclasses.replace(settings, proxy=ProxySettings(image="caddy:2"))


def app_of(name: str) -> ComposeApp:
    """The app as it is deployed."""
    settings = settings_of(name)
    return load_app(
        settings,
        settings.environment(),
        registry=settings.registry,
        tag=f"sha-{REVISION}",
        revision=REVISION,
    )


def printed(name: str) -> Any:
    """The model as Compose printed it."""
    text = (APPS / name / "resolved.yaml").read_text(encoding="utf-8").replace(_PLACE, str(APPS / name))
    return parse_yaml(text).value


def variables_of(settings: Settings) -> dict[str, str]:
    """What an app's compose files are resolved with."""
    return {
        **settings.environment().variables,
        "FAIRLEAD_REGISTRY": settings.registry,
        "FAIRLEAD_TAG": f"sha-{REVISION}",
        "FAIRLEAD_REVISION": REVISION,
    }


def ask_compose(files: Sequence[Path], project: str, variables: Mapping[str, str]) -> str:
    """What the docker-compose of this machine prints of files."""
    from fairlead import process
    from fairlead.tools.locate import locate

    named = [word for file in files for word in ("--file", str(file))]
    argv = (str(locate("compose")), "--project-name", project, *named, "--profile", "*", "config")
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **variables}
    return process.run(argv, env=environment, inherit=False, cwd=files[0].parent).stdout


def split_app(app: ComposeApp) -> ReleaseParts:
    """Split with digests that are easy to read."""
    own = {
        image: Pin(
            f"{app.settings.registry}/{image}",
            f"sha256:{'1' * 64}",
            {"linux/amd64": f"sha256:{'2' * 64}", "linux/arm64": f"sha256:{'3' * 64}"},
        )
        for image in app.settings.images
    }
    foreign = {
        reference: f"{reference}@sha256:{'5' * 64}"
        for reference in app.foreign_references()
        if "@" not in reference
    }
    return split(lay_out(app), own=own, foreign=foreign, secrets={"db-password": "6" * 64})


def golden(name: str) -> Any:
    return json.loads((APPS / name / "release.json").read_text(encoding="utf-8"))


def record(name: str) -> None:
    """Write what Compose prints of an app and its golden release anew."""
    settings = settings_of(name)
    text = ask_compose(settings.compose, settings.app, variables_of(settings))
    (APPS / name / "resolved.yaml").write_text(text.replace(str(APPS / name), _PLACE), encoding="utf-8")
    document = json.dumps(split_app(app_of(name)).document(), indent=1, sort_keys=True)
    (APPS / name / "release.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in names():
        record(each)
