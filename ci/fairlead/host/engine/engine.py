"""The one door to the engine: its API over the unix socket, and ``docker`` / ``docker-compose`` as processes.

The API is used wherever it can be, because a call takes a millisecond and a process of the CLI sixty.
Compose has no API, so it is run: the plugin's binary by itself, which saves the detour over ``docker``.
A killed agent takes its processes along (PR_SET_PDEATHSIG), so that none works on behind the next agent's back.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..disk.variables import read_values
from ..wire.cut import cut
from ..wire.errors import EngineFault
from .api import EngineApi

_DEFAULT_SOCKET = "/var/run/docker.sock"
_TAIL_LINES = 20
_LONGEST_LINE = 2000
_KEPT_OUTPUT = 1 << 20
"""Bytes of what a program prints that are kept, its last ones: some of it may come from a container."""
_PIPE_WAIT = 5.0
"""Seconds for the rest of the output of a program that has ended; a child of it may hold the pipe open."""
_PULL_POLL = 0.25
_RUN_POLL = 0.25
_RUN_SECONDS = 1800.0
"""For a program that nobody gave a time, such as a Compose that waits for a command in a container: the lock is held."""
_PR_SET_PDEATHSIG = 1
_COMPOSE_ENVIRON = {"COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "plain", "COMPOSE_IGNORE_ORPHANS": "true"}
_PLUGIN_FOLDERS = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


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
        lines = [line for line in self.output.splitlines() if line.strip()][-_TAIL_LINES:]
        return tuple(cut(line, _LONGEST_LINE) for line in lines)


class _Tail:
    """The end of what a program prints, in whole lines: of a value that lost its beginning nobody knows the rest."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._whole = True

    @property
    def text(self) -> str:
        kept = self._kept if self._whole else self._kept.partition(b"\n")[2]
        return kept.decode(errors="replace")

    def take(self, handle: int) -> None:
        """Read it to its end, and close it."""
        try:
            while chunk := os.read(handle, 1 << 16):
                self._kept += chunk
                self._whole = self._whole and len(self._kept) <= _KEPT_OUTPUT
                del self._kept[:-_KEPT_OUTPUT]
        finally:
            os.close(handle)


class Engine(EngineApi):
    """The engine of this host. One instance may be used by several threads."""

    def __init__(self, socket_path: str, *, environ: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(socket_path)
        self._environ = dict(os.environ if environ is None else environ)
        self._compose: Optional[tuple[str, ...]] = None
        self.hand_down: tuple[int, ...] = ()
        """Descriptors that processes inherit: the app's lock."""
        self.until = math.inf
        """When what is run has to have ended, whatever it is (monotonic seconds): the end of the phase."""

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

    def compose(self, project: str, file: Path, *words: str, timeout: Optional[float] = None) -> Finished:
        """Run ``docker-compose -p project -f file …`` to its end."""
        argv = self.compose_argv(project, file, *words)
        return self.run(argv, timeout=timeout, values=read_values(file))

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

    def pull(self, reference: str, config: Optional[Path], watch: Callable[[], None]) -> Finished:
        """Pull an image with the credentials of the folder ``config``, or with the host's own; see ``run_watched``."""
        words = ("--config", str(config)) if config is not None else ()
        return self.run_watched(("docker", *words, "pull", "--quiet", reference), watch, poll=_PULL_POLL)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: Optional[float] = None,
        values: Optional[Mapping[str, str]] = None,
    ) -> Finished:
        """Run a program of the engine's to its end; a non-zero exit is for the caller to judge.

        Args:
            argv: what to run.
            timeout: seconds.
            values: variables that it gets on top of those of this process (``variables``).

        Raises:
            EngineFault: it is not installed, or took longer than ``timeout`` seconds, or than the phase may.
        """
        until = min(self.until, time.monotonic() + (_RUN_SECONDS if timeout is None else timeout))
        return self.run_watched(argv, lambda: None, poll=_RUN_POLL, until=until, values=values)

    def run_watched(
        self,
        argv: Sequence[str],
        watch: Callable[[], None],
        *,
        poll: float,
        until: Optional[float] = None,
        values: Optional[Mapping[str, str]] = None,
    ) -> Finished:
        """Run a program and call ``watch`` every ``poll`` seconds meanwhile; what that raises ends the program.

        Raises:
            EngineFault: it is not installed, or has not ended ``until`` then, the end of the phase if nothing is said.
        """
        until = self.until if until is None else until
        began = time.monotonic()
        with self.begin(argv, values) as process:
            output = _Tail()
            # Taken while it prints: a full pipe would stop it. By a handle of its own, which nobody else closes.
            handle = os.dup(process.stdout.fileno()) if process.stdout is not None else -1
            reader = threading.Thread(target=output.take, args=(handle,), daemon=True)
            reader.start()
            while not _has_ended(process, reader, max(0.0, min(poll, until - time.monotonic()))):
                watch()
                if time.monotonic() >= until:
                    process.kill()
                    took = time.monotonic() - began
                    raise EngineFault(f"`{shlex.join(argv)}` did not end within {took:.3g} s")
            reader.join(_PIPE_WAIT)
        return Finished(tuple(argv), process.returncode, output.text)

    @contextlib.contextmanager
    def begin(
        self, argv: Sequence[str], values: Optional[Mapping[str, str]] = None
    ) -> Iterator[subprocess.Popen[bytes]]:
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
                env={**self._process_environ(), **(values or {})},
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
        return {**kept, **_COMPOSE_ENVIRON, "DOCKER_HOST": f"unix://{self.socket_path}"}


def run_filter(argv: Sequence[str], content: bytes, seconds: float) -> tuple[int, str]:
    """Give a tool of the host its standard input; its exit code and what it said.

    Raises:
        EngineFault: it is not installed, or takes longer than ``seconds``.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this module is the door; argv only, no shell
            tuple(argv),
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFault(
            f"`{argv[0]}` does not run on the server", why=str(error), fix=f"install {argv[0]} there"
        ) from error
    return done.returncode, done.stdout.decode("utf-8", "replace")


def find_socket(environ: Mapping[str, str]) -> str:
    """The engine's socket by ``DOCKER_HOST``, the usual place, or where there is nothing, a rootless engine's.

    A rootless engine is no engine for Fairlead; it is looked for so that it can be told as such.

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
    own = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "docker.sock"
    return str(own) if own.is_socket() and not Path(_DEFAULT_SOCKET).exists() else _DEFAULT_SOCKET


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


def _has_ended(process: subprocess.Popen[bytes], reader: threading.Thread, patience: float) -> bool:
    """Whether a program has ended; with the end of its output that is noticed at once."""
    reader.join(patience)
    if reader.is_alive():
        return process.poll() is not None
    try:
        process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        return False
    return True


_LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
