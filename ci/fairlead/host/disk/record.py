"""The record that a deployer cannot edit: each request of a restricted key, in the host's own log.

One line when it is asked and one when it has ended, to syslog (facility ``auth``, name ``fairlead``): with the key that
was used, where from, and what was asked for. What the client says of itself is told as that. A host without a
syslog has no such record; ``host check`` tells.
"""

from __future__ import annotations

import json
import re
import socket
import syslog
from collections.abc import Mapping
from typing import Any, Optional

from ..wire.restriction import Restriction, named_apps
from ..wire.result import Result

NAME = "fairlead"
SOCKET = "/dev/log"
_PLAIN = re.compile(r"[A-Za-z0-9@._:/+=,-]{1,200}")
_MAX_VALUE = 200
_MAX_STRANGE = 16
"""How much is kept of a text that would be longer than that once its characters are spelled out."""
_MAX_LINE = 4000


class AuditLog:
    """Writes down what one connection asks for; a connection by a key that is not restricted is not written down.

    The server's own sshd tells of such a key that it logged in, and no more: it opens a shell.
    """

    def __init__(self, restriction: Restriction, environ: Mapping[str, str]) -> None:
        self._who = {"key": restriction.key, "from": _origin(environ)}
        self._on = bool(restriction.key)

    def asked(self, frame: Mapping[str, Any]) -> None:
        """A request has come, and nothing was done yet."""
        self._say("asked", **describe_request(frame))

    def ended(self, frame: Mapping[str, Any], result: Optional[Result]) -> None:
        """It has ended like this; None: the client left before."""
        facts = {"request": frame.get("request"), "app": _app(frame)}
        self._say("ended", **facts, **(describe_end(result) if result is not None else {"status": "left"}))

    def signed(self, signer: str) -> None:
        """Whose signature the release has, where the host asks for one."""
        if signer:
            self._say("signed", signer=signer)

    def attached(self, task: str) -> None:
        """The client follows this task."""
        self._say("follows", task=task)

    def ordered(self, frame: Mapping[str, Any]) -> None:
        """A task was told how to go on."""
        self._say("ordered", order=frame.get("order"), why=frame.get("why"))

    def malformed(self, why: str) -> None:
        """What came was no request."""
        self._say("malformed", why=why)

    def _say(self, what: str, **facts: Any) -> None:
        if self._on:
            write_line(what, {**self._who, **facts})


def write_line(what: str, facts: Mapping[str, Any]) -> None:
    """One line to the host's log; what is not there is left out. Without a syslog it goes nowhere, and nothing fails."""
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, render_line(what, facts))


def render_line(what: str, facts: Mapping[str, Any]) -> str:
    """``asked key=SHA256:… request=deploy by="…"``: plain ASCII; what a client chose cannot end a value or a line."""
    parts = [f"{name}={_value(value)}" for name, value in facts.items() if value not in (None, "", [], {})]
    return " ".join((what, *parts))[:_MAX_LINE]


def describe_request(frame: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for, as far as it can be told before anything was checked."""
    release = frame.get("release")
    release = release if isinstance(release, dict) else {}
    options = frame.get("options")
    wanted = sorted(name for name, value in options.items() if value) if isinstance(options, dict) else []
    secrets = frame.get("secrets")
    return {
        "request": frame.get("request"),
        "app": _app(frame),
        "environment": release.get("environment") or frame.get("environment"),
        "repository": release.get("source") or frame.get("repository"),
        "directory": release.get("directory") or frame.get("directory"),
        "commit": release.get("revision"),
        "to": frame.get("to"),
        "task": frame.get("task"),
        "order": frame.get("order"),
        "decision": frame.get("decision"),
        "service": frame.get("service"),
        "secrets": ",".join(sorted(map(str, secrets))) if isinstance(secrets, dict) else None,
        "volumes": frame.get("volumes") or None,
        "options": ",".join(map(str, wanted)) or None,
        "by": frame.get("by"),
    }


def describe_end(result: Result) -> dict[str, Any]:
    """How it ended."""
    return {
        "status": result.status,
        "exit": result.exit,
        "release": result.release,
        "serving": result.serving,
        "why": result.error.what if result.error is not None else None,
    }


def is_heard() -> bool:
    """Whether somebody listens where the record goes."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_UNIX, kind) as tried:
            try:
                tried.connect(SOCKET)
            except OSError:
                continue
            return True
    return False


def write_finished(request: Mapping[str, Any], task: str, result: Result) -> None:
    """A task outlives its connection: its end is written down, whoever follows it."""
    if request.get("key"):
        facts = {"key": request["key"], "task": task, "request": request.get("kind")}
        write_line("finished", {**facts, **describe_end(result)})


def _origin(environ: Mapping[str, str]) -> str:
    address, port, *_ = (*environ.get("SSH_CONNECTION", "").split(), "", "")
    return f"{address}:{port}" if address else ""


def _app(frame: Mapping[str, Any]) -> str:
    return ",".join(sorted(named_apps(frame)))


def _value(value: object) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    quoted = json.dumps(text[:_MAX_VALUE])
    quoted = quoted if len(quoted) <= _MAX_VALUE + 2 else json.dumps(text[:_MAX_STRANGE] + "...")
    return quoted.replace("\x7f", "\\u007f")
