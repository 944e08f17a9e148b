"""Try a proxy's new configuration in a container of its own before the one that serves is replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from ..wire.errors import ReleaseFault
from ..wire.release import Release
from .context import Host

_DEFAULT = ("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")
_VALUED = ("--config", "-c", "--adapter", "-a", "--envfile")


def check_proxy_config(host: Host, release: Release, project: str, file: Path, name: str) -> None:
    """Let the new image read the new Caddyfile, as `caddy validate`; whoever serves goes on serving.

    Args:
        host: the app.
        release: whose proxy it is.
        project: the Compose project that the proxy is in.
        file: its file.
        name: what it is called there.

    Raises:
        ReleaseFault: it does not hold, with Caddy's own words.
    """
    service = release.services[release.proxy]
    argv = validate_argv(service.definition, _image_config(host, service.image))
    if argv is None:
        return
    done = host.engine.compose(
        project,
        file,
        *("run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", argv[0], name, *argv[1:]),
    )
    if not done.ok:
        raise ReleaseFault(
            f"the proxy {release.proxy} refuses its configuration",
            why=done.tail[-1] if done.tail else f"`{' '.join(argv)}` exited with {done.returncode}",
            fix="correct the Caddyfile; the proxy that serves was not touched",
            details=done.tail,
            service=release.proxy,
        )


def validate_argv(definition: Mapping[str, Any], image: Mapping[str, Any]) -> Optional[tuple[str, ...]]:
    """The command that checks what the proxy would run; None when it does not run Caddy in a way known here."""
    entrypoint = _words(definition.get("entrypoint"), image.get("Entrypoint"))
    replaced = definition.get("entrypoint") is not None
    command = _words(definition.get("command"), None if replaced else image.get("Cmd"))
    words = [*entrypoint, *command] or list(_DEFAULT)
    if len(words) < 2 or words[0].rpartition("/")[2] != "caddy" or words[1] != "run":
        return None
    kept = []
    rest = iter(words[2:])
    for word in rest:
        if word in _VALUED:
            kept += [word, next(rest, "")]
        elif word.startswith(tuple(f"{option}=" for option in _VALUED)):
            kept.append(word)
    return (words[0], "validate", *kept)


def _words(own: object, default: object) -> list[str]:
    chosen = own if own is not None else default
    if isinstance(chosen, str):
        return chosen.replace("$$", "$").split()
    if isinstance(chosen, Sequence):
        return [str(word).replace("$$", "$") for word in chosen]
    return []


def _image_config(host: Host, reference: str) -> Mapping[str, Any]:
    image = host.engine.image(reference) or {}
    config = image.get("Config")
    return config if isinstance(config, Mapping) else {}
