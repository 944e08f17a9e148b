"""What a service, network or volume can turn into from one release to the next: the rows of docs/changes.md.

Each row stands for a piece of one app: what of it there is in the release before, and in the one after. All rows are
deployed at once, taken back at once, and killed at once, so that all of them cost a few deploys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.host.sheet import HEALTHY, Sheet

Piece = Callable[[Sheet], None]


@dataclass(frozen=True)
class Row:
    """One transition.

    ``goes`` and ``comes`` are the services that only the release before or after has, by container: a name, or a
    name with ``@`` for one that each release has of its own; ``first``: who goes has ended before who comes is
    started; ``kept``: volumes that nothing uses afterwards.
    """

    what: str
    before: Piece
    after: Piece
    goes: tuple[str, ...] = ()
    comes: tuple[str, ...] = ()
    first: bool = False
    kept: tuple[str, ...] = ()


def nothing(_: Sheet) -> None:
    """There is no such thing."""


def box(name: str, role: str, port: int = 9000, **fields: Any) -> Piece:
    """A service that answers on its port; ``volume``, or the app's ``folder``, is where its data are."""

    def add(sheet: Sheet) -> None:
        own = dict(fields)
        folder = own.pop("folder", None)
        volume, extra = own.pop("volume", None), own.pop("definition", {})
        networks = own.pop("networks", ("default",))
        text = f"{{\n\tadmin off\n}}\n:{port} {{\n\trespond {name} 200\n}}\n"
        definition: dict[str, Any] = {
            "command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"],
            "restart": "always" if role == "state" else "unless-stopped",
            "networks": dict.fromkeys(networks),
            **({"healthcheck": HEALTHY} if role == "app" else {}),
            **extra,
        }
        if volume is not None:
            definition["volumes"] = [{"type": "volume", "source": volume, "target": "/kept"}]
            sheet.extra.setdefault("volumes", {})[volume] = {}
        for network in networks:
            sheet.extra.setdefault("networks", {"default": {}})[network] = {}
        if role == "app":
            own.setdefault("health", {"path": "/", "status": 200})
            own["port"] = port
            if own.get("rollout") != "recreate":
                sheet.routes[name] = port
        mounts: list[dict[str, Any]] = [{"file": sheet.file(text), "target": "/etc/site", "read_only": True}]
        if folder is not None:
            mounts.append({"data": folder, "target": "/kept", "read_only": False})
            sheet.extra.setdefault("data", {})[folder] = {}
        sheet.service(name, role, definition=definition, mounts=mounts, **own)

    return add


def one_shot(name: str) -> Piece:
    """A job, the same in every release."""
    return lambda sheet: sheet.service(name, "job", definition={"command": ["/caddy", "version"]})


_AGAIN: Any = {"rollout": "recreate"}


def rows(port: int, name: str) -> tuple[Row, ...]:
    """Every transition; ``port`` is a free port of this host, ``name`` a container's that nobody has."""
    published = {
        "ports": [{"target": 9000, "published": str(port), "host_ip": "127.0.0.1", "protocol": "tcp"}]
    }
    nameless = {"volumes": [{"type": "volume", "target": "/kept"}]}
    return (
        Row("a state service comes", nothing, box("fresh", "state", volume="fresh"), comes=("fresh",)),
        Row("a state service goes, with its volume", box("cache", "state", volume="cache"), nothing,
            goes=("cache",), kept=("cache",)),
        Row("a state service goes whose data is in a volume without a name",
            box("loose", "state", definition=nameless), nothing, goes=("loose",)),
        Row("a state service gets another name, and keeps its volume",
            box("db", "state", volume="rows"), box("database", "state", volume="rows"),
            goes=("db",), comes=("database",), first=True),
        Row("a state service gets another name, and keeps its folder on the host",
            box("files", "state", folder="papers"), box("papers", "state", folder="papers"),
            goes=("files",), comes=("papers",), first=True),
        Row("a state service gets another name, and keeps its published port",
            box("mail", "state", definition=published), box("post", "state", definition=published),
            goes=("mail",), comes=("post",), first=True),
        Row("a state service gets another name, and keeps its `container_name`",
            box("old", "state", definition={"container_name": name}),
            box("new", "state", definition={"container_name": name}),
            goes=("old",), comes=("new",), first=True),
        Row("a state service gets another volume",
            box("moved", "state", volume="first"), box("moved", "state", volume="second"), kept=("first",)),
        Row("a state service becomes a rolled one", box("s2a", "state", 9001), box("s2a", "app", 9001),
            goes=("s2a",), comes=("s2a@",)),
        Row("a rolled service becomes state", box("a2s", "app", 9002), box("a2s", "state", 9002),
            goes=("a2s@",), comes=("a2s",), first=True),
        Row("a rolled service is recreated from now on",
            box("a2r", "app", 9003), box("a2r", "app", 9003, **_AGAIN),
            goes=("a2r@",), comes=("a2r",), first=True),
        Row("a recreated service is rolled from now on",
            box("r2a", "app", 9004, **_AGAIN), box("r2a", "app", 9004),
            goes=("r2a",), comes=("r2a@",)),
        Row("a worker may not run twice from now on", box("w2r", "worker"), box("w2r", "worker", **_AGAIN),
            goes=("w2r@",), comes=("w2r",), first=True),
        Row("an app becomes a worker", box("a2w", "app", 9005), box("a2w", "worker"),
            goes=("a2w@",), comes=("a2w@",)),
        Row("a state service becomes ops", box("s2o", "state", volume="s2o"), box("s2o", "ops", volume="s2o", definition={"restart": "always"})),
        Row("a state service becomes a job", box("s2j", "state"), one_shot("s2j"), goes=("s2j",)),
        Row("a job becomes a state service", one_shot("j2s"), box("j2s", "state"), comes=("j2s",)),
        Row("an ops service goes, with its volume", box("mon", "ops", volume="mon"), nothing,
            goes=("mon",), kept=("mon",)),
        Row("a rolled app goes", box("page", "app", 9007), nothing, goes=("page@",)),
        Row("a worker goes", box("hand", "worker"), nothing, goes=("hand@",)),
        Row("a recreated app goes, with its volume", box("lite", "app", 9008, volume="lite", **_AGAIN), nothing,
            goes=("lite",), kept=("lite",)),
        Row("a network comes, and one goes", box("net", "worker", networks=("default", "early")),
            box("net", "worker", networks=("default", "later")), goes=("net@",), comes=("net@",)),
    )  # fmt: skip
