"""Which files are judged together, and with what: from fairlead.yaml, from arguments, or as Compose finds them."""

from __future__ import annotations

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

    from fairlead.settings.values import Combination, Environment, Settings


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
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "is not there"
            raise InputError(f"{file} {what}", fix="name a compose file, or none: then it is looked for")
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


def find_compose_files(folder: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that ``COMPOSE_FILE`` names, else the one here or in a folder above, with the override beside it.

    Raises:
        InputError: there is none.
    """
    named = variables.get("COMPOSE_FILE") or _in_dotenv(folder, "COMPOSE_FILE")
    if named:
        separator = variables.get("COMPOSE_PATH_SEPARATOR") or ":"
        return tuple(folder / name for name in named.split(separator) if name)
    for place in folders_up(folder):
        if base := find_base(place):
            return (*base, *find_override(place))
    raise InputError(
        "there is no compose file here",
        why=f"{folder} holds none of {', '.join(COMPOSE_NAMES)}, and no fairlead.yaml is there either",
        fix="name the files: `fairlead validate path/to/compose.yaml`",
    )


def _in_dotenv(folder: Path, name: str) -> str:
    """A variable of the ``.env`` here, as Compose reads it before it looks for files; empty where there is none."""
    file = folder / ".env"
    if not file.is_file():
        return ""
    from fairlead.composefile.loader.dotenv import DotenvError, parse_dotenv
    from fairlead.composefile.loader.reading import MAX_DOTENV_BYTES
    from fairlead.sources import SourceRefusedError, read_source, repository_of

    try:
        text = read_source(str(file), [repository_of(str(folder))], MAX_DOTENV_BYTES).decode("utf-8")
        found = parse_dotenv(text, {}, {}).get(name)
    except (OSError, UnicodeDecodeError, DotenvError, SourceRefusedError):
        # The loader reads it again, and says what is wrong with it.
        return ""
    return found[0] if found is not None else ""


def with_base(file: Path) -> tuple[Path, ...]:
    """An override on its own is no app: the file that it overrides comes first."""
    stem, *middle, _ = file.name.split(".")
    if middle != ["override"]:
        return (file,)
    bases = [file.with_name(f"{stem}.{ending}") for ending in ("yaml", "yml")]
    return (*[base for base in bases if base.is_file()][:1], file)
