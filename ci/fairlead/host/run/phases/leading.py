"""Have calls between services carried at the ports at which releases have them: no call is refused, or cut off.

Who carries them is not replaced for it, and what is open stays as it is: further ports are opened by a second program in the
same container (when that starts again, the first one listens everywhere). Caddy taking up another configuration is not
as gentle: it cuts off who has connected a moment ago. So the second one is told to only where ports are added to its own,
as there is never a third, and the first one only where a port is to be carried otherwise.

What is done is written down afterwards, so that whoever finds the files of an agent that died in the middle does it again;
what the second one has, before: its file names no port less than it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional

from ...disk.atomic import SHOWN_FILE, write_file
from ...disk.routes import read_live
from ...engine.containers import Container, read_app_containers, refresh_containers
from ...engine.reload import is_up, load_caddyfile, stop_caddy
from ...shape.bundle import read_bundle
from ...watch.patience import wait_until
from ...wire.caddy.snippet import CARRIED, read_spoken, render_inside
from ...wire.errors import EngineFault, ReleaseFault
from ...wire.inside import ROLE, spoken_by
from ...wire.release import Release
from ..context import Deploy, Host
from .carriers import accepts, leaving

_WAIT = 15.0
_SECOND = "+"
"""In the name of a second program's file and socket: no service is called so."""

Spoken = Mapping[int, str]


def is_otherwise(service: str, before: Optional[str], wanted: Spoken) -> bool:
    """Whether a port that is open is to be carried otherwise, or nobody knows how it is. Pure.

    Args:
        service: who is called.
        before: the Caddyfile of its calls; None where there is none.
        wanted: what is to be spoken at each port.
    """
    now = read_spoken(service, before) if before is not None else None
    return now is None or any(now[port] != said for port, said in wanted.items() if port in now)


def is_led(deploy: Deploy) -> bool:
    """Whether calls are carried as the target wants them, and as what serves does: said so, and accepted at each port."""
    wanted = spoken_by(_under_way(deploy))
    if _find_stale(deploy.host, wanted):
        return False
    # Nothing was made since the plan: to list all containers again costs the engine 15 ms each.
    known = [one for one in deploy.state.containers if one.role == ROLE]
    carriers = _find_running(refresh_containers(deploy.engine, known), wanted)
    return all(accepts(one, wanted[one.carries]) for one in carriers)


def lead_to_come(deploy: Deploy) -> None:
    """Have calls carried as the target wants them, and as what serves does.

    Raises:
        ReleaseFault: who carries some does not take it up.
    """
    for name, words in _lead(deploy.host, spoken_by(_under_way(deploy))):
        raise ReleaseFault(
            f"{name}, which carries calls between services, does not take up the ports of this release",
            why=words,
            fix=f"what serves was not touched; `docker restart {name}` on the host if it does not answer",
        )


def lead_as_it_serves(host: Host) -> None:
    """Have calls carried as what serves wants them.

    What is missing is opened. A second program ends when nobody is called at any of its ports any more; until then those
    stay open, as do those of the first.
    """
    live = read_bundle(host.paths, read_live(host.paths))
    if live is not None:
        lead_as(host, spoken_by([live.release]))


def lead_as(host: Host, wanted: Mapping[str, Spoken]) -> None:
    """The same, for services that are called so."""
    for name, words in _lead(host, wanted):
        host.warn(f"{name}, which carries calls between services, does not take up its ports: {words}")
    files = [(*file.stem.partition(_SECOND), file) for file in host.paths.carried.glob("*.caddy")]
    running = {one.service: one for one in _running(host, {service for service, *_ in files})}
    for service, second, carrier, file in files:
        spoken = read_spoken(service, _read(file) or "") or {}
        if second and carrier not in running:
            file.unlink(missing_ok=True)
        elif second and not spoken.keys() & wanted.get(service, {}).keys():
            _end_second(host, running[carrier])
        elif service not in wanted:
            file.unlink(missing_ok=True)


def forget_carried(host: Host) -> None:
    """Remove the Caddyfiles of an app of which nothing is left."""
    for file in host.paths.carried.glob("*.caddy"):
        file.unlink(missing_ok=True)


def _lead(host: Host, wanted: Mapping[str, Spoken]) -> Iterator[tuple[str, str]]:
    """What does not take up its ports, in Caddy's words; its file stays as it was.

    What should be open by what is written down is opened if it is not: a second program may have died.
    """
    stale = _find_stale(host, wanted)
    anew = {name for name in stale if _is_anew(host, name, stale[name])}
    running = list(_running(host, wanted))
    said = [(one, _open(host, one, wanted[one.carries])) for one in running if one.carries not in anew]
    said += _take_up(host, [one for one in running if one.carries in anew], wanted)
    failed = {one.carries for one, words in said if words}
    for name, spoken in stale.items():
        if name not in failed:
            write_file(_file(host, name), render_inside(name, spoken).encode(), SHOWN_FILE)
    yield from ((one.name, words) for one, words in said if words)


def _is_anew(host: Host, name: str, wanted: Spoken) -> bool:
    seconds = host.paths.carried.glob(f"{name}{_SECOND}*.caddy")
    return any(is_otherwise(name, _read(file), wanted) for file in (_file(host, name), *seconds))


def _take_up(
    host: Host, carriers: Sequence[Container], wanted: Mapping[str, Spoken]
) -> list[tuple[Container, str]]:
    """Have the first programs of these carry everything, and the second ones end; what they say to it."""
    said = []
    with leaving(host, carriers):
        for one in carriers:
            text = render_inside(one.carries, wanted[one.carries])
            words = load_caddyfile(host.paths.inside_socket(one.service), text)
            if not words:
                # Not sooner: what serves is called at its ports, too.
                _end_second(host, one)
            said.append((one, words))
    return said


def _open(host: Host, carrier: Container, spoken: Spoken) -> str:
    """Open these ports beside those that are open; what is wrong, if anything."""
    missing = {port: said for port, said in spoken.items() if not accepts(carrier, [port])}
    if not missing:
        return ""
    words = _extend(host, carrier, missing)
    if words or wait_until(lambda: accepts(carrier, missing), timeout=_WAIT):
        return words
    return f"nobody accepts a connection at port {' or '.join(map(str, missing))} after {_WAIT:g} s"


def _extend(host: Host, carrier: Container, missing: Spoken) -> str:
    """Have the second program carry these, too, and launch it where there is none; what it says to it, if anything."""
    file, socket = _second(host, carrier)
    if is_up(socket):
        held = read_spoken(carrier.carries, _read(file) or "") or {}
        text = render_inside(carrier.carries, {**held, **missing})
        write_file(file, text.encode(), SHOWN_FILE)
        with leaving(host, [carrier]):
            return load_caddyfile(socket, text)
    write_file(file, render_inside(carrier.carries, missing).encode(), SHOWN_FILE)
    config = f"/fairlead/{CARRIED}/{file.name}"
    argv = ("caddy", "run", "--config", config, "--adapter", "caddyfile")
    try:
        host.engine.launch(carrier.id, argv, {"CADDY_ADMIN": f"unix//fairlead/run/{socket.name}|0222"})
    except EngineFault as error:
        return f"{error.what}{': ' if error.why else ''}{error.why}"
    return ""


def _end_second(host: Host, carrier: Container) -> None:
    """End the second program of a container, and forget it; it may have ended with its container.

    Only sockets of containers that run are asked: the folder is the proxy's to write, and whatever else it puts there.
    """
    file, socket = _second(host, carrier)
    if is_up(socket):
        stop_caddy(socket)
    socket.unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _find_stale(host: Host, wanted: Mapping[str, Spoken]) -> dict[str, Spoken]:
    return {
        name: spoken
        for name, spoken in wanted.items()
        if _read(_file(host, name)) != render_inside(name, spoken)
    }


def _running(host: Host, services: Collection[str]) -> Iterator[Container]:
    return _find_running(read_app_containers(host.engine, host.paths), services)


def _find_running(containers: Sequence[Container], services: Collection[str]) -> Iterator[Container]:
    for one in containers:
        if one.role == ROLE and one.running and not one.restarting and one.carries in services:
            yield one


def _under_way(deploy: Deploy) -> Sequence[Release]:
    live = deploy.state.live
    return [deploy.target.release, *([live.release] if live is not None else [])]


def _second(host: Host, carrier: Container) -> tuple[Path, Path]:
    """The file and the admin socket of a container's second program."""
    return (
        _file(host, f"{carrier.carries}{_SECOND}{carrier.service}"),
        host.paths.inside_socket(f"{carrier.service}{_SECOND}"),
    )


def _file(host: Host, name: str) -> Path:
    return host.paths.carried / f"{name}.caddy"


def _read(file: Path) -> Optional[str]:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        return None
