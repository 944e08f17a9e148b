"""How each piece of the lab is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fairlead import passed, process
from fairlead.parallel import each
from lab.engine import judge_container
from lab.registry import RegistryClient
from lab.server import ssh_argv
from lab.state import Lab

_SSH_SECONDS = 15
_AT_ONCE = 8


@dataclass(frozen=True)
class Piece:
    """A piece of the lab and how it is; ``health`` is "ok" or what is wrong."""

    name: str
    address: str
    health: str

    @property
    def ok(self) -> bool:
        return self.health == "ok"


def probe_lab(lab: Lab) -> tuple[Piece, ...]:
    """Ask the registry and every server, all at once."""
    probes = [partial(_probe_registry, lab), *(partial(_probe_server, lab, number) for number in lab.servers)]
    return tuple(each(lambda probe: probe(), probes, at_once=_AT_ONCE))


def _probe_registry(lab: Lab) -> Piece:
    name = f"{lab.name}-registry"
    if wrong := judge_container(name):
        return Piece(name, lab.registry, wrong)
    answers = RegistryClient(lab.registry, lab.password).answers()
    return Piece(name, lab.registry, "ok" if answers else "does not answer, or refuses the login")


def _probe_server(lab: Lab, number: int) -> Piece:
    server = lab.servers[number]
    address = f"{server.user}@{server.address}:{server.port}"
    if wrong := judge_container(server.name):
        return Piece(server.name, address, wrong)
    argv = ssh_argv(server, lab.identity, lab.known_hosts, ("docker info --format '{{.ServerVersion}}'",))
    answer = process.run(argv, also=passed.SSH, check=False, timeout=_SSH_SECONDS)
    lines = (answer.stderr.strip() or "the engine does not answer").splitlines()
    return Piece(server.name, address, "ok" if answer.ok else lines[-1])
