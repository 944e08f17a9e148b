"""The lab as its users see it: addresses, keys, credentials; kept in one document beside its keys."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any

from fairlead.errors import InputError
from fairlead.tools.cache import cache_dir

SCHEMA = "fairlead.lab/v1"
DEPLOY_USER = "deploy"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class Place:
    """Where a lab stands: its name, which begins the name of all that it makes, and its addresses.

    Several labs live beside each other when these differ: ``FAIRLEAD_LAB_NAME``, ``FAIRLEAD_LAB_ADDRESS``
    (of server 1; the next servers follow) and ``FAIRLEAD_LAB_REGISTRY_PORT``.
    """

    name: str = "fairlead-lab"
    first_address: str = "127.0.0.2"
    registry_port: int = 5080

    @property
    def folder(self) -> Path:
        """Keys, passwords and the state document."""
        return cache_dir() / "lab" / self.name

    @property
    def registry(self) -> str:
        return f"127.0.0.1:{self.registry_port}"

    def address(self, number: int) -> str:
        """The address of a server, counted from 1."""
        return str(IPv4Address(self.first_address) + number - 1)


@dataclass(frozen=True)
class Server:
    """A server of the lab: ``ssh <user>@<address>``, web on ports 80 and 443 of the address."""

    name: str
    address: str
    port: int
    user: str


@dataclass(frozen=True)
class Lab:
    """A lab that is up. ``servers`` count from 1; ``environ`` is what the client's verbs need in it."""

    name: str
    registry: str
    username: str
    password: str = dataclasses.field(repr=False)
    servers: Mapping[int, Server]
    known_hosts: Path
    identity: Path
    bases: str
    environ: Mapping[str, str] = dataclasses.field(repr=False)

    def server(self, number: int) -> Server:
        """The server of that number.

        Raises:
            InputError: the lab has no such server.
        """
        if number not in self.servers:
            raise InputError(
                f"the lab has no server {number}",
                why=f"it has {len(self.servers)}",
                fix=f"`fairlead lab up --hosts {number}` makes more",
            )
        return self.servers[number]

    def to_json(self) -> dict[str, Any]:
        """The state document; it holds the password of a registry that only this machine can reach."""
        return {
            "schema": SCHEMA,
            **dataclasses.asdict(self),
            "servers": {str(number): dataclasses.asdict(server) for number, server in self.servers.items()},
            "known_hosts": str(self.known_hosts),
            "identity": str(self.identity),
        }


def place_from(environ: Mapping[str, str]) -> Place:
    """The place that the environment asks for.

    Raises:
        InputError: a name, address or port that cannot be one.
    """
    place = Place()
    name = environ.get("FAIRLEAD_LAB_NAME", place.name)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"FAIRLEAD_LAB_NAME is `{name}`", fix="small letters, digits and dashes, a letter first"
        )
    address = environ.get("FAIRLEAD_LAB_ADDRESS", place.first_address)
    port = environ.get("FAIRLEAD_LAB_REGISTRY_PORT", str(place.registry_port))
    try:
        loopback = IPv4Address(address).is_loopback
    except AddressValueError:
        loopback = False
    if not loopback:
        raise InputError(
            f"FAIRLEAD_LAB_ADDRESS is `{address}`", fix="an address of 127.0.0.0/8, such as 127.0.0.2"
        )
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"FAIRLEAD_LAB_REGISTRY_PORT is `{port}`", fix="a port, such as 5080")
    return Place(name, address, int(port))


def load(place: Place | None = None) -> Lab:
    """The lab that is up.

    Raises:
        InputError: there is none.
    """
    place = place or place_from(os.environ)
    try:
        document = json.loads((place.folder / "state.json").read_text())
    except (FileNotFoundError, ValueError) as error:
        raise InputError("the lab is not up", fix="`fairlead lab up` starts it") from error
    return parse_lab(document)


def parse_lab(document: Mapping[str, Any]) -> Lab:
    """Read a state document."""
    fields = {field.name: document[field.name] for field in dataclasses.fields(Lab)}
    fields["servers"] = {int(number): Server(**server) for number, server in document["servers"].items()}
    fields["known_hosts"], fields["identity"] = Path(document["known_hosts"]), Path(document["identity"])
    return Lab(**fields)


def save(lab: Lab, folder: Path) -> None:
    """Write the state document, readable by its owner, in one rename."""
    write_private(folder / "state.json", json.dumps(lab.to_json(), indent=2).encode())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, in one rename."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)
