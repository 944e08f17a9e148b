"""A small app from the text of its compose file, written as Compose would resolve it."""

from __future__ import annotations

from pathlib import Path

from fairlead.compose.load import build_app
from fairlead.compose.model import ComposeApp, ComposeFiles
from fairlead.compose.resolve import Resolved
from fairlead.compose.split import Pin, ReleaseParts, split
from fairlead.positions import parse_yaml
from fairlead.settings import Environment, ImageSettings, Settings


def small_app(
    root: Path,
    services: str,
    *,
    url: str = "",
    images: tuple[str, ...] = ("web",),
    profiles: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
) -> ComposeApp:
    """An app of these services; images of ours are built from ``<root>/<name>``."""
    settings = Settings(
        path=root / "fairlead.yaml",
        root=root,
        app="board",
        registry="ghcr.io/acme/board",
        images={
            name: ImageSettings(name=name, dockerfile=root / name / "Dockerfile", context=root / name)
            for name in images
        },
        compose=(root / "compose.yaml",),
    )
    document = parse_yaml(services, "compose.yaml")
    assert document.faults == ()
    return build_app(
        settings,
        Environment(name="production", hosts=(), url=url, profiles=profiles, variables=variables or {}),
        ComposeFiles((document,)),
        Resolved(document.value, ()),
        registry=settings.registry,
        revision="a" * 40,
    )


def split_small(app: ComposeApp) -> ReleaseParts:
    """Split with stand-in digests."""
    own = {name: Pin(f"ghcr.io/acme/board/{name}", f"sha256:{'1' * 64}") for name in app.settings.images}
    return split(app, own=own, foreign={reference: reference for reference in app.foreign_references()})
