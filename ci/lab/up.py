"""``fairlead lab up`` and ``down``: every step finds out what is there and does what is missing.

So a second run takes seconds, and a run that was killed is simply run again.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from fairlead import passed, process, report
from fairlead.errors import CommandFailedError, InputError
from fairlead.parallel import each
from fairlead.report import Reporter
from fairlead.tools.cache import cache_dir
from fairlead.tools.engine import probe_engine
from lab import bases, registry, server, state
from lab.archive import image_archive
from lab.debian.mirror import Mirror
from lab.engine import (
    Container,
    ensure_container,
    ensure_network,
    ensure_volume,
    has_image,
    list_labelled,
    load_image,
    read_tail,
    remove,
    run_docker,
)
from lab.lock import locked
from lab.pantry import Image
from lab.preflight import check_engine, check_ports, choose_ssh_port
from lab.recipes import SUITE, recipes
from lab.standin import Kitchen
from lab.state import Lab, Place

MAX_HOSTS = 20
_WAIT_SECONDS = 60.0
_AT_ONCE = 4


@dataclass(frozen=True)
class _Keys:
    client: server.Keys
    hosts: dict[int, server.Keys]
    password: str


def run_up(place: Place, hosts: int | None, reporter: Reporter) -> Lab:
    """Bring the lab up with so many servers, whatever state it is in; servers beyond that number go.

    None means as many as the lab has, or one.

    Raises:
        CommandFailedError: the engine, the disk, a port or the network is not as it must be.
    """
    hosts = _count_hosts(place) if hosts is None else hosts
    if not 1 <= hosts <= MAX_HOSTS:
        raise InputError(f"a lab has 1 to {MAX_HOSTS} servers, not {hosts}")
    with _alone(place, reporter):
        with reporter.step("engine"):
            architecture = check_engine()
        ports = {number: choose_ssh_port(place, number) for number in range(1, hosts + 1)}
        check_ports(place, ports)
        keys = _ensure_keys(place, hosts)
        source = bases.choose_source(_bases_folder())
        with reporter.step(f"images: {source}"):
            kitchen = Kitchen(_bases_folder(), architecture)
            base_images = _make_images(kitchen, source, reporter)
            images = _load_own_images(kitchen)
        with reporter.step(f"registry at {place.registry}"):
            client = _start_registry(place, images["lab-registry"], keys.password)
        with reporter.step(f"{hosts} server{'s' if hosts > 1 else ''}"):
            servers = _start_servers(place, images["lab-server"], ports, keys)
        with reporter.step("images in the registry"):
            bases.publish_bases(client, kitchen.pantry.blobs, base_images)
        with reporter.step("vulnerability database"):
            from lab.vulnerabilities import publish_databases

            now = dt.datetime.now(dt.UTC)
            publish_databases(client, now)
        lab = _describe(place, servers, keys, source)
        with reporter.step("sshd and engine of every server"):
            wait_for_servers(lab)
        state.save(lab, place.folder)
    return lab


def start_lab(hosts: int = 1) -> Lab:
    """The lab with so many servers at least, brought up or mended where it has to be: for what needs one to run in."""
    place = state.place_from(os.environ)
    return run_up(place, max(hosts, _count_hosts(place)), report.current())


def run_down(place: Place, reporter: Reporter) -> None:
    """Remove the lab: containers, volumes, networks, images, keys. Downloads stay in the cache."""
    probe_engine()
    with _alone(place, reporter):
        found = list_labelled(place.name)
        for kind in ("container", "volume", "network"):
            remove(kind, found[kind])
        if not list_labelled()["container"]:
            images = run_docker("images", "--format", "{{.Repository}}:{{.Tag}}", "fairlead.lab/*")
            remove("image", images.stdout.split())
        if place.folder.exists():
            shutil.rmtree(place.folder)


def wait_for_servers(lab: Lab) -> None:
    """Wait until every server lets the deploy user in and its engine answers."""
    each(lambda number: _wait_for_server(lab, number), lab.servers, at_once=_AT_ONCE)


def wait_for_registry(lab: Lab) -> None:
    """Wait until the registry answers, and takes the login."""
    _wait_for_registry(registry.RegistryClient(lab.registry, lab.password), f"{lab.name}-registry")


def _wait_for_registry(client: registry.RegistryClient, name: str) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not client.answers():
        if time.monotonic() > deadline:
            raise CommandFailedError(
                f"the registry did not come up within {_WAIT_SECONDS:g} s",
                fix=f"`docker logs {name}` shows more",
                details=read_tail(name),
            )
        time.sleep(0.1)


def _wait_for_server(lab: Lab, number: int) -> None:
    target = lab.servers[number]
    argv = server.ssh_argv(
        target, lab.identity, lab.known_hosts, ("docker version --format '{{.Server.Version}}'",)
    )
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        answer = process.run(argv, also=passed.SSH, check=False, timeout=30)
        if answer.ok:
            return
        if time.monotonic() > deadline:
            raise CommandFailedError(
                f"{target.name} did not come up within {_WAIT_SECONDS:g} s",
                why=answer.stderr.strip(),
                fix=f"`fairlead lab logs {number}` shows more",
                details=read_tail(target.name),
            )
        time.sleep(0.2)


def refresh_packages() -> None:
    """Forget which packages the mirror had the first time, so that the next images are made from today's."""
    Mirror(_bases_folder() / "debian", SUITE).refresh()


def _count_hosts(place: Place) -> int:
    try:
        return len(state.load(place).servers)
    except InputError:
        return 1


def _alone(place: Place, reporter: Reporter) -> AbstractContextManager[None]:
    path = place.folder.with_name(f"{place.name}.lock")
    return locked(path, lambda: reporter.line("waiting for another `fairlead lab` command to end"))


def _bases_folder() -> Path:
    return cache_dir() / "bases"


def _ensure_keys(place: Place, hosts: int) -> _Keys:
    folder = place.folder
    password = folder / "registry-password"
    if not password.exists():
        state.write_private(password, secrets.token_urlsafe(24).encode())
    return _Keys(
        client=server.ensure_keys(folder / "id_ed25519", f"client of {place.name}"),
        hosts={
            number: server.ensure_keys(folder / f"host-{number}", f"{place.name}-{number}")
            for number in range(1, hosts + 1)
        },
        password=password.read_text(),
    )


def _make_images(kitchen: Kitchen, source: str, reporter: Reporter) -> tuple[Image, ...]:
    """Make the lab's own images, and the base images, which are returned; all at once, where all are made here."""
    if source == bases.PULLED:
        kitchen.make(recipes(internal=True), reporter.progress)
        return bases.pull_bases(_bases_folder(), reporter.progress)
    made = kitchen.make(recipes(), reporter.progress)
    return tuple(image for image in made if not image.recipe.internal)


def _load_own_images(kitchen: Kitchen) -> dict[str, str]:
    """Put the lab's own images into the engine; their names there, by recipe."""
    references = {}
    for image in kitchen.make(recipes(internal=True), lambda _: None):
        reference = f"fairlead.lab/{image.recipe.name}:{kitchen.pantry.key(image.recipe)}"
        references[image.recipe.name] = reference
        if not has_image(reference):
            with image_archive(kitchen.pantry.blobs, image.digest, reference) as archive:
                load_image(archive)
    return references


def _start_registry(place: Place, image: str, password: str) -> registry.RegistryClient:
    ensure_network(place.name, place.name)
    spec = registry.plan_registry(place, image, password)
    _ensure_with_volumes(spec)
    client = registry.RegistryClient(place.registry, password)
    _wait_for_registry(client, spec.name)
    return client


def _start_servers(place: Place, image: str, ports: dict[int, int], keys: _Keys) -> dict[int, state.Server]:
    specs = [
        server.plan_server(place, number, port, image, keys.hosts[number], keys.client)
        for number, port in ports.items()
    ]
    known = {spec.name for spec in specs} | {f"{place.name}-registry"}
    surplus = [name for name in list_labelled(place.name)["container"] if name not in known]
    remove("container", surplus)
    remove("volume", [f"{name}-{part}" for name in surplus for part in ("docker", "srv")])
    each(_ensure_with_volumes, specs, at_once=_AT_ONCE)
    return {number: server.describe(place, number, port) for number, port in ports.items()}


def _ensure_with_volumes(spec: Container) -> None:
    for volume in spec.volumes:
        ensure_volume(volume.split(":", 1)[0], spec.lab)
    ensure_container(spec)


def _describe(place: Place, servers: dict[int, state.Server], keys: _Keys, source: str) -> Lab:
    from lab.vulnerabilities import database_version

    folder = place.folder
    lines = [
        server.known_hosts_line(one.address, one.port, keys.hosts[number].public)
        for number, one in servers.items()
    ]
    state.write_private(folder / "known_hosts", "".join(lines).encode())
    state.write_private(folder / "registries.conf", render_registries(place).encode())
    environ = {
        "FAIRLEAD_REGISTRY": f"{place.registry}/apps",
        "FAIRLEAD_REGISTRY_USERNAME": registry.USERNAME,
        "FAIRLEAD_REGISTRY_PASSWORD": keys.password,
        "FAIRLEAD_SSH_IDENTITY": str(folder / "id_ed25519"),
        "FAIRLEAD_KNOWN_HOSTS": str(folder / "known_hosts"),
        "FAIRLEAD_BUILD_CONTEXTS": ",".join(bases.build_contexts(place.registry)),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        "TRIVY_DB_REPOSITORY": f"{place.registry}/lab/trivy-db",
        # Neither the database of the user's own scans, nor that of another version of the lab: each keeps for a day.
        "TRIVY_CACHE_DIR": str(folder / f"trivy-{database_version()}"),
    }
    return Lab(
        name=place.name,
        registry=place.registry,
        username=registry.USERNAME,
        password=keys.password,
        servers=servers,
        known_hosts=folder / "known_hosts",
        identity=folder / "id_ed25519",
        bases=source,
        environ=environ,
    )


def render_registries(place: Place) -> str:
    """``registries.conf``: Docker Hub's names come from the lab, which speaks plain HTTP on loopback."""
    return (
        'unqualified-search-registries = ["docker.io"]\n\n'
        f'[[registry]]\nlocation = "{place.registry}"\ninsecure = true\n\n'
        f'[[registry]]\nlocation = "docker.io"\n\n'
        f'[[registry.mirror]]\nlocation = "{place.registry}"\ninsecure = true\n'
    )
