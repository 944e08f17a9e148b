"""The apps of ``apps/``: each folder is a repository, with the model that Compose made of it and the golden release.

``resolved.yaml`` was printed by ``docker-compose … config``; ``/repository`` stands for the folder.
A new folder is a new test. ``python -m tests.unit.compose.foreign`` records both files anew, for review.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from fairlead.compose.load import build_app, load_app, load_files
from fairlead.compose.model import ComposeApp
from fairlead.compose.resolve import Resolved
from fairlead.compose.split import Pin, ReleaseParts, split
from fairlead.positions import parse_yaml
from fairlead.settings import ProxySettings, Settings, load_settings

APPS = Path(__file__).parent / "apps"
REVISION = "a" * 40
_PLACE = "/repository"


def names() -> list[str]:
    return sorted(folder.name for folder in APPS.iterdir() if folder.is_dir())


def settings_of(name: str) -> Settings:
    settings = load_settings(APPS / name / "fairlead.yaml", {"GITHUB_REPOSITORY": "acme/app"})
    # The golden releases outlive the default proxy.
    return dataclasses.replace(settings, proxy=ProxySettings(image="caddy:2"))


def recorded_app(name: str) -> ComposeApp:
    """The app, from the recorded model: no process is started."""
    settings = settings_of(name)
    text = (APPS / name / "resolved.yaml").read_text(encoding="utf-8").replace(_PLACE, str(APPS / name))
    return build_app(
        settings,
        settings.environment(),
        load_files(settings),
        Resolved(parse_yaml(text).value, ()),
        registry=settings.registry,
        revision=REVISION,
    )


def resolved_app(name: str) -> ComposeApp:
    """The app, resolved by Compose."""
    settings = settings_of(name)
    return load_app(
        settings,
        settings.environment(),
        registry=settings.registry,
        tag=f"sha-{REVISION}",
        revision=REVISION,
    )


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
    return split(app, own=own, foreign=foreign, secrets={"db-password": "6" * 64})


def golden(name: str) -> Any:
    return json.loads((APPS / name / "release.json").read_text(encoding="utf-8"))


def record(name: str) -> None:
    """Write the recorded model and the golden release of an app anew."""
    from fairlead import process
    from fairlead.compose.resolve import resolve_argv, resolve_environment
    from fairlead.tools.locate import locate

    settings = settings_of(name)
    argv = resolve_argv(locate("compose"), settings.compose, settings.app, None)
    variables = {
        **settings.environment().variables,
        "FAIRLEAD_REGISTRY": settings.registry,
        "FAIRLEAD_TAG": f"sha-{REVISION}",
        "FAIRLEAD_REVISION": REVISION,
    }
    environment = resolve_environment(variables, "/usr/bin:/bin", "/")
    text = process.run(argv, env=environment, inherit=False, cwd=settings.root).stdout
    (APPS / name / "resolved.yaml").write_text(text.replace(str(APPS / name), _PLACE), encoding="utf-8")
    document = json.dumps(split_app(recorded_app(name)).document(), indent=1, sort_keys=True)
    (APPS / name / "release.json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in names():
        record(each)
