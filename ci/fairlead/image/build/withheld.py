"""What of a folder never goes into an image: what git keeps, and files with secrets that no commit has.

A laptop has files that a checkout in CI lacks: ``.env``, the files of variables and secrets that compose files name.
``COPY . .`` takes what lies there, and publishes it with the image.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import files, passed, process
from fairlead.dockerignore import is_ignored
from fairlead.errors import InputError
from fairlead.image.build.dockerfile import Dockerfile
from fairlead.positions import load_documents, shown_path
from fairlead.settings.images import ImageSettings
from fairlead.settings.values import Settings
from fairlead.sources import context_paths, is_below, real_path

GIT = ".git"
SECRETS_FOLDER = "FAIRLEAD_SECRETS_DIR"
_EXAMPLES = (".example", ".sample", ".template", ".dist")
_ODD = re.compile(r"[*?\[\]\\\s!#^\ud800-\udfff]")
_MOST_SHOWN = 6


@dataclass(frozen=True)
class Named:
    """The files and folders, without links, that are kept out: ``always``, or ``untracked`` where git has none of them."""

    always: frozenset[str] = frozenset()
    untracked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Withheld:
    """What is kept out of a context: ``there`` is what lies there, ``named`` what is told by name, relative to it."""

    there: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    tracked: frozenset[str] = frozenset()

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines of a ``.dockerignore``; what git keeps may lie in submodules too."""
        # A leading slash, so that no name begins like a comment or an exception.
        return (f"**/{GIT}", *(f"/{_ODD.sub('?', path)}" for path in self.there if path != GIT))

    def has(self, path: str) -> bool:
        """Whether this path of the context is kept out, be it there or not."""
        steps = path.split("/")
        if GIT in steps or any(is_below(path, one) for one in self.named):
            return True
        return _holds_variables(steps[-1]) and path not in self.tracked


def named_files(settings: Settings, environ: Mapping[str, str]) -> Named:
    """The files with secrets that fairlead.yaml, the compose files and the command name."""
    builds = (settings.build.secrets, *(image.secrets for image in settings.images.values()))
    untracked = [str(one.file) for secrets in builds for one in secrets if one.file is not None]
    untracked += [path for image in settings.images.values() for path in _keys(image)]
    untracked += [path for compose in settings.compose for path in _files_of(compose)]
    if environ.get(SECRETS_FOLDER):
        untracked.append(environ[SECRETS_FOLDER])
    hosts = [str(one.known_hosts) for one in settings.environments.values() if one.known_hosts is not None]
    return Named(frozenset(map(real_path, hosts)), frozenset(map(real_path, untracked)))


def find_withheld(context: Path, named: Named) -> Withheld:
    """What is kept out of a folder that images are built from."""
    home = real_path(str(context))
    tracked = _tracked(home)
    hidden = (one for path in _inside(named.untracked, home) for one in _untracked(home, path, tracked))
    told = tuple(sorted({*_inside(named.always, home), *hidden}))
    variables = {path for path in _on_disk(home) if _holds_variables(path.rpartition("/")[2])} - tracked
    there = {path for path in (*told, GIT) if os.path.lexists(f"{home}/{path}")}
    return Withheld(tuple(sorted(variables | there)), told, tracked)


def refuse_withheld(image: ImageSettings, dockerfile: Dockerfile, withheld: Withheld, named: Named) -> None:
    """Refuse an image that is built of what is kept out.

    Raises:
        InputError: its Dockerfile takes it by name, or it lies in a further context, whose ``.dockerignore`` is the user's.
    """
    for instruction, path in dockerfile.taken(image.target):
        if "$" not in path and withheld.has(path):
            raise InputError(
                f"{shown_path(image.dockerfile)}:{instruction.line}: {instruction.keyword} takes {path}, "
                "which is kept out of images",
                why="it is git's own, or may hold secrets and is in no commit: whoever may pull the image would have it, and CI could not build it",
                fix=_advice(path),
            )
    for name, context in image.contexts.items():
        for folder in filter(Path.is_dir, map(Path, context_paths(context))):
            loose = _not_ignored(find_withheld(folder, named), folder)
            if loose:
                raise InputError(
                    f"{', '.join(loose[:_MOST_SHOWN])} would go into the build of {image.name}, with its context {name}",
                    why="it is git's own, or may hold secrets and is in no commit",
                    fix=f"name it in {shown_path(folder / '.dockerignore')}",
                )


def tell_withheld(found: Iterable[Withheld]) -> str:
    """One line on what is there and is kept out; empty where nothing is."""
    paths = list(dict.fromkeys(path for withheld in found for path in withheld.there))
    if not paths:
        return ""
    more = f" and {len(paths) - _MOST_SHOWN} more" if len(paths) > _MOST_SHOWN else ""
    return f"kept out of the images: {', '.join(paths[:_MOST_SHOWN])}{more}"


def _advice(path: str) -> str:
    if GIT in path.split("/"):
        return "take the commit by `ARG REVISION`, which every build is given"
    return "have the service read it where it runs (docs/secrets.md), or the RUN that needs it by a build secret: build: {secrets: …}"


def _not_ignored(withheld: Withheld, folder: Path) -> list[str]:
    own = folder / ".dockerignore"
    text = files.inside(own).read_text(encoding="utf-8", errors="replace") if own.is_file() else ""
    return [path for path in withheld.there if not is_ignored(path, text)]


def _holds_variables(name: str) -> bool:
    return name == ".env" or (name.startswith(".env.") and not name.endswith(_EXAMPLES))


def _inside(paths: frozenset[str], home: str) -> Iterator[str]:
    """Those below a folder, relative to it: never the folder itself, which would be all of the context."""
    return (path[len(home.rstrip("/")) + 1 :] for path in paths if path != home and is_below(path, home))


def _untracked(home: str, path: str, tracked: frozenset[str]) -> Iterator[str]:
    """A file or folder that git has nothing of; of a folder that it has a part of, the other files."""
    if not any(is_below(one, path) for one in tracked):
        yield path
    else:
        yield from (one for one in _on_disk(home, path) if one not in tracked)


def _on_disk(home: str, path: str = "") -> Iterator[str]:
    """The files in a folder, but for those that git keeps there, relative to ``home``."""
    start = len(home.rstrip("/")) + 1
    for folder, folders, names in os.walk(f"{home}/{path}".rstrip("/")):
        folders[:] = [one for one in folders if one != GIT]
        yield from (f"{folder}/{name}"[start:] for name in names)


def _tracked(home: str) -> frozenset[str]:
    """What git tracks below a folder, also in submodules; nothing outside of git."""
    argv = (
        *("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit"),
        *("ls-files", "-z", "--cached", "--recurse-submodules"),
    )
    done = process.run(argv, env={"LC_ALL": "C"}, also=passed.GIT, cwd=Path(home), check=False)
    return frozenset(done.stdout.split("\0")) - {""} if done.ok else frozenset()


def _keys(image: ImageSettings) -> Iterator[str]:
    return (path for key in image.ssh if (path := key.partition("=")[2]))


def _files_of(compose: Path) -> Iterator[str]:
    """The ``env_file`` of services and the ``file`` of secrets, as far as they are written without variables."""
    try:
        documents = load_documents(compose)
    except OSError:
        return  # whoever reads the compose file tells
    for document in documents:
        for service in _entries(document.value, "services"):
            given = service.get("env_file")
            for one in given if isinstance(given, list) else [given]:
                yield from _path(compose, one.get("path") if isinstance(one, dict) else one)
        for secret in _entries(document.value, "secrets"):
            yield from _path(compose, secret.get("file"))


def _path(compose: Path, given: Any) -> Iterator[str]:
    if isinstance(given, str) and given and "$" not in given:
        yield str(compose.parent / given)


def _entries(raw: Any, key: str) -> Iterator[dict[Any, Any]]:
    part = raw.get(key) if isinstance(raw, dict) else None
    return (one for one in part.values() if isinstance(one, dict)) if isinstance(part, dict) else iter(())
