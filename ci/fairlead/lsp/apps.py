"""Which app a file is part of, and the verdict on it: as ``fairlead validate`` in the folder of the file gives it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fairlead.checkout import folders_up
from fairlead.errors import InputError
from fairlead.findings import Finding, Location
from fairlead.judge.baseline import FILE_NAME as BASELINE
from fairlead.judge.baseline import load_baseline
from fairlead.judge.policy import make_policy
from fairlead.judge.request import settings_request
from fairlead.judge.run import judge
from fairlead.judge.scopes import Scope, env_files_of, find_compose_files, with_base
from fairlead.judge.verdict import Request, Verdict
from fairlead.settings.load import load_settings
from fairlead.settings.values import FILE_NAME
from fairlead.sources import shown_variables

_LANGUAGES = frozenset(("dockercompose", "docker-compose", "yaml.docker-compose"))
"""What editors call the language of a compose file."""
_COMPOSE = re.compile(r"(docker-)?compose(\.[A-Za-z0-9_-]+)*\.ya?ml\Z")


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of an app.

    Attributes:
        folder: where the command would be run.
        findings: by the absolute path of the file that each stands in.
        files: every file that was read, absolute.
        declared: names by kind (services, volumes, networks …). Nothing else of the verdict is kept: the layout in it holds
            the contents of files that are mounted.
    """

    folder: Path
    findings: Mapping[Path, tuple[Finding, ...]]
    files: frozenset[Path] = frozenset()
    declared: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)


def is_compose_file(path: Path, language: str = "") -> bool:
    """Whether a file is a compose file by its name, or because the editor says so."""
    return language in _LANGUAGES or _COMPOSE.match(path.name) is not None


Apps = dict[tuple[Path, ...], Seen]
"""What was judged already, by the files that make an app: its fairlead.yaml, or its compose files."""


def look(
    path: Path, texts: Mapping[str, str], *, language: str = "", ask: bool = True, known: Apps | None = None
) -> tuple[Seen, ...]:
    """The apps that a file is part of: the one of its folder, and else, for a compose file, it on its own.

    Changes the working directory of this process: paths in findings are told from there.

    Args:
        path: absolute.
        texts: by absolute path, what the editor has not saved yet.
        language: what the editor takes the file for.
        ask: whether docker-compose is asked, which knows only what is on the disk.
        known: apps that were judged of the same texts, which are not judged again; those that are are put in.
    """
    look = _Look(texts, ask, {} if known is None else known)
    try:
        return look.at(path, language)
    except OSError as error:
        # Somebody else takes folders away while files of them are open; an editor opens files before there is one.
        if path.name != FILE_NAME and not is_compose_file(path, language):
            return ()
        what = f"it can't be judged: {error.strerror or error}: {error.filename or path.parent}"
        finding = Finding(what, Location(str(path), 1, 1), "save it in a folder that can be read", "settings")
        return (Seen(path.parent, {path: (finding,)}, frozenset((path,))),)


@dataclass(frozen=True, eq=False)
class _Look:
    """One look at the texts: which app a file is part of depends on it alone, and each app is judged once."""

    texts: Mapping[str, str]
    ask: bool
    known: Apps

    def at(self, path: Path, language: str) -> tuple[Seen, ...]:
        """What ``look`` returns.

        Raises:
            OSError: a folder is gone, or can't be entered.
        """
        found = []
        settings = next((one for one in folders_up(path.parent) if (one / FILE_NAME).is_file()), None)
        if settings is not None:
            found.append(self._declared(settings))
        elif files := _compose_files(path.parent):
            found.append(self._plain(files))
        if any(path in seen.files for seen in found) or path.name == FILE_NAME:
            return tuple(found)
        if settings is None or not found[0].findings.get(settings / FILE_NAME):
            found = []
            if is_compose_file(path, language):
                found.append(self._plain(with_base(path)))
        return tuple(found)

    def _declared(self, folder: Path) -> Seen:
        key = (folder / FILE_NAME,)
        if key not in self.known:
            self.known[key] = _declared(folder, self.texts, ask=self.ask)
        return self.known[key]

    def _plain(self, files: tuple[Path, ...]) -> Seen:
        if files not in self.known:
            self.known[files] = _plain(files, self.texts, ask=self.ask)
        return self.known[files]


def _compose_files(folder: Path) -> tuple[Path, ...]:
    try:
        return find_compose_files(folder, os.environ, _env_files(folder))
    except InputError:
        return ()


def _env_files(folder: Path) -> tuple[Path, ...]:
    """Those that the editor's environment names, as for a command in that folder.

    Raises:
        InputError: a variable of Compose's is not understood.
    """
    return tuple(folder / file for file in env_files_of(os.environ))


def _declared(folder: Path, texts: Mapping[str, str], *, ask: bool) -> Seen:
    file = folder / FILE_NAME
    os.chdir(folder)
    try:
        request = settings_request(load_settings(file, os.environ, texts))
    except InputError as error:
        findings = error.findings or (_told(error, file),)
        return Seen(folder, _by_file(findings, folder, file), frozenset((file,)))
    seen = _seen(folder, replace(request, texts=texts, ask=ask))
    return replace(seen, files=seen.files | {file})


def _plain(files: tuple[Path, ...], texts: Mapping[str, str], *, ask: bool) -> Seen:
    folder = files[0].parent
    os.chdir(folder)
    try:
        env_files = _env_files(folder)
    except InputError as error:
        return Seen(folder, _by_file([_told(error, files[0])], folder, files[0]), frozenset(files))
    variables = shown_variables(os.environ)
    scope = Scope(files=files, root=folder, variables=variables, env_files=env_files)
    beside = folder / BASELINE
    baseline, findings = None, {}
    if beside.is_file():
        try:
            baseline = load_baseline(beside)
        except InputError as error:
            findings = _by_file([_told(error, beside)], folder, beside)
    request = Request(scopes=(scope,), policy=make_policy(), ask=ask, texts=texts, baseline=baseline)
    seen = _seen(folder, request)
    return replace(seen, findings={**findings, **seen.findings})


def _told(error: InputError, file: Path) -> Finding:
    """An error that names no place, at the top of the file that it is about."""
    what = f"{error.what}: {error.why}" if error.why else error.what
    return Finding(what, Location(str(file), 1, 1), error.fix, "settings")


def _seen(folder: Path, request: Request) -> Seen:
    verdict = judge(request)
    files = {Path(name) for model in verdict.models for name in model.looked_at}
    files |= {file for scope in request.scopes for file in scope.files}
    first = request.scopes[0].files[0]
    return Seen(folder, _by_file(verdict.findings, folder, first), frozenset(files), _declared_names(verdict))


def _declared_names(verdict: Verdict) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for model in verdict.models:
        for kind, part in model.declared.items():
            if isinstance(part, dict):
                found[kind] = found.get(kind, frozenset()) | frozenset(map(str, part))
    return found


def _by_file(findings: Iterable[Finding], folder: Path, first: Path) -> dict[Path, tuple[Finding, ...]]:
    """The findings by file; one without a place stands in the first."""
    files: dict[Path, list[Finding]] = {}
    for finding in findings:
        path = folder / finding.location.path if finding.location is not None else first
        files.setdefault(path, []).append(finding)
    return {path: tuple(found) for path, found in files.items()}
