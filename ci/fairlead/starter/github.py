"""All that a repository needs for push-to-deploy from GitHub, written where it is not there yet.

Nothing is overwritten: a file that is there is left, and told where it differs. Each is written whole or not at all, and
the workflows last, so that whatever ends this half way leaves nothing that GitHub would run half made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import files
from fairlead.checkout import repository_root
from fairlead.errors import InputError
from fairlead.judge.baseline import FILE_NAME as BASELINE
from fairlead.judge.baseline import write_baseline
from fairlead.judge.request import settings_request
from fairlead.judge.run import judge
from fairlead.judge.verdict import ALWAYS
from fairlead.lfs import large_files
from fairlead.origin import read_default_branch, read_repository_slug, read_server
from fairlead.quick.records import replace
from fairlead.remote.access import run_keyscan
from fairlead.settings.values import Environment, Settings
from fairlead.starter.accept import Accepted, plan_accepted
from fairlead.starter.beside import find_others, parse_tenants
from fairlead.starter.callers import Caller, plan_callers
from fairlead.starter.guide import Facts, Todo, plan_todo, render_todo
from fairlead.starter.host_keys import FILE_NAME as KNOWN_HOSTS
from fairlead.starter.host_keys import HostKeys, find_host_keys
from fairlead.starter.place import describe_sharing
from fairlead.starter.uses import Uses
from fairlead.submodules import submodules_at

WRITTEN, THERE, DIFFERS, PLANNED = "written", "there", "differs", "planned"


@dataclass(frozen=True)
class Put:
    """A file: where, from the repository's root, what it should say, and what became of that.

    ``text`` is empty for the baseline, which is no text of ours.
    """

    path: str
    text: str
    state: str

    @property
    def told(self) -> str:
        return {WRITTEN: "written", THERE: "there already", PLANNED: "to be written"}[self.state]

    @property
    def differs(self) -> str:
        if not self.text:
            return "it does not know all findings of today; `fairlead validate` shows the others"
        return "`fairlead init --github --dry-run` shows what it would say"


@dataclass(frozen=True)
class Door:
    """What was written, what the baseline took and did not, and what is left to do."""

    puts: tuple[Put, ...]
    accepted: Accepted
    host_keys: HostKeys
    todo: tuple[Todo, ...]

    @property
    def takes(self) -> bool:
        """Whether the baseline is a new one."""
        return any(not put.text and put.state != DIFFERS for put in self.puts)

    @property
    def lines(self) -> list[str]:
        """What is left to do."""
        return render_todo(self.todo)

    @property
    def document(self) -> dict[str, Any]:
        """As ``fairlead init --json`` has it."""
        return {
            "files": [{"path": put.path, "state": put.state} for put in self.puts],
            "accepted": len(self.accepted.known) if self.takes else 0,
            "first": [str(finding) for finding in self.accepted.first],
            "fingerprints": [key.fingerprint for key in self.host_keys.keys],
            "todo": [{"what": one.what, "commands": list(one.commands)} for one in self.todo],
        }


def open_door(
    settings: Settings, environment: Environment, uses: Uses, environ: Mapping[str, str], *, dry: bool
) -> Door:
    """Write what is missing; ``dry``: only say what.

    Raises:
        InputError: fairlead.yaml lies in no repository, or names no compose file that can be judged.
    """
    top = find_top(settings.root)
    submodules = submodules_at(settings.root)
    caller = Caller(
        uses,
        environment.name,
        _directory(settings.root, top),
        read_default_branch(top),
        submodules=bool(submodules),
        lfs=bool(large_files(settings.root)),
    )
    known_hosts = environment.known_hosts or settings.root / KNOWN_HOSTS
    keys = find_host_keys(environment.hosts, known_hosts, run_keyscan)
    baseline, accepted = _accept(settings, top, dry=dry)
    puts = [_put(known_hosts, keys.text, top, dry=dry)] if keys.text else []
    puts += baseline
    puts += [_put(top / path, text, top, dry=dry) for path, text in plan_callers(caller).items()]
    facts = Facts(
        app=settings.name_of(environment),
        slug=read_repository_slug(top, environ),
        server=read_server(top, environ),
        environment=environment.name,
        hosts=environment.hosts,
        host_keys=keys,
        secrets=environment.secrets,
        secrets_name=caller.secrets,
        first=len(accepted.first),
        mended=sum(finding.repair is not None for finding in accepted.first),
        branch=caller.branch,
        submodules=submodules,
        paths=tuple(
            dict.fromkeys(
                (*(_shown(path, top) for path in (settings.path, known_hosts)), *(put.path for put in puts))
            )
        ),
        sharing=_sharing(settings, environment, top),
    )
    return Door(tuple(puts), accepted, keys, plan_todo(facts))


def _sharing(settings: Settings, environment: Environment, top: Path) -> tuple[str, ...]:
    """What is to be changed here or in another file, where that deploys to the same server."""
    document = replace(settings.document, path=_shown(settings.path, top))
    own = parse_tenants(document).get(environment.name)
    return tuple(describe_sharing(own, find_others(settings.root))) if own else ()


def find_top(folder: Path) -> Path:
    """The root of the repository, where GitHub looks for workflows.

    Raises:
        InputError: the folder is in none.
    """
    top = repository_root(folder.resolve())
    if top is None:
        raise InputError(
            f"{folder} is in no git repository",
            why="GitHub looks for workflows at the root of one",
            fix="`git init`, or run this in the clone",
        )
    return top


def _directory(root: Path, top: Path) -> str:
    inside = root.resolve().relative_to(top).as_posix()
    if "${{" in inside:
        raise InputError(f"the folder {inside} reads as an expression of GitHub's", fix="call it otherwise")
    return "" if inside == "." else inside


def _accept(settings: Settings, top: Path, *, dry: bool) -> tuple[list[Put], Accepted]:
    """Judge the compose files, and write a baseline of what may be accepted where there is none."""
    path = settings.compose_files()[0].parent / BASELINE
    verdict = judge(settings_request(settings))
    accepted = plan_accepted(verdict)
    shown = _shown(path, top)
    if os.path.lexists(path):
        return [Put(shown, "", DIFFERS if accepted.known else THERE)], accepted
    if not accepted.known:
        return [], accepted
    if not dry:
        write_baseline(path, accepted.known, except_rules=ALWAYS)
    return [Put(shown, "", PLANNED if dry else WRITTEN)], accepted


def _shown(path: Path, top: Path) -> str:
    return os.path.relpath(path, top)


def _put(path: Path, text: str, top: Path, *, dry: bool) -> Put:
    """Write a file that is not there; one that is there is read, never written."""
    shown = _shown(path, top)
    if os.path.lexists(path):
        same = files.is_file(path) and files.read(path, limit=len(text.encode())) == text.encode()
        return Put(shown, text, THERE if same else DIFFERS)
    if not dry:
        files.write(path, text)
    return Put(shown, text, PLANNED if dry else WRITTEN)
