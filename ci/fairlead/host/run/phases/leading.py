"""Have calls between services carried at the ports at which releases have them: no call is refused, or cut off.

Who carries them is not replaced for it, and what is open stays as it is: a further port is opened by a second program in the
same container (when that starts again, the first one listens everywhere). Caddy taking up another configuration is not
as gentle: it cuts off who has connected a moment ago, and is told to only where a port is to be carried otherwise.

What is done is written down afterwards, so that whoever finds the files of an agent that died in the middle does it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional

from ...disk.atomic import SHOWN_FILE, write_file
from ...disk.routes import read_live
from ...engine.containers import Container, read_app_containers
from ...engine.reload import load_caddyfile, stop_caddy
from ...shape.bundle import read_bundle
from ...watch.patience import wait_until
from ...wire.caddy.snippet import CARRIED, read_spoken, render_inside
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE, spoken_by
from ...wire.release import Release
from ..context import Deploy, Host
from .carriers import accepts, leaving

_WAIT = 15.0
_SECOND = "+"
"""In the name of a second program's file, before what tells it from others: no service is called so."""

Spoken = Mapping[int, str]


def plan_lead(service: str, before: Optional[str], wanted: Spoken) -> Optional[dict[int, str]]:
    """The ports to open beside those that are; None where what is open is to be carried otherwise. Pure.

    Args:
        service: who is called.
        before: the Caddyfile of its calls; None where there is none.
        wanted: what is to be spoken at each port.
    """
    now = read_spoken(service, before) if before is not None else None
    if now is None or any(now[port] != said for port, said in wanted.items() if port in now):
        return None
    return {port: said for port, said in wanted.items() if port not in now}


def is_led(deploy: Deploy) -> bool:
    """Whether calls are carried as the target wants them, and as what serves does."""
    return not _find_stale(deploy.host, spoken_by(_under_way(deploy)))


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
    """Have calls carried as what serves wants them: what is missing is opened, what nobody is called at any more closed."""
    live = read_bundle(host.paths, read_live(host.paths))
    if live is not None:
        lead_as(host, spoken_by([live.release]))


def lead_as(host: Host, wanted: Mapping[str, Spoken]) -> None:
    """The same, for services that are called so."""
    for name, words in (*_lead(host, wanted), *_open_missing(host, wanted)):
        host.warn(f"{name}, which carries calls between services, does not take up its ports: {words}")
    for file in host.paths.carried.glob("*.caddy"):
        service, second, _ = file.stem.partition(_SECOND)
        spoken = read_spoken(service, _read(file) or "") or {}
        if second and not spoken.keys() & wanted.get(service, {}).keys():
            _end_second(host, file)
        elif service not in wanted:
            file.unlink(missing_ok=True)


def forget_carried(host: Host) -> None:
    """Remove the Caddyfiles of an app of which nothing is left."""
    for file in host.paths.carried.glob("*.caddy"):
        file.unlink(missing_ok=True)


def _lead(host: Host, wanted: Mapping[str, Spoken]) -> Iterator[tuple[str, str]]:
    """What does not take up its ports, in Caddy's words; its file stays as it was."""
    stale = _find_stale(host, wanted)
    plans = {name: plan_lead(name, _read(_file(host, name)), spoken) for name, spoken in stale.items()}
    running = list(_running(host, plans)) if plans else []
    said = [(one, _open(host, one, plans[one.carries] or {})) for one in running]
    anew = [one for one in running if plans[one.carries] is None]
    with leaving(host, anew):
        for one in anew:
            text = render_inside(one.carries, stale[one.carries])
            words = load_caddyfile(host.paths.inside_socket(one.service), text)
            said.append((one, words))
            # What serves is called at these ports: they are closed when the first one has them.
            for file in () if words else host.paths.carried.glob(f"{one.carries}{_SECOND}*.caddy"):
                _end_second(host, file)
    failed = {one.carries for one, words in said if words}
    for name, spoken in stale.items():
        if name not in failed:
            write_file(_file(host, name), render_inside(name, spoken).encode(), SHOWN_FILE)
    yield from ((one.name, words) for one, words in said if words)


def _open_missing(host: Host, wanted: Mapping[str, Spoken]) -> Iterator[tuple[str, str]]:
    """Open what should be open and is not: a second program may have died."""
    for one in _running(host, wanted):
        words = _open(host, one, wanted[one.carries])
        if words:
            yield one.name, words


def _open(host: Host, carrier: Container, spoken: Spoken) -> str:
    """Open these ports beside those that are open; what is wrong, if anything."""
    missing = {port: said for port, said in spoken.items() if not accepts(carrier, [port])}
    if not missing:
        return ""
    text = render_inside(carrier.carries, missing)
    second = f"{_SECOND}{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    file = _file(host, carrier.carries + second)
    write_file(file, text.encode(), SHOWN_FILE)
    admin = f"unix//fairlead/run/{host.paths.inside_socket(carrier.service + second).name}|0222"
    config = f"/fairlead/{CARRIED}/{file.name}"
    argv = ("caddy", "run", "--config", config, "--adapter", "caddyfile")
    host.engine.launch(carrier.id, argv, {"CADDY_ADMIN": admin})
    if wait_until(lambda: accepts(carrier, missing), timeout=_WAIT):
        return ""
    return f"nobody accepts a connection at port {' or '.join(map(str, missing))} after {_WAIT:g} s"


def _end_second(host: Host, file: Path) -> None:
    """End the second programs that go by a file; one that has ended with its container is forgotten.

    Only sockets of containers that run are asked: the folder is the proxy's to write, and whatever else it puts there.
    """
    service, second, mark = file.stem.partition(_SECOND)
    for carrier in _running(host, [service]):
        socket = host.paths.inside_socket(f"{carrier.service}{second}{mark}")
        if socket.exists():
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
    for one in read_app_containers(host.engine, host.paths):
        if one.role == ROLE and one.running and one.carries in services:
            yield one


def _under_way(deploy: Deploy) -> Sequence[Release]:
    live = deploy.state.live
    return [deploy.target.release, *([live.release] if live is not None else [])]


def _file(host: Host, name: str) -> Path:
    return host.paths.carried / f"{name}.caddy"


def _read(file: Path) -> Optional[str]:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        return None
