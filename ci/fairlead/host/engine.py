"""The one door to the engine: its API over the unix socket, and ``docker`` / ``docker-compose`` as processes.

The API is used wherever it can be, because a call takes a millisecond and a process of the CLI sixty.
Compose has no API, so it is run: the plugin's binary by itself, which saves the detour over ``docker``.
A killed agent takes its processes along (PR_SET_PDEATHSIG), so that none works on behind the next agent's back.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from .errors import EngineFault

_API = "/v1.44"
_DEFAULT_SOCKET = "/var/run/docker.sock"
_TAIL_LINES = 20
_PR_SET_PDEATHSIG = 1
_COMPOSE_ENVIRON = {"COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "plain", "COMPOSE_IGNORE_ORPHANS": "true"}
_PLUGIN_FOLDERS = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


class ApiFault(EngineFault):
    """The engine answered with an error; ``status`` is its HTTP status."""

    def __init__(self, what: str, *, status: int, why: str = "") -> None:
        super().__init__(what, why=why)
        self.status = status


@dataclass(frozen=True)
class Finished:
    """How a process ended: its exit code and its output, both streams in one."""

    argv: tuple[str, ...]
    returncode: int
    output: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines that it printed."""
        return tuple(line for line in self.output.splitlines() if line.strip())[-_TAIL_LINES:]


class Engine:
    """The engine of this host. One instance may be used by several threads."""

    def __init__(self, socket_path: str, *, environ: Optional[Mapping[str, str]] = None) -> None:
        self._socket = socket_path
        self._environ = dict(os.environ if environ is None else environ)
        self._compose: Optional[tuple[str, ...]] = None
        self.hand_down: tuple[int, ...] = ()
        """Descriptors that processes inherit: the app's lock."""

    @classmethod
    def connect(cls, environ: Optional[Mapping[str, str]] = None) -> Engine:
        """The engine that ``DOCKER_HOST`` names, or the one at the usual socket.

        Raises:
            EngineFault: it is not on this host, not running, or not ours to use.
        """
        environ = os.environ if environ is None else environ
        engine = cls(find_socket(environ), environ=environ)
        engine.get("/_ping")
        return engine

    # The API

    def get(self, path: str, **query: object) -> Any:
        """The JSON (or text) of a GET.

        Raises:
            ApiFault: the engine refused.
            EngineFault: it does not answer.
        """
        return self.call("GET", path, query)

    def post(
        self, path: str, body: Optional[Mapping[str, Any]] = None, *, timeout: float = 60.0, **query: object
    ) -> Any:
        """The JSON (or text) of a POST. Raises as ``get`` does."""
        return self.call("POST", path, query, body=body, timeout=timeout)

    def delete(self, path: str, **query: object) -> Any:
        """DELETE; raises as ``get`` does."""
        return self.call("DELETE", path, query)

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        body: Optional[Mapping[str, Any]] = None,
        timeout: float = 60.0,
    ) -> Any:
        """One call of the API. Raises as ``get`` does."""
        with self._request(method, path, query, body, timeout) as answer:
            raw = answer.read()
        if answer.getheader("Content-Type", "").startswith("application/json") and raw:
            return json.loads(raw)
        return raw.decode(errors="replace")

    def containers(self, *labels: str) -> list[dict[str, Any]]:
        """All containers, running or not, that carry the labels (``key`` or ``key=value``), as the API lists them."""
        found: list[dict[str, Any]] = self.get(
            "/containers/json", all="1", filters=json.dumps({"label": list(labels)})
        )
        return found

    def inspect(self, container: str) -> Optional[dict[str, Any]]:
        """A container in full, or None when it is gone."""
        return self._optional(f"/containers/{urllib.parse.quote(container)}/json")

    def image(self, reference: str) -> Optional[dict[str, Any]]:
        """An image in full by reference or id, or None when it is not on the host."""
        return self._optional(f"/images/{urllib.parse.quote(reference, safe='/:@')}/json")

    def start(self, container: str) -> None:
        """Start a container; one that runs is left alone."""
        self.post(f"/containers/{container}/start")

    def stop(self, container: str, *, grace: float) -> None:
        """Send the container its stop signal and wait; its own ``stop_grace_period`` (seconds) decides on SIGKILL."""
        with contextlib.suppress(_Gone):
            self._unless_gone(self.post, f"/containers/{container}/stop", timeout=grace + 30)

    def remove(self, container: str) -> None:
        """Remove a container with its anonymous volumes, running or not; one that is gone is no error."""
        with contextlib.suppress(_Gone):
            self._unless_gone(self.delete, f"/containers/{container}", force="1", v="1")

    def remove_image(self, reference: str) -> bool:
        """Remove an image; False when something still uses it, or it is not there."""
        try:
            self.delete(f"/images/{urllib.parse.quote(reference, safe='/:@')}")
        except ApiFault as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def logs(self, container: str, *, tail: int, follow: bool = False) -> Iterator[str]:
        """The container's output, line by line, both streams; empty when the engine keeps none."""
        details = self.inspect(container)
        if details is None:
            return
        path = f"/containers/{container}/logs"
        query = {"stdout": "1", "stderr": "1", "tail": str(tail), "follow": "1" if follow else "0"}
        timeout = None if follow else 30.0
        try:
            with self._request("GET", path, query, None, timeout) as answer:
                read = answer.read1 if follow else answer.read
                chunks = iter(lambda: read(1 << 16), b"")
                yield from split_lines(chunks if details["Config"].get("Tty") else _demultiplex(chunks))
        except ApiFault:
            return

    # Processes

    def compose(self, project: str, file: Path, *words: str, timeout: Optional[float] = None) -> Finished:
        """Run ``docker-compose -p project -f file …`` to its end."""
        return self.run(self.compose_argv(project, file, *words), timeout=timeout)

    def compose_argv(self, project: str, file: Path, *words: str) -> tuple[str, ...]:
        """The command line of Compose.

        Raises:
            EngineFault: Compose is not installed.
        """
        if self._compose is None:
            self._compose = find_compose(self._environ)
        # No .env of some working folder, no COMPOSE_* of some shell: the file says everything.
        return (
            *self._compose,
            "--project-directory",
            str(file.parent),
            "-p",
            project,
            "-f",
            str(file),
            *words,
        )

    def compose_version(self) -> str:
        """The version of Compose, like ``2.26.1``.

        Raises:
            EngineFault: Compose is not installed.
        """
        if self._compose is None:
            self._compose = find_compose(self._environ)
        return self.run((*self._compose, "version", "--short"), timeout=30).output.strip().lstrip("v")

    def pull(self, reference: str, config: Optional[Path]) -> Finished:
        """Pull an image with the credentials of the folder ``config``, or with the host's own."""
        words = ("--config", str(config)) if config is not None else ()
        return self.run(("docker", *words, "pull", "--quiet", reference))

    def run(self, argv: Sequence[str], *, timeout: Optional[float] = None) -> Finished:
        """Run a program of the engine's to its end; a non-zero exit is for the caller to judge.

        Raises:
            EngineFault: it is not installed, or took longer than ``timeout`` seconds.
        """
        with self.begin(argv) as process:
            try:
                output = process.communicate(timeout=timeout)[0]
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise EngineFault(f"`{shlex.join(argv)}` did not end within {timeout:g} s") from error
        return Finished(tuple(argv), process.returncode, output.decode(errors="replace"))

    def run_watched(self, argv: Sequence[str], watch: Callable[[], None], *, poll: float) -> Finished:
        """Run a program and call ``watch`` every ``poll`` seconds meanwhile; what that raises ends the program."""
        with self.begin(argv) as process:
            output: list[bytes] = []
            # Taken while it prints: a full pipe would stop it.
            reader = threading.Thread(target=output.extend, args=(process.stdout,), daemon=True)
            reader.start()
            while not _has_ended(process, poll):
                watch()
            reader.join()
        return Finished(tuple(argv), process.returncode, b"".join(output).decode(errors="replace"))

    @contextlib.contextmanager
    def begin(self, argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start a program, both its streams in ``stdout``; it is killed should the block be left before it ends.

        Raises:
            EngineFault: it is not installed.
        """
        try:
            process = subprocess.Popen(  # noqa: S603 - this module is the door; argv only, no shell
                tuple(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._process_environ(),
                pass_fds=self.hand_down,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, looked up before the fork
            )
        except FileNotFoundError as error:
            raise EngineFault(
                f"`{argv[0]}` is not installed on the server", fix="`fairlead host check`"
            ) from error
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def _process_environ(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self._environ.items()
            if not name.startswith(("COMPOSE_", "DOCKER_"))
        }
        for name in ("DOCKER_CONFIG", "DOCKER_CERT_PATH"):
            if name in self._environ:
                kept[name] = self._environ[name]
        return {**kept, **_COMPOSE_ENVIRON, "DOCKER_HOST": f"unix://{self._socket}"}

    def _optional(self, path: str) -> Optional[dict[str, Any]]:
        try:
            found: dict[str, Any] = self.get(path)
        except ApiFault as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise
        return found

    def _unless_gone(self, call: Callable[..., Any], path: str, **query: Any) -> None:
        try:
            call(path, **query)
        except ApiFault as error:
            # 409: somebody else's removal is under way.
            if error.status in (http.client.NOT_FOUND, http.client.CONFLICT, http.client.NOT_MODIFIED):
                raise _Gone from error
            raise

    @contextlib.contextmanager
    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        body: Optional[Mapping[str, Any]],
        timeout: Optional[float],
    ) -> Iterator[http.client.HTTPResponse]:
        target = path if path == "/_ping" else _API + path
        if query:
            target += "?" + urllib.parse.urlencode({key: str(value) for key, value in query.items()})
        payload = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection = UnixConnection(self._socket, timeout)
        try:
            connection.request(method, target, payload, headers)
            answer = connection.getresponse()
            if answer.status >= http.client.BAD_REQUEST:
                raise _api_fault(method, path, answer)
            yield answer
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self._socket, error) from error
        finally:
            connection.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket: the engine's, and the admin socket of the proxy."""

    def __init__(self, path: str, timeout: Optional[float]) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Gone(Exception):  # noqa: N818 - a signal, not an error
    """The container is not there any more."""


def find_socket(environ: Mapping[str, str]) -> str:
    """The engine's socket by ``DOCKER_HOST``, the usual place, or a rootless engine's.

    Raises:
        EngineFault: ``DOCKER_HOST`` names an engine that is not on this host.
    """
    host = environ.get("DOCKER_HOST", "")
    if host.startswith("unix://"):
        return host[len("unix://") :]
    if host:
        raise EngineFault(
            f"DOCKER_HOST is {host!r}, an engine over the network",
            why="the agent works on the engine of the server it runs on: it mounts files of this server",
            fix="unset DOCKER_HOST for this user, or name the other server in `hosts`",
        )
    return _DEFAULT_SOCKET


def find_compose(environ: Mapping[str, str]) -> tuple[str, ...]:
    """How to run Compose: the plugin's own binary where it is found, else ``docker compose``.

    Raises:
        EngineFault: neither is there.
    """
    config = environ.get("DOCKER_CONFIG")
    folders = ([f"{config}/cli-plugins"] if config else []) + list(_PLUGIN_FOLDERS)
    for folder in folders:
        plugin = Path(folder).expanduser() / "docker-compose"
        if os.access(plugin, os.X_OK):
            return (str(plugin),)
    if shutil.which("docker", path=environ.get("PATH")):
        return ("docker", "compose")
    raise EngineFault(
        "Compose is not installed on the server", fix="`fairlead host setup` says how to install it"
    )


def wait_until(ready: Callable[[], bool], *, timeout: float, poll: float = 0.05) -> bool:
    """Ask again and again until it is so; False when ``timeout`` seconds have passed."""
    deadline = time.monotonic() + timeout
    while not ready():
        if time.monotonic() >= deadline:
            return False
        time.sleep(poll)
    return True


def _has_ended(process: subprocess.Popen[bytes], patience: float) -> bool:
    try:
        process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def split_lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Bytes as they come, as lines of text."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")


def _demultiplex(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The payloads of the engine's log stream: frames of 8 bytes header (stream, length) and content."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= 8:
            size = int.from_bytes(buffer[4:8], "big")
            if len(buffer) < 8 + size:
                break
            yield buffer[8 : 8 + size]
            buffer = buffer[8 + size :]


def _api_fault(method: str, path: str, answer: http.client.HTTPResponse) -> ApiFault:
    raw = answer.read().decode(errors="replace")
    try:
        message = str(json.loads(raw)["message"])
    except (ValueError, KeyError, TypeError):
        message = raw.strip()
    return ApiFault(f"the engine refused {method} {path}", status=answer.status, why=message)


def _unreachable(path: str, error: Exception) -> EngineFault:
    if isinstance(error, PermissionError):
        return EngineFault(
            f"this user may not use the engine ({path})",
            why="the user is not in the group docker",
            fix="as root: `usermod -aG docker USER`, then log in again; `fairlead host setup` does it",
        )
    return EngineFault(
        f"the engine does not answer at {path}",
        why=str(error) or type(error).__name__,
        fix="start it: `systemctl start docker`; `systemctl status docker` says why it does not",
    )


_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
