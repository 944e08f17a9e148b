"""The engine's API over its unix socket: what the agent asks of containers and images, a millisecond a call."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Optional, Union

from ..wire.errors import EngineFault
from .bounded import Bound, OverdueError, TooLargeError
from .unixhttp import UnixConnection, read_frames, split_lines

_API = "/v1.44"
_READY_POLL = 0.1
_MAX_ANSWER = 1 << 26
"""Bytes of one answer of the engine: hundreds of containers in full take a few million."""
_MAX_OUTPUT = 1 << 20
"""Bytes that a command in a container may print before it counts as one that does not end."""
_IDLE = 30.0


class ApiFault(EngineFault):
    """The engine answered with an error; ``status`` is its HTTP status."""

    def __init__(self, what: str, *, status: int, why: str = "") -> None:
        super().__init__(what, why=why)
        self.status = status


class EngineApi:
    """The engine behind a socket. One instance may be used by several threads."""

    def __init__(self, socket_path: str) -> None:
        self.socket_path = socket_path

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
        with self._request(method, path, query, body, Bound(timeout, _MAX_ANSWER)) as answer:
            raw = answer.read()
        if answer.getheader("Content-Type", "").startswith("application/json") and raw:
            return json.loads(raw)
        return raw.decode(errors="replace")

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Wait until the engine answers: one that is restarted is back in seconds.

        Raises:
            EngineFault: it does not answer within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.get("/_ping")
            except EngineFault:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_READY_POLL)
            else:
                return

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

    def memory_of(self, container: str) -> int:
        """The bytes of memory that a running container cannot give back, as ``docker stats`` counts them.

        Raises:
            ApiFault: it is not there.
        """
        memory = self._stats(container).get("memory_stats") or {}
        return max(0, int(memory.get("usage", 0)) - int((memory.get("stats") or {}).get("inactive_file", 0)))

    def processor_of(self, container: str) -> float:
        """The seconds of a processor that a running container has had; 0 where the kernel does not tell.

        Raises:
            ApiFault: it is not there.
        """
        usage = (self._stats(container).get("cpu_stats") or {}).get("cpu_usage") or {}
        return float(usage.get("total_usage") or 0) / 1e9

    def _stats(self, container: str) -> dict[str, Any]:
        path = f"/containers/{urllib.parse.quote(container)}/stats"
        found: dict[str, Any] = self.get(path, stream="0", **{"one-shot": "1"})
        return found

    def start(self, container: str) -> None:
        """Start a container; one that runs is left alone."""
        self.post(f"/containers/{container}/start")

    def stop(self, container: str, *, grace: float, within: Optional[float] = None) -> None:
        """Send the container its stop signal and wait.

        Its own ``stop_grace_period``, ``grace`` in seconds, decides on SIGKILL, or ``within`` where that is given.
        """
        query = {} if within is None else {"t": str(round(within))}
        with contextlib.suppress(_Gone):
            self._unless_gone(self.post, f"/containers/{container}/stop", timeout=grace + 30, **query)

    def remove(self, container: str, *, volumes: bool = True) -> None:
        """Remove a container, by default with its nameless volumes, running or not; one that is gone is no error."""
        with contextlib.suppress(_Gone):
            self._unless_gone(self.delete, f"/containers/{container}", force="1", v="1" if volumes else "0")

    def execute(self, container: str, argv: Sequence[str], *, timeout: float) -> Optional[int]:
        """Run a command in a running container, as its own user; its exit code, or None when it did not end in time.

        What it prints is nobody's business here, and is not kept; one that floods does not end in time either.

        Raises:
            ApiFault: the container does not run, or has no such program.
        """
        body = {"Cmd": list(argv), "AttachStdout": True, "AttachStderr": True}
        name = self.post(f"/containers/{container}/exec", body)["Id"]
        start = {"Detach": False, "Tty": False}
        bound = Bound(timeout, _MAX_OUTPUT)
        try:
            # The answer ends when the command does.
            with self._request("POST", f"/exec/{name}/start", {}, start, bound) as answer:
                while answer.read1(1 << 16):
                    pass
        except EngineFault as error:
            if isinstance(error.__cause__, (OverdueError, TooLargeError)):
                return None
            raise
        code: Optional[int] = self.get(f"/exec/{name}/json")["ExitCode"]
        return code

    def launch(self, container: str, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start a program in a running container, as its own user, and leave it to itself; it ends with the container.

        Raises:
            ApiFault: the container does not run, or has no such program.
        """
        body = {"Cmd": list(argv), "Env": [f"{name}={value}" for name, value in environ.items()]}
        name = self.post(f"/containers/{container}/exec", body)["Id"]
        self.post(f"/exec/{name}/start", {"Detach": True, "Tty": False})

    def get_archive(self, container: str, path: str, most: int) -> bytes:
        """A file or folder of a container as a tar archive, running or not. Raises as ``get`` does."""
        bound = Bound(60.0, most)
        with self._request("GET", f"/containers/{container}/archive", {"path": path}, None, bound) as answer:
            return answer.read()

    def put_archive(self, container: str, path: str, content: bytes) -> None:
        """Unpack a tar archive in a folder of a container, running or not, as root. Raises as ``get`` does."""
        query, bound = {"path": path}, Bound(600.0, _MAX_ANSWER)
        with self._request("PUT", f"/containers/{container}/archive", query, content, bound) as answer:
            answer.read()

    def drop_image(self, reference: str) -> bool:
        """Remove an image; whether it is gone: False when something still uses it."""
        try:
            self.delete(f"/images/{urllib.parse.quote(reference, safe='/:@')}")
        except ApiFault as error:
            if error.status in (http.client.NOT_FOUND, http.client.CONFLICT):
                return error.status == http.client.NOT_FOUND
            raise
        return True

    def logs(
        self,
        container: str,
        *,
        tail: int,
        follow: bool = False,
        bound: Optional[Bound] = None,
        stdout: bool = True,
    ) -> Iterator[str]:
        """The container's output, line by line, both streams or stderr alone; empty when the engine keeps none.

        Raises:
            EngineFault: it does not answer, or there is more than ``bound`` allows.
        """
        details = self.inspect(container)
        if details is None:
            return
        path = f"/containers/{container}/logs"
        wanted = {"stdout": "1" if stdout else "0", "stderr": "1"}
        query = {**wanted, "tail": str(tail), "follow": "1" if follow else "0"}
        bound = bound or (Bound() if follow else Bound(idle=_IDLE))
        try:
            with self._request("GET", path, query, None, bound) as answer:
                chunks = iter(lambda: answer.read1(1 << 16), b"")
                yield from split_lines(chunks if details["Config"].get("Tty") else read_frames(chunks))
        except ApiFault:
            return

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
        body: Union[Mapping[str, Any], bytes, None],
        bound: Bound,
    ) -> Iterator[http.client.HTTPResponse]:
        target = path if path == "/_ping" else _API + path
        if query:
            target += "?" + urllib.parse.urlencode({key: str(value) for key, value in query.items()})
        payload, headers = None, {}
        if isinstance(body, bytes):
            payload, headers = body, {"Content-Type": "application/x-tar"}
        elif body is not None:
            payload, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        connection = UnixConnection(self.socket_path, bound)
        try:
            connection.request(method, target, payload, headers)
            with connection.getresponse() as answer:
                if answer.status >= http.client.BAD_REQUEST:
                    raise _api_fault(method, path, answer)
                yield answer
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.socket_path, error) from error
        finally:
            connection.close()


class _Gone(Exception):  # noqa: N818 - a signal, not an error
    """The container is not there any more."""


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
    if isinstance(error, (OverdueError, TooLargeError)):
        return EngineFault(f"the answer of the engine ({path}) does not end", why=str(error))
    return EngineFault(
        f"the engine does not answer at {path}",
        why=str(error) or type(error).__name__,
        fix="start it: `systemctl start docker`; `systemctl status docker` says why it does not",
    )
