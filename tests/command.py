"""The command ``fairlead`` as a process of its own, forked from one that has imported it already.

Half of the processor time of a call goes into starting Python and importing: 0.3 to 0.5 s, and the tests make a
thousand calls. What is forked has the words, environment, folder and streams of the call and nothing of the tests.
``validate`` is another matter, for how it is loaded is a part of it; so is what a signal does to a process: those tests
start one from scratch.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.ended import Ended

ROOT = Path(__file__).parents[1]
# Not for a process of the client: what runs elsewhere, or as soon as it is imported.
_NOT_IMPORTED = (
    "__main__",
    "fairlead.host.",
    "lab.fault.scripts",
    "fairlead.remote.loader",
    "fairlead.schemas.re",
    "fairlead.lsp.",
)
_SIZE = 1 << 20


def run_fairlead(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str = "", timeout: float = 240
) -> Ended:
    """Run ``fairlead`` with these words in a folder, with this environment and no other.

    Raises:
        subprocess.TimeoutExpired: it was killed, as it had not ended by then.
    """
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) for _ in range(3)]
        streams[0].write(stdin)
        streams[0].seek(0)
        if words and "validate" in words[:2]:
            argv = [sys.executable, "-m", "fairlead", *words]
            given, told, complained = streams
            code = subprocess.run(
                argv,
                cwd=cwd,
                env=env,
                stdin=given,
                stdout=told,
                stderr=complained,
                timeout=timeout,
                check=False,
            ).returncode
        else:
            call = {"words": list(words), "cwd": str(cwd), "env": dict(env)}
            code = _fork(call, [stream.fileno() for stream in streams], timeout)
        for stream in streams:
            stream.seek(0)
        return Ended(code, streams[1].read(), streams[2].read())


def _fork(call: Mapping[str, object], streams: list[int], timeout: float) -> int:
    """Have a call made, and wait for its end: the exit code, or the signal as a negative number."""
    # Message by message: as a stream the number of the process and its end might come as one.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(_mother(), [json.dumps(call).encode()], [*streams, theirs.fileno()])
        theirs.close()
        pid = int(ours.recv(64))
        ours.settimeout(timeout)
        try:
            return int(ours.recv(64))
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired([str(call["words"])], timeout) from None


@functools.cache
def _mother() -> socket.socket:
    """The connection to the process that has imported everything, started by the first call."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ours, theirs:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SIZE)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.command", str(theirs.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'ci'}:{ROOT}"},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()

    def leave() -> None:
        ours.close()
        process.wait()

    atexit.register(leave)
    return ours


def serve(connection: socket.socket) -> None:
    """Be the mother: fork for each call that comes, until nobody can call any more."""
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    while True:
        message, handles, _, _ = socket.recv_fds(connection, _SIZE, 4)
        if not message:
            return
        if os.fork() == 0:
            connection.close()
            _keep(json.loads(message), handles)
        for handle in handles:
            os.close(handle)


def _import_all() -> None:
    import fairlead

    for module in pkgutil.walk_packages(fairlead.__path__, "fairlead."):
        if not any(name in f"{module.name}." for name in _NOT_IMPORTED):
            importlib.import_module(module.name)
    for name in "requests", "rich.live", "rich.spinner", "jsonschema":
        importlib.import_module(name)


def _keep(call: dict[str, object], handles: list[int]) -> None:
    """Fork the process of a call, tell who it is and how it ended, and leave."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, teller = handles
    pid = os.fork()
    if pid == 0:
        os.close(teller)
        _be(call, streams)
    os.write(teller, str(pid).encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # who called has lost patience
        os.write(teller, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _be(call: dict[str, object], streams: list[int]) -> None:
    """Be the process of a call."""
    code: object = 1
    try:
        for number, handle in enumerate(streams):
            os.dup2(handle, number)
            os.close(handle)
        os.chdir(str(call["cwd"]))
        os.environ.clear()
        os.environ.update(call["env"])  # type: ignore[call-overload] # a mapping of texts
        sys.argv[:] = ["fairlead", *call["words"]]  # type: ignore[misc] # a list of texts
        from fairlead.__main__ import run

        run()
    except SystemExit as end:
        code = end.code
    finally:
        threading._shutdown()  # type: ignore[attr-defined] # as the interpreter does it at its end
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
