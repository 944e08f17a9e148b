"""The agent's command line.

``serve`` and ``relieve`` are for the machinery. The others are for 3 a.m., on the server, with no client and no
network: ``/srv/fairlead/<app>/fairlead status``.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import pwd
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from .disk.paths import Paths, app_paths, fairlead_root, list_apps
from .door import console
from .wire.errors import AgentError, InputFault, as_fault
from .wire.events import salvage_event
from .wire.frames import Frame
from .wire.result import Result, report_of
from .wire.text import find_troubles, render_log

if TYPE_CHECKING:
    from .wire.status import HistoryAnswer, StateAnswer


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the agent and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    # What follows is what the key may: read by the door, which refuses in its own words.
    words = _parser().parse_args(argv[:1] if argv[:1] == ["serve"] else argv)
    try:
        return _run(words, argv)
    except AgentError as error:
        console.show_error(report_of(error), as_json=words.json)
        return error.exit_code
    except BrokenPipeError:
        return 0
    except OSError as error:
        # Of another user's folder, of a file that is not there.
        fault = as_fault(error)
        console.show_error(report_of(fault), as_json=words.json)
        return fault.exit_code
    except KeyboardInterrupt:
        return 130


def agent_argv() -> tuple[str, ...]:
    """The command line that runs this very agent, wherever it was started from."""
    return (sys.executable, "-I", str(Path(sys.argv[0]).resolve()))


def _run(words: argparse.Namespace, argv: Sequence[str]) -> int:
    root = fairlead_root(os.environ)
    if words.verb == "serve":
        from .door.door import run_door

        return run_door(root, agent_argv(), argv[1:])
    paths = _paths(root, words.app)
    if words.verb == "maintenance":
        return _keep_out(paths, words)
    _become_owner(paths.home)
    if words.verb in {"rollback", "repair"}:
        return _change(paths, words)
    if words.verb == "relieve":
        return _retire_expired(paths, words.serving)
    if words.verb == "logs":
        return _print_logs(paths, words)
    from .wire.answer import render_answer
    from .wire.status import StateAnswer

    answer = _read(paths, words.verb)
    if words.json:
        console.say_json(render_answer(answer), pretty=True)
    else:
        console.say("\n".join(console.render(answer)))
    return AgentError.exit_code if isinstance(answer, StateAnswer) and find_troubles(answer) else 0


def _become_owner(folder: Path) -> None:
    """Root goes on as the user whose app it is: what root wrote, that user's next deploy could not read."""
    try:
        owner = folder.stat().st_uid
        user = pwd.getpwuid(owner)
    except (FileNotFoundError, KeyError):
        return
    if os.geteuid() != 0 or owner == 0:
        return
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(owner)
    # A rootless engine is looked for in that user's folder, and docker's configuration in that user's home.
    os.environ.pop("XDG_RUNTIME_DIR", None)
    os.environ["HOME"] = user.pw_dir


def _read(paths: Paths, verb: str) -> Union[StateAnswer, HistoryAnswer]:
    from .engine.engine import Engine
    from .run.serving import ask_public
    from .state.shown import answer_of, read_history
    from .state.state import read_state

    if verb == "history":
        return read_history(paths)
    engine = Engine.connect()
    state = read_state(paths, engine)
    return replace(answer_of(paths, state), unserved=tuple(ask_public(paths, state, engine)))


def _print_logs(paths: Paths, words: argparse.Namespace) -> int:
    from .door.logs import stream_logs
    from .engine.engine import Engine
    from .wire.answer import render_answer

    for line in stream_logs(paths, Engine.connect(), words.service, words.tail, follow=words.follow):
        if words.json:
            console.say_json(render_answer(line))
        else:
            console.say(render_log(line))
    return 0


def _keep_out(paths: Paths, words: argparse.Namespace) -> int:
    """Show everybody a page, or let users in; it needs no engine but to see that they get what it says."""
    from .door.maintaining import let_in, see
    from .engine.engine import Engine
    from .state.maintenance import read_maintenance, start_maintenance
    from .wire.answer import render_answer
    from .wire.page import UNASKED, parse_page

    if not paths.journal.exists():
        raise InputFault(f"{paths.app} has never been deployed here")
    by = f"{getpass.getuser()} on the server"
    # Root may have a page that nobody else can read.
    page = words.page.read_text(errors="surrogateescape") if words.to == "on" and words.page else ""
    _become_owner(paths.home)
    if words.to == "off":
        answer = let_in(paths, Engine.connect(), by)
        faults, outcome = answer.unserved, "users are let in"
    else:
        before = read_maintenance(paths)
        shown = start_maintenance(paths, parse_page(page, words.retry_after), by)
        answer = see(paths, Engine.connect(), shown, is_new=before is None)
        faults, outcome = answer.unseen, "users see a page with 503 until `maintenance off`"
    if words.json:
        console.say_json(render_answer(answer), pretty=True)
    else:
        console.say("\n".join([outcome, *faults, *([] if answer.asked else [UNASKED])]))
    return AgentError.exit_code if faults else 0


def _retire_expired(paths: Paths, serving: str) -> int:
    from .disk.hide import VaultMask
    from .engine.engine import Engine
    from .run.expiry import retire_expired

    mask = VaultMask(paths)
    retire_expired(paths, serving, lambda event: console.show_event(mask.document(event)), Engine.connect())
    return 0


def _change(paths: Paths, words: argparse.Namespace) -> int:
    """Roll back or repair as a task of its own, so that a dropped login shell does not stop it."""
    from .disk import task
    from .disk.atomic import make_folder, write_file
    from .door.task_process import run_task

    name = task.new_task_id()
    request = {
        "kind": words.verb,
        "task": name,
        "to": getattr(words, "to", None),
        "options": {
            "accept_schema": getattr(words, "accept_schema", ""),
            "reason": getattr(words, "reason", ""),
        },
        "by": f"{getpass.getuser()} on the server",
    }
    if not paths.home.is_dir():
        raise InputFault(f"{paths.app} has never been deployed here")
    make_folder(paths.tasks)
    make_folder(paths.task(name))
    write_file(paths.task(name) / "request.json", json.dumps(request).encode())
    task.start_task(paths.task(name), partial(run_task, agent=agent_argv()))
    return _follow(task.follow_task(paths.task(name), lambda: False), as_json=words.json)


def _follow(frames: Iterator[Frame], *, as_json: bool) -> int:
    code = AgentError.exit_code
    for frame in frames:
        event = salvage_event(frame)
        if as_json:
            console.say_json(frame)
        else:
            console.show_event(event)
        if isinstance(event, Result):
            code = event.exit
    return code


def _paths(root: Path, app: Optional[str]) -> Paths:
    apps = list_apps(root)
    if app is None and len(apps) == 1:
        app = apps[0]
    if app is None:
        raise InputFault(
            "which app?",
            why=f"there are {', '.join(apps) or 'none'} in {root}",
            fix="say --app NAME before the verb",
        )
    return app_paths(root, app)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fairlead", description="What serves on this host, and how to go back."
    )
    parser.add_argument("--app", metavar="NAME", help="which app, where there are several")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    verbs.add_parser("status", help="what serves, and whether it is well")
    verbs.add_parser("history", help="what was deployed when, by whom, and how it ended")
    rollback = verbs.add_parser("rollback", help="go back to the release before, or to --to ID")
    rollback.add_argument("--to", metavar="ID", help="six digits: `history` lists them")
    rollback.add_argument(
        "--accept-schema",
        metavar="ID",
        default="",
        help="go back over an irreversible migration, of release ID",
    )
    rollback.add_argument("--reason", metavar="TEXT", default="", help="why, in a line: `history` tells it")
    logs = verbs.add_parser("logs", help="the output of the containers that serve")
    logs.add_argument("service", nargs="?")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as new lines come")
    logs.add_argument("--tail", type=int, default=100, metavar="N", help="lines from the past (100)")
    verbs.add_parser("repair", help="finish or undo what a crash interrupted")
    closed = verbs.add_parser("maintenance", help="show everybody a page with 503, or let users in again")
    closed.add_argument("to", choices=("on", "off"))
    closed.add_argument("--page", type=Path, metavar="FILE", help="one HTML file (a plain page of ours)")
    closed.add_argument(
        "--retry-after", type=int, default=300, metavar="SECONDS", help="told to clients (300)"
    )
    verbs.add_parser("serve", help=argparse.SUPPRESS)
    verbs.add_parser("relieve", help=argparse.SUPPRESS).add_argument("serving")
    for sub in verbs.choices.values():
        # Wherever it stands: nobody remembers the order at 3 a.m.
        sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
