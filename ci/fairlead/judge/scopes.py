"""Which files are judged together, and with what: from fairlead.yaml, from arguments, or as Compose finds them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fairlead.app.variables import NO_REGISTRY, REVISION, own_variables, stand_in_variables
from fairlead.checkout import folders_up
from fairlead.composefile.names import COMPOSE_NAMES, find_base, find_override
from fairlead.errors import InputError
from fairlead.quick.records import dataclass, field, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.findings import Location
    from fairlead.positions import ValuePath
    from fairlead.settings.values import Combination, Environment, Settings

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Files that make one app together.

    Attributes:
        name: the environment or combination, empty where there is none.
        files: in the order in which Compose would merge them.
        root: the folder that relative paths are shown from and files are looked into.
        variables: for ``${…}``.
        deployed: Fairlead deploys them: it pins images, brings a proxy, runs the migration.
        development: whether they serve development only; None: as the files say.
        revision: the commit that is put into them, or what stands for it.
    """

    name: str = ""
    files: tuple[Path, ...]
    root: Path
    variables: Mapping[str, str] = field(repr=False)
    env_files: tuple[Path, ...] = ()
    project: str = ""
    profiles: tuple[str, ...] = ()
    registry: str = ""
    deployed: bool = False
    development: bool | None = None
    environment: Environment | None = field(default=None, repr=False, compare=False)
    revision: str = REVISION

    @property
    def without_commit(self) -> Scope:
        """The same with what stands for the commit: what is said of it holds for the next one, too."""
        if self.revision == REVISION:
            return self
        variables = {**self.variables, **stand_in_variables(self.registry)}
        return replace(self, variables=variables, revision=REVISION)

    def is_development(self, value: Mapping[str, Any]) -> bool:
        """Whether the resolved model serves development only."""
        if self.development is not None:
            return self.development
        told = value.get("x-fairlead")
        return isinstance(told, Mapping) and told.get("environment") == "dev"


def settings_scopes(
    settings: Settings,
    environments: Sequence[Environment],
    combinations: Mapping[str, Combination],
    *,
    development: bool | None = None,
    revision: str = REVISION,
) -> tuple[Scope, ...]:
    """One scope an environment, with the commit put in, then one for every combination of files.

    Raises:
        InputError: fairlead.yaml names no compose file, and none is there.
    """
    files = settings.compose_files()
    registry = settings.registry or NO_REGISTRY
    own = stand_in_variables(settings.registry)
    deployed = [
        Scope(
            name=environment.name,
            files=files,
            root=settings.root,
            variables={**environment.variables, **own_variables(registry, f"sha-{revision}", revision)},
            revision=revision,
            project=settings.name_of(environment),
            profiles=environment.profiles,
            registry=registry,
            deployed=True,
            # What runs on a server is judged as that, whatever its file says of itself.
            development=development if development is not None or not environment.hosts else False,
            environment=environment,
        )
        for environment in environments
    ]
    combined = [
        Scope(
            name=name,
            files=combination.compose,
            root=settings.root,
            variables={**combination.variables, **own},
            project=settings.app,
            profiles=combination.profiles,
            registry=registry,
            deployed=True,
            development=combination.development if development is None else development,
        )
        for name, combination in combinations.items()
    ]
    return (*deployed, *combined)


def declared_variables(
    settings: Settings | None, scope: Scope
) -> tuple[tuple[ValuePath, str, Location], ...]:
    """The variables that fairlead.yaml sets for a scope: path there, value and place; none where it declares no such scope."""
    if settings is None or not scope.deployed:
        return ()
    of: ValuePath = ("environments",) if scope.environment is not None else ("validate", "combinations")
    named = settings.environments if scope.environment is not None else settings.validate.combinations
    variables = named[scope.name].variables if scope.name in named else {}
    paths = {(*of, scope.name, "variables", name): value for name, value in variables.items()}
    return tuple((path, value, settings.document.location(path)) for path, value in paths.items())


def scopes_of_files(
    files: Sequence[Path], declared: Sequence[Scope], *, each: bool
) -> tuple[tuple[Scope, ...], list[Path]]:
    """Those of the declared scopes that the files are, and the files that are part of none.

    With ``each``, a scope is meant that holds the file; without, one of exactly these files in this order.
    """
    absolute = tuple(file.absolute() for file in files)
    if not each:
        same = tuple(scope for scope in declared if scope.files == absolute)
        return same, [] if same else list(files)
    holding = tuple(scope for scope in declared if not set(scope.files).isdisjoint(absolute))
    held = {file for scope in holding for file in scope.files}
    return holding, [file for file in files if file.absolute() not in held]


def variables_of(declared: Sequence[Scope]) -> dict[str, str]:
    """The variables of all scopes; of one that several set, the first."""
    merged: dict[str, str] = {}
    for scope in reversed(declared):
        merged.update(scope.variables)
    return merged


def file_scopes(
    files: Sequence[Path],
    variables: Mapping[str, str],
    *,
    each: bool = False,
    env_files: Sequence[Path] = (),
    development: bool | None = None,
) -> tuple[Scope, ...]:
    """Plain compose files: all as one app, or each as one of its own.

    Raises:
        InputError: one of them is not there.
    """
    for file in (*files, *env_files):
        if not file.is_file() and str(file) != os.devnull:
            what = "is a folder" if file.is_dir() else "is not there"
            fix = "name a compose file, or none: then it is looked for"
            if file in env_files:
                fix = "name a file of variables; COMPOSE_ENV_FILES parts them by commas"
            raise InputError(f"{file} {what}", fix=fix)
    groups = [with_base(file) for file in files] if each else [tuple(files)]
    return tuple(
        Scope(
            files=tuple(file.absolute() for file in group),
            root=group[0].absolute().parent,
            variables=variables,
            env_files=tuple(file.absolute() for file in env_files),
            development=development,
        )
        for group in dict.fromkeys(groups)
    )


def env_files_of(variables: Mapping[str, str], given: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The files of variables that Compose reads; none where that is the ``.env`` beside the first compose file.

    Those that are given, else those of ``COMPOSE_ENV_FILES``; with ``COMPOSE_DISABLE_ENV_FILE`` an empty one.

    Raises:
        InputError: ``COMPOSE_DISABLE_ENV_FILE`` is neither true nor false.
    """
    named = variables.get("COMPOSE_ENV_FILES", "")
    if given or named:
        return tuple(given) or tuple(Path(name) for name in named.split(","))
    disabled = variables.get("COMPOSE_DISABLE_ENV_FILE", "false")
    if disabled not in {*_TRUE, *_FALSE}:
        raise InputError(
            f'COMPOSE_DISABLE_ENV_FILE must be true or false, not "{disabled}"',
            why="Compose reads nothing with it",
            fix="unset it",
        )
    return (Path(os.devnull),) if disabled in _TRUE else ()


def find_compose_files(
    folder: Path, variables: Mapping[str, str], env_files: Sequence[Path] = ()
) -> tuple[Path, ...]:
    """The files that ``COMPOSE_FILE`` names, else the one here or in a folder above, with the override beside it.

    ``env_files``: those that are read in place of the ``.env`` here.

    Raises:
        InputError: there is none, or ``COMPOSE_FILE`` names an empty one.
    """
    known: dict[str, str] = {}
    for file in env_files or [folder / ".env"]:
        _read_dotenv(file, variables, known)
    known = {**known, **variables}
    named = known.get("COMPOSE_FILE")
    if named is not None:
        names = named.split(known.get("COMPOSE_PATH_SEPARATOR") or ":")
        if "" in names:
            raise InputError("COMPOSE_FILE names a file without a name", fix="unset it, or name the files")
        return tuple(folder / name for name in names)
    for place in folders_up(folder):
        if base := find_base(place):
            return (*base, *find_override(place))
    raise InputError(
        "there is no compose file here",
        why=f"{folder} holds none of {', '.join(COMPOSE_NAMES)}, and no fairlead.yaml is there either",
        fix="name the files: `fairlead validate path/to/compose.yaml`",
    )


def _read_dotenv(file: Path, variables: Mapping[str, str], known: dict[str, str]) -> None:
    """Add the variables of a file, which Compose reads before it looks for compose files."""
    if not file.is_file():
        return
    from fairlead.composefile.loader.dotenv import DotenvError, parse_dotenv
    from fairlead.composefile.loader.reading import MAX_DOTENV_BYTES
    from fairlead.sources import SourceRefusedError, read_source, repository_of

    try:
        text = read_source(str(file), [repository_of(str(file.parent))], MAX_DOTENV_BYTES).decode("utf-8")
        parse_dotenv(text, variables, known)
    except (OSError, UnicodeDecodeError, DotenvError, SourceRefusedError):
        # The loader reads it again, and says what is wrong with it.
        return


def with_base(file: Path) -> tuple[Path, ...]:
    """An override on its own is no app: the file that it overrides comes first."""
    stem, *middle, _ = file.name.split(".")
    if middle != ["override"]:
        return (file,)
    bases = [file.with_name(f"{stem}.{ending}") for ending in ("yaml", "yml")]
    return (*[base for base in bases if base.is_file()][:1], file)
