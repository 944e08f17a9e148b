"""Where chaos happens: a server of the lab, an app on it, the command that deploys it, and a load on it."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
import time
import urllib.request
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import fairlead.host
from fairlead import passed, process
from fairlead.tools.cache import cache_dir
from lab import invariants
from lab.load.plan import Part, Plan, Protocol, parse_target
from lab.load.run import Load
from lab.state import Lab, Server, load
from lab.up import wait_for_servers
from lab.wipe import wipe_server

CHECKOUT = Path(__file__).resolve().parents[1]
APP = "chaos"
HOME = f"/srv/fairlead/{APP}"
PARTS = (
    Part(Protocol.H1, rate=30, clients=8),
    Part(Protocol.H1, "/inner", rate=10, clients=4),
    Part(Protocol.POST, rate=10, clients=4, size=1024),
)
_CHECK = "/var/tmp/fairlead-invariants"  # noqa: S108 - in the server, whose one user is this
_IDLE_SECONDS = 120.0


def idle_argv(home: str, seconds: float) -> list[str]:
    """The command that waits, on a server, until no task of an app is at work and nobody holds its lock.

    The lock alone would not do: a task lets it go when its end is told, and takes it once more to tidy up.

    Args:
        home: the app's folder on the server.
        seconds: the time that each task, and the lock, may take before the command fails.
    """
    wait = f'for file in {home}/tasks/*/alive {home}/lock; do [ ! -e "$file" ] || flock --shared --wait {seconds:g} "$file" true'
    return ["sh", "-c", f"{wait} || exit 1; done"]


@dataclass
class Arena:
    """The lab, one server of it, and a copy of the app's repository.

    Attributes:
        known: networks, volumes and logins of the server when nothing was under way: what there is of them later
            and was not then, was left behind.
    """

    lab: Lab
    number: int
    root: Path
    environ: dict[str, str]
    turn: int = 0
    known: frozenset[str] = field(default_factory=frozenset)

    @property
    def server(self) -> Server:
        return self.lab.server(self.number)

    @property
    def url(self) -> str:
        return f"http://{self.server.address}"

    def fairlead(self, *words: str, check: bool = True) -> process.Completed:
        """Run ``fairlead`` in the repository."""
        return process.run(
            self.argv(*words),
            cwd=self.root,
            env=self.environ,
            also=passed.PYTHON,
            check=check,
            timeout=300,
        )

    def argv(self, *words: str) -> list[str]:
        """The command line of ``fairlead``."""
        return [sys.executable, "-m", "fairlead", "--json", *words]

    def on_server(self, *argv: str, stdin: bytes = b"", check: bool = True) -> str:
        """Run a command on the server's console."""
        words = ["docker", "exec", "--interactive", self.server.name, *argv]
        return process.run(words, stdin=stdin or None, check=check, timeout=180).stdout

    def script_argv(self, name: str, *words: str) -> list[str]:
        """The command line that runs one of the scripts on the server."""
        text = resources.files("chaos").joinpath("scripts", name).read_text("utf-8")
        return ["docker", "exec", self.server.name, "python3", "-c", text, *words]

    def release(self, fault: str = "") -> str:
        """Make the next release in the repository: the same images with another variable; its name."""
        self.turn += 1
        name = f"r{self.turn}"
        file = self.root / "fairlead.yaml"
        variables = f"{{RELEASE: {name}{f', FAULT: {fault}' if fault else ''}}}"
        before, _, _ = file.read_text().partition("    variables:")
        file.write_text(f"{before}    variables: {variables}\n")
        return name

    def start_load(self) -> Load:
        """Requests of users, until it is stopped."""
        target, _ = parse_target(self.url)
        return Load(Plan(target, PARTS, seconds=24 * 3600, timeout=20.0), self.url, 1)

    def wait_until_up(self) -> None:
        """Wait until the server lets the deploy user in, and its engine answers."""
        wait_for_servers(Lab(**{**vars(self.lab), "servers": {self.number: self.server}}))

    def wait_until_idle(self) -> None:
        """Wait until nothing is at work on the app any more: an agent whose client has gone goes on by itself."""
        self.on_server(*idle_argv(HOME, _IDLE_SECONDS))

    def wait_until_judged(self) -> None:
        """Wait until the engine has looked at every container: one that was restarted forgets how healthy they are."""
        look = 'docker ps --quiet --filter "health=starting"'
        self.on_server("sh", "-c", f'for i in $(seq 60); do [ -z "$({look})" ] && break; sleep 0.5; done')

    def ensure_way_back(self) -> None:
        """Have a release to go back to: rollback after rollback, there comes a first one."""
        if json.loads(self.ask_server("status").stdout)["previous"] is None:
            self.release()
            self.fairlead("deploy")
            self.wait_until_idle()

    def repair(self) -> process.Completed:
        """Put the app in order without the client."""
        return self.ask_server("repair")

    def ask_server(self, verb: str) -> process.Completed:
        """The server's own command, as the deploy user."""
        words = ("docker", "exec", "--user", "deploy", self.server.name, f"{HOME}/fairlead", verb, "--json")
        return process.run(words, check=False, timeout=180)

    def serving(self) -> str:
        """The release that is switched to."""
        return self.on_server("readlink", f"{HOME}/live").strip().rpartition("/")[2]

    def label(self) -> str:
        """Which release answers, by its own account."""
        with urllib.request.urlopen(f"{self.url}/", timeout=20) as answer:
            return str(answer.headers["X-Release"])

    def label_of(self, release: str) -> str:
        """The name that was given to a release in its variables."""
        text = self.on_server("cat", f"{HOME}/releases/{release}/release.json")
        environment = json.loads(text)["services"]["web"]["definition"]["environment"]
        return str(environment["RELEASE"])

    def find_disorder(self) -> list[str]:
        """What does not hold on the server, by ``lab.invariants`` and by what else there is on its engine."""
        text = (
            f"import sys; sys.path.insert(0, {_CHECK!r})\n"
            "from pathlib import Path\n"
            "from fairlead.host.engine.engine import Engine\nfrom fairlead.host.disk.paths import app_paths\n"
            "from lab.invariants import find_disorder\n"
            f"for line in find_disorder(app_paths(Path('/srv/fairlead'), {APP!r}), Engine.connect()): print(line)"
        )
        told = self.on_server("python3", "-c", text).splitlines()
        return [*told, *(f"{one} was left" for one in sorted(self.list_resources() - self.known))]

    def list_resources(self) -> frozenset[str]:
        """Networks, volumes, logins, secrets and sockets on the server."""
        words = (
            "docker network ls --format 'network {{.Name}}'; docker volume ls --format 'volume {{.Name}}';"
            "ls -d /dev/shm/fairlead-login-* 2>/dev/null;"
            f"find {HOME}/run {HOME}/secrets -not -name '.*' -type f -o -type s"
        )
        return frozenset(self.on_server("sh", "-c", words).splitlines())


def lay_out(number: int, *, small_disk: bool = False) -> Arena:
    """An empty server of the lab with the app on it, two releases, so that there is one to go back to."""
    from lab.fault.inflict import make_small_disk
    from lab.fault.plan import Options

    lab = load()
    root = cache_dir() / "chaos" / f"{lab.name}-{number}"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(CHECKOUT / "tests" / "e2e" / "apps" / "streams", root)
    (root / "fairlead-baseline.json").unlink()
    shutil.copytree(CHECKOUT / "chaos" / "app", root, dirs_exist_ok=True)
    file = root / "fairlead.yaml"
    file.write_text(file.read_text().replace("127.0.0.3", lab.server(number).address))
    environ = {
        **lab.environ,
        "FAIRLEAD_REGISTRY": f"{lab.registry}/chaos-{time.time_ns():x}",
        "FAIRLEAD_SECRET_CANARY": "canary",
    }
    arena = Arena(lab, number, root, environ)
    wipe_server(arena.server)
    if small_disk:
        make_small_disk(lab, number, Options())
    arena.fairlead("validate", "--write-baseline")
    _commit(arena)
    arena.on_server("rm", "-rf", _CHECK)
    arena.on_server("mkdir", _CHECK)
    arena.on_server("tar", "-x", "-C", _CHECK, stdin=_pack_check())
    arena.fairlead("ship")
    arena.release()
    arena.fairlead("deploy")
    arena.known = arena.list_resources()
    return arena


def _commit(arena: Arena) -> None:
    who = ("-c", "user.name=Chaos", "-c", "user.email=chaos@example.com")
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("commit", "--quiet", "-m", "first"),
    ):
        process.run(["git", *who, *words], cwd=arena.root)


def _pack_check() -> bytes:
    """What ``find_disorder`` needs on the server, as an archive: the agent's package and the invariants."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(Path(fairlead.host.__file__).parent, "fairlead/host", filter=_plain)
        archive.add(Path(invariants.__file__), "lab/invariants.py", filter=_plain)
    return buffer.getvalue()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name else entry
