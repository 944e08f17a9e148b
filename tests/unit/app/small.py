"""A small app from the text of its compose file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

from fairlead.app.layout import lay_out
from fairlead.app.load import build_app
from fairlead.app.model import ComposeApp
from fairlead.app.split import Pin, ReleaseParts, split
from fairlead.composefile.loader import load_model
from fairlead.settings.images import ImageSettings
from fairlead.settings.values import AcmeSettings, Environment, ProxySettings, Settings


def small_app(
    root: Path,
    services: str,
    *,
    url: str = "",
    images: tuple[str, ...] = ("web",),
    profiles: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
    edge: bool = False,
    hostnames: tuple[str, ...] = (),
    domains: Mapping[str, tuple[str, ...]] | None = None,
    redirects: tuple[str, ...] = (),
    trusted_proxies: tuple[str, ...] = (),
    acme: AcmeSettings | None = None,
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
        proxy=ProxySettings(acme=acme),
    )
    (root / "compose.yaml").write_text(services)
    for context in re.findall(r"(?:build|context): ([a-z]+)\b", services):
        (root / context).mkdir(exist_ok=True)
        (root / context / "Dockerfile").touch()
    environment = Environment(
        name="production",
        hosts=(),
        url=url,
        profiles=profiles,
        variables=variables or {},
        edge=edge,
        hostnames=hostnames,
        domains=domains or {},
        redirects=redirects,
        trusted_proxies=trusted_proxies,
    )
    # Places are told as from the root of the repository.
    with contextlib.chdir(root):
        model = load_model(settings.compose, variables=environment.variables, name="board")
    assert model.faults == ()
    return build_app(settings, environment, model, registry=settings.registry, revision="a" * 40)


def split_small(app: ComposeApp) -> ReleaseParts:
    """Split with stand-in digests."""
    own = {name: Pin(f"ghcr.io/acme/board/{name}", f"sha256:{'1' * 64}") for name in app.settings.images}
    return split(
        lay_out(app), own=own, foreign={reference: reference for reference in app.foreign_references()}
    )
