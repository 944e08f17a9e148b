"""The other fairlead.yaml files of a repository: where each deploys to, and what it holds there.

They are others' files: one that is broken, too large, a pipe or a link out of the repository is told, and nothing of it
ends the command. Whoever has two apps may have committed neither yet, so that files which git does not know count as
well; what it ignores does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from fairlead import passed, process
from fairlead.checkout import repository_root
from fairlead.errors import ToolMissingError
from fairlead.findings import Location
from fairlead.positions import Document, parse_yaml
from fairlead.settings.neighbours import hosts_of, plan_standings, served_by
from fairlead.settings.units import parse_host
from fairlead.settings.urls import holds_usual_ports
from fairlead.settings.values import FILE_NAME, Host
from fairlead.sources import SourceRefusedError, read_source, real_path

MOST_FILES = 100
MOST_BYTES = 64 * 1024
MOST_ENVIRONMENTS = 50


@dataclass(frozen=True)
class Tenant:
    """An environment of a fairlead.yaml, as the servers know it.

    Attributes:
        app: what the app is called there.
        hosts: the servers, by name and port of ssh.
        url: as it is written, or empty.
        names: what users call it by.
        edge: it stands behind the edge of its hosts.
        usual: it wants ports 80 and 443, as far as its url tells.
        place: of its ``edge``, else of its ``url``, else of itself; the path from the repository's root.
        address: of its ``url``, else of itself.
    """

    app: str
    hosts: frozenset[tuple[str, int]]
    url: str
    names: frozenset[str]
    edge: bool
    usual: bool
    place: Location
    address: Location


@dataclass(frozen=True)
class Others:
    """The environments of the other files, and which of these could not be looked at, with the reason."""

    tenants: tuple[Tenant, ...] = ()
    unread: tuple[str, ...] = ()

    def on(self, hosts: Iterable[tuple[str, int]]) -> tuple[Tenant, ...]:
        """Those on one of these servers."""
        wanted = frozenset(hosts)
        return tuple(one for one in self.tenants if one.hosts & wanted)


def find_others(root: Path) -> Others:
    """Look at the files beside the one that stands, or will stand, in a folder."""
    top = repository_root(root.resolve())
    if top is None:
        return Others()
    own = real_path(str(root / FILE_NAME))
    names = [name for name in dict.fromkeys(list_files(top)) if real_path(str(top / name)) != own]
    tenants: list[Tenant] = []
    unread = [f"{name}: only {MOST_FILES} are looked at" for name in names[MOST_FILES : MOST_FILES + 1]]
    for name in names[:MOST_FILES]:
        try:
            raw = read_source(str(top / name), [str(top)], MOST_BYTES)
            document = parse_yaml(raw.decode("utf-8-sig"), name)
        except (FileNotFoundError, NotADirectoryError):
            # Removed, and not committed yet.
            continue
        except SourceRefusedError as error:
            unread.append(f"{name}: {error}")
        except (OSError, UnicodeDecodeError):
            unread.append(f"{name}: it cannot be read")
        else:
            found = parse_tenants(document)
            tenants += found.values()
            if len(found) == MOST_ENVIRONMENTS:
                unread.append(f"{name}: only {MOST_ENVIRONMENTS} environments are looked at")
            unread += [f"{fault.location}: {fault.what}" for fault in document.faults[:1]]
    return Others(tuple(tenants), tuple(unread))


def list_files(top: Path) -> list[str]:
    """The paths of all fairlead.yaml that git has, or would take, from the repository's root; none outside of git."""
    argv = (
        *("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit"),
        *("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(top,glob)**/{FILE_NAME}"),
    )
    try:
        done = process.run(argv, env={"LC_ALL": "C"}, also=passed.GIT, cwd=top, check=False)
    except ToolMissingError:
        return []
    return [name for name in done.stdout.split("\0") if name] if done.ok else []


def parse_tenants(document: Document) -> dict[str, Tenant]:
    """The environments of a file by name; what is of the wrong type is passed over."""
    raw: dict[Any, Any] = document.value if isinstance(document.value, dict) else {}
    listed = raw.get("environments")
    # Each is held against each.
    few = dict(islice(listed.items(), MOST_ENVIRONMENTS)) if isinstance(listed, dict) else {}
    standings = plan_standings({**raw, "environments": few})
    found = {}
    for key, environment in few.items():
        standing = standings.get(str(key))
        if standing is None:
            continue
        url = environment.get("url")
        path = ("environments", key)
        address = document.location((*path, "url") if "url" in environment else path, key=True)
        place = document.location((*path, "edge"), key=True) if "edge" in environment else address
        found[str(key)] = Tenant(
            standing.name,
            hosts_of(environment),
            url if isinstance(url, str) else "",
            served_by(environment),
            standing.edge,
            holds_usual_ports(url),
            place,
            address,
        )
    return found


def key_of(host: Host | str) -> tuple[str, int]:
    """A server, whoever logs in there."""
    parsed = parse_host(host) if isinstance(host, str) else host
    return parsed.name.lower(), parsed.port


def contested(own: Tenant, others: Iterable[Tenant]) -> Iterator[Tenant]:
    """Those that want the ports that it wants."""
    return (one for one in others if own.usual and one.usual)
