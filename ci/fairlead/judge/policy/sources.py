"""Where secrets and configs take their values from: the repository's own files, and variables that are nobody else's."""

from __future__ import annotations

from os.path import normpath

from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule, service_rule
from fairlead.judge.policy.subject import as_mapping, unescaped
from fairlead.sources import (
    SourceRefusedError,
    check_source,
    context_paths,
    is_below,
    is_elsewhere,
    is_withheld,
    repository_of,
    resolve_source,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from fairlead.judge.policy.subject import Subject, View
    from fairlead.positions import ValuePath

_MACHINE = ("/proc", "/sys", "/dev")


@app_rule("foreign-source")
def foreign_source(subject: Subject) -> Iterator[Fault]:
    """A value from a file that is not the repository's, or from a variable that somebody else's secret is in."""
    for kind in ("secrets", "configs"):
        for name, how in {
            **subject.top(kind),
            **(_in_variables(subject) if kind == "secrets" else {}),
        }.items():
            variable, file = str(how.get("environment") or ""), str(how.get("file") or "")
            if variable and is_withheld(variable):
                what = f"{name}: {variable} is Fairlead's, the CI's or a tool's own, not the repository's to give away"
                fix = "hand the value over under a name of its own"
                yield Fault((kind, name, "environment"), what, fix)
            why = _refused(subject, file.replace("$$", "$")) if file else ""
            if why:
                yield Fault((kind, name, "file"), f"{name}: {file} is no source: {why}", _fix(kind))


def _in_variables(subject: Subject) -> Mapping[str, Mapping[str, Any]]:
    """The secrets that are but variables' values: Compose takes them for unused."""
    declared = as_mapping(subject.model.declared.get("secrets"))
    named = {name for view in subject.views for name in view.service.secret_environment.values()}
    return {name: as_mapping(declared[name]) for name in sorted(named & declared.keys())}


@service_rule("foreign-source")
def foreign_build_source(view: View) -> Iterator[Fault]:
    """A build that reads or writes outside of the repository: the machine that builds is somebody's laptop, or a job."""
    homes = [view.subject.repository]
    refused: set[ValuePath] = set()
    for steps, path in _build_paths(view):
        if (
            steps == ("dockerfile",)
            and ("context",) in refused
            and not view.is_written("build", "dockerfile")
        ):
            continue
        known = view.subject.refusals
        if (steps, path) not in known:
            known[steps, path] = _refused_build_path(steps, unescaped(path), homes)
        if known[steps, path]:
            refused.add(steps)
            what = f"the build takes {path}, which is no source: {known[steps, path]}"
            yield Fault(view.at("build", *steps), what, "name what is in the repository")


def _refused_build_path(steps: tuple[str | int, ...], path: str, homes: list[str]) -> str:
    """Why a build may not take a path, which need not be there: a Dockerfile is a file, no pipe or device."""
    try:
        resolve_source(path, homes)
        if steps == ("dockerfile",):
            check_source(path, homes)
    except SourceRefusedError as error:
        return str(error)
    except OSError:
        return ""
    return ""


def _build_paths(view: View) -> Iterator[tuple[ValuePath, str]]:
    """The paths of the machine that a build names, absolute; the loader has anchored what it takes for one."""
    context, dockerfile = view.text("build", "context"), view.text("build", "dockerfile")
    if context and not is_elsewhere(context):
        context = _joined(view.subject.model.directory, context)
        yield ("context",), context
        yield ("dockerfile",), _joined(context, dockerfile)
    for name, other in view.mapping("build", "additional_contexts").items():
        for path in () if str(other).startswith("service:") else context_paths(str(other)):
            yield ("additional_contexts", name), _joined(view.subject.model.directory, path)
    for index, key in enumerate(view.list("build", "ssh")):
        for path in str(key).partition(": ")[2].split(","):
            if path:
                yield ("ssh", index), _joined(view.subject.model.directory, path)
    yield from _cache_paths(view)


def _cache_paths(view: View) -> Iterator[tuple[ValuePath, str]]:
    for key in ("cache_from", "cache_to"):
        for index, cache in enumerate(view.list("build", key)):
            words = dict(part.strip().partition("=")[::2] for part in str(cache).split(","))
            for path in (words.get("src"), words.get("dest")):
                if words.get("type") == "local" and path:
                    yield (key, index), _joined(view.subject.model.directory, path)


def _joined(folder: str, path: str) -> str:
    return path if path.startswith("/") else f"{folder}/{path}"


def _refused(subject: Subject, file: str) -> str:
    """Why a file is no source; empty if it is one, or not there.

    Where Fairlead does not deploy, it is the server's, and judged as the mount that Compose makes of it.
    """
    if not subject.deployed:
        whole = f"/{normpath(f'/{file}').lstrip('/')}"
        return "it is no file, but the machine's own" if any(is_below(whole, one) for one in _MACHINE) else ""
    try:
        check_source(file, [repository_of(str(subject.root)) if subject.root else subject.repository])
    except SourceRefusedError as error:
        return str(error)
    except OSError:
        return ""
    return ""


def _fix(kind: str) -> str:
    return (
        "give the value to the deploy: FAIRLEAD_SECRET_<NAME>, or a file in --secrets-dir"
        if kind == "secrets"
        else "name a file of the repository"
    )
