"""The platform as it stands by its files: what was brought up last, and what was put aside before a transaction.

A file that somebody damaged is made again: the release that serves says what it should hold, and where a container runs
by another definition (data does not go back), the release which that is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional

from ...disk.atomic import remove_path, write_file
from ...disk.journal import MENDED
from ...disk.place import Place
from ...disk.routes import read_live
from ...edge.meetings import read_meeting
from ...edge.plan import plan_claim
from ...engine.containers import read_app_containers
from ...shape.bundle import Bundle, read_bundle
from ...shape.project import Document, render_json, render_platform_project
from ...wire import labels
from ...wire.caddy.snippet import render_switch
from ...wire.names import RELEASE_ID
from ...wire.plainjson import parse_json
from ...wire.release import RESOURCES, Release
from ..context import Host
from .beside import proxy_mark


def read_standing(host: Host) -> Optional[Document]:
    """The platform project as it was brought up last; None where there is none."""
    found, there = _read(host.paths.platform)
    if not there:
        return None
    if is_project(found):
        whole: Document = found
        return whole
    made = _make_again(host)
    _tell(host, host.paths.platform, made)
    return made


def read_switch(host: Host) -> Optional[str]:
    """The snippet as it lies there; that of the release that serves where it cannot be read."""
    try:
        return host.paths.switch.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        remove_path(host.paths.switch)
        return str(_by_release(host)["switch"] or "")


def read_before(host: Host, number: int) -> Document:
    """What was put aside before transaction ``number`` changed anything; empty where it has not changed anything."""
    found, there = _read(host.paths.platform_before)
    if not there:
        return {}
    if is_before(found):
        return found if found["transaction"] == number else {}
    made = {"transaction": number, "project": _make_again(host), **_by_release(host)}
    _tell(host, host.paths.platform_before, made)
    return made


def is_project(found: object) -> bool:
    """Whether it is a platform project as far as it is read here. Pure."""
    if not isinstance(found, dict) or not isinstance(found.get("services"), dict):
        return False
    kinds = (found.get(kind) for kind in ("networks", "volumes"))
    return all(kind is None or isinstance(kind, dict) for kind in kinds) and all(
        isinstance(one, dict)
        and (name == RESOURCES or _has_labels(one))
        and _is_listed(one.get("volumes"))
        and isinstance(one.get("networks") or {}, (dict, list))
        and isinstance(one.get("depends_on") or {}, dict)
        for name, one in found["services"].items()
    )


def is_before(found: object) -> bool:
    """Whether it is what was put aside. Pure."""
    return (
        isinstance(found, dict)
        and isinstance(found.get("transaction"), int)
        and (found.get("project") is None or is_project(found["project"]))
        and isinstance(found.get("switch"), (str, type(None)))
    )


def _has_labels(service: Mapping[str, Any]) -> bool:
    marks = service.get("labels")
    return isinstance(marks, dict) and isinstance(marks.get(labels.HASH), str)


def _is_listed(mounts: object) -> bool:
    return mounts is None or (isinstance(mounts, list) and all(isinstance(one, dict) for one in mounts))


def _read(file: Path) -> tuple[Any, bool]:
    """What a file holds, and whether it is there at all."""
    try:
        return parse_json(file.read_bytes()), True
    except FileNotFoundError:
        return None, False
    except (OSError, ValueError):
        return None, True


def _make_again(host: Host) -> Optional[Document]:
    """The project of the release that serves, with what runs by the definition of another one; None where none serves."""
    live = read_bundle(host.paths, read_live(host.paths))
    if live is None:
        return None
    project = _render(host, live.release)
    running = {
        one.service: one.hash
        for one in read_app_containers(host.engine, host.paths)
        if not one.release and not one.oneoff
    }
    odd = {
        name: mark
        for name, mark in running.items()
        if name in project["services"] and project["services"][name]["labels"][labels.HASH] != mark
    }
    for bundle in _bundles(host) if odd else ():
        other = _render(host, bundle.release)
        for name in [one for one in odd if _mark_of(other, one) == odd[one]]:
            del odd[name]
            project["services"][name] = other["services"][name]
            for kind in ("networks", "volumes"):
                project[kind] = {**other[kind], **project[kind]}
    return project


def _mark_of(project: Document, name: str) -> str:
    return str(project["services"].get(name, {}).get("labels", {}).get(labels.HASH, ""))


def _render(host: Host, release: Release) -> Document:
    return render_platform_project(release, host.paths, render_switch(h2c=release.has_h2c))


def _bundles(host: Host) -> Iterator[Bundle]:
    """Those that lie here, the newest first."""
    for name in sorted(filter(RELEASE_ID.fullmatch, (one.name for one in host.paths.releases.iterdir())))[
        ::-1
    ]:
        bundle = read_bundle(host.paths, name)
        if bundle is not None:
            yield bundle


def _by_release(host: Host) -> Document:
    """The snippet, the claim and the proxy of the release that serves."""
    live = read_bundle(host.paths, read_live(host.paths))
    if live is None:
        return {"switch": None, "edge": None, "proxy": None}
    claim = plan_claim(live.release, read_meeting(Place(host.paths.root), host.paths.app))
    return {
        "switch": render_switch(h2c=live.release.has_h2c),
        "edge": claim.to_json() if claim is not None else None,
        "proxy": proxy_mark(live.release),
    }


def _tell(host: Host, file: Path, made: Optional[Document]) -> None:
    """Put it in its place, so that it is told once."""
    remove_path(file)
    if made is not None:
        write_file(file, render_json(made))
    wrong = "it was damaged on this host, and was made again from the release that serves"
    host.warn(f"{file}: {wrong}")
    host.journal.append(MENDED, file=file.name, why=wrong)
