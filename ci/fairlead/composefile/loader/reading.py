"""Files into documents: read once, with their variables put in. The only door to the disk of this package."""

from __future__ import annotations

from fairlead.composefile.loader.dotenv import DotenvError, parse_dotenv, parse_raw
from fairlead.composefile.loader.interpolation import Interpolation, VariableUse
from fairlead.composefile.loader.tags import take_tags
from fairlead.findings import Finding, Location
from fairlead.positions import Document, load_documents, parse_documents
from fairlead.quick.records import dataclass
from fairlead.secret_signs.ways import EXAMPLES, env_file_way, names_in
from fairlead.sources import SourceRefusedError, check_source, read_source, resolve_source
from fairlead.yaml_nodes import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from fairlead.positions import ValuePath

MAX_FILES = 300
"""Most compose files of one app, those that it includes and extends among them, each as often as it is named."""
MAX_DOTENV_BYTES = 1024 * 1024
_QUOTE = "write `$$` for a dollar, or the value in single quotes; declare a variable in environments.<name>.variables"
_SET = "give it a value here, or declare it in environments.<name>.variables"


@dataclass(frozen=True)
class Part:
    """One document of a file, with its variables put in.

    Attributes:
        root: None where there is nothing in it.
        resets: the paths that it takes away from the documents before it.
    """

    root: Node | None
    resets: tuple[ValuePath, ...]


@dataclass(frozen=True)
class EnvFile:
    """A file of variables or labels that a service names.

    Attributes:
        path: absolute.
        place: where it is named first.
        required: whether nothing holds without it.
    """

    path: str
    place: Location
    required: bool


class Reader:
    """Reads files for one model, and remembers all that it read and what it could not."""

    def __init__(
        self, shown: Callable[[Path], str], homes: Collection[str], texts: Mapping[str, str] | None = None
    ) -> None:
        """Start with nothing read.

        Args:
            shown: how to name a file in findings.
            homes: the repositories that the app is in, links resolved: nothing outside of them is opened.
            texts: by absolute path, what counts instead of what a file holds: an editor's, not saved yet.
        """
        self._homes = homes
        self._texts = texts or {}
        self.documents: list[Document] = []
        self.read: list[Document] = []
        self.uses: list[VariableUse] = []
        self.faults: list[Finding] = []
        self.shown = shown
        # Files that are part of the app, and services that are extended: by the file that holds them.
        self.whole: set[str] = set()
        self.bases: dict[str, set[str]] = {}
        self._raw: dict[str, tuple[Document, ...]] = {}
        self._told: set[str] = set()
        self._reads = 0
        self._dotenv: dict[str, str] = {}
        self.env_files: list[EnvFile] = []
        self.is_confined = False
        """Whether the files name one that a repository may not."""

    @property
    def looked_at(self) -> tuple[str, ...]:
        """Every file that was read, absolute."""
        return (*self._raw, *self._dotenv)

    @property
    def extended(self) -> dict[str, frozenset[str]]:
        """The services that are extended, of the files of which nothing else is looked at."""
        return {path: frozenset(names) for path, names in self.bases.items() if path not in self.whole}

    def parts(
        self, path: Path, variables: Mapping[str, str], place: Location | None
    ) -> tuple[Part, ...] | None:
        """The documents of a file; None, and a fault, where it can't be read.

        Args:
            path: absolute.
            variables: to put in.
            place: where the file is named, if it is named in another.
        """
        is_first = str(path) not in self._told
        raw = self._load(path, place)
        if raw is None:
            return None
        parts: list[Part] = []
        for document in raw:
            part, resolved = self._part(document, variables)
            parts.append(part)
            if is_first:
                self.read.append(resolved)
        return tuple(parts)

    def declared_name(self, path: Path) -> str:
        """The last ``name:`` of a file, as written; the file is loaded, and told about, when it takes part."""
        key = str(path)
        if key not in self._raw:
            try:
                self._raw[key] = self._documents(path)
            except (OSError, SourceRefusedError):
                return ""
        names = [
            document.value["name"]
            for document in self._raw[key]
            if isinstance(document.value, dict) and isinstance(document.value.get("name"), str)
        ]
        return next((name for name in reversed(names) if name), "")

    def _load(self, path: Path, place: Location | None) -> tuple[Document, ...] | None:
        key = str(path)
        self._reads += 1
        if self._reads > MAX_FILES:
            if self._reads == MAX_FILES + 1:
                what = f"more than {MAX_FILES} compose files take part: the others are not looked at"
                self.faults.append(Finding(what, place, rule="unseen"))
            return None
        if key in self._told:
            return self._raw[key]
        try:
            raw = self._raw.get(key) or self._documents(path)
        except (OSError, SourceRefusedError) as error:
            self._refused(path, error, place, "unseen")
            return None
        self._raw[key] = raw
        self._told.add(key)
        self.documents += raw
        for document in raw:
            self.faults += document.faults
        return raw

    def _documents(self, path: Path) -> tuple[Document, ...]:
        key = str(path)
        if key in self._texts:
            # It may not be on the disk yet.
            resolve_source(key, self._homes)
            return parse_documents(self._texts[key], self.shown(path))
        check_source(key, self._homes)
        return load_documents(path, self.shown(path))

    def _part(self, document: Document, variables: Mapping[str, str]) -> tuple[Part, Document]:
        root = document.root
        resets: tuple[ValuePath, ...] = ()
        if root is not None:
            taken, resets = take_tags(root)
            if taken is None:
                what = "!reset takes away the whole file: Compose breaks off"
                place = Location(root.path, root.line, root.column)
                self.faults.append(Finding(what, place, "put it before single keys", "model"))
            root = taken
        if root is not None:
            interpolation = Interpolation(variables)
            root = interpolation.resolve(root)
            self.uses += interpolation.uses
            self.faults += interpolation.faults
        value = None if root is None else root.value
        return Part(root, resets), Document(document.path, value, (), root)

    def variables(
        self,
        path: Path,
        outer: Mapping[str, str],
        known: dict[str, str],
        place: Location | None,
        *,
        raw: bool = False,
        is_project: bool = False,
    ) -> dict[str, tuple[str, int]] | None:
        """The variables of a file, each with its line; None, and a fault, where it can't be read.

        ``raw`` is its format, ``is_project`` whether it is the ``.env`` of the project.
        """
        shown = self.shown(path)
        try:
            text = self._text(path)
        except (OSError, SourceRefusedError) as error:
            self._refused(path, error, place, "env-file")
            return None
        lost: list[tuple[str, int]] = []
        try:
            if raw:
                return parse_raw(text, known)
            return parse_dotenv(text, outer, known, lost, is_project=is_project)
        except DotenvError as error:
            self.faults.append(Finding(error.what, Location(shown, error.line, 1), rule="env-file"))
            return None
        finally:
            self._tell_lost(shown, lost)

    def _tell_lost(self, shown: str, lost: list[tuple[str, int]]) -> None:
        """Say once of each line that it loses something; what stands in it may be a secret."""
        for name, line in lost:
            what, fix = (
                f"the value of {name} is cut at a `$`: what follows names a variable that is not set",
                _QUOTE,
            )
            if not name:
                what, fix = (
                    "the line sets nothing: it names a variable without a value, which is not set",
                    _SET,
                )
            finding = Finding(what, Location(shown, line, 1), fix, "env-file", severity="warning")
            if finding not in self.faults:
                self.faults.append(finding)

    def note_env_file(self, path: Path, place: Location, *, required: bool) -> None:
        """Remember a file that a service names."""
        if all(one.path != str(path) or one.required != required for one in self.env_files):
            self.env_files.append(EnvFile(str(path), place, required))

    def _refused(
        self, path: Path, error: OSError | SourceRefusedError, place: Location | None, rule: str
    ) -> None:
        """Note a file that is not read: why, and nothing of what is in it."""
        shown = self.shown(path)
        if isinstance(error, SourceRefusedError):
            self.is_confined = True
            why, fix = str(error), "name a file of the repository"
        else:
            why = (error.strerror or str(error)).lower()
            fix = env_file_way(names_meant(str(path), self._homes)) if rule == "env-file" else ""
        self.faults.append(Finding(f"{shown} can't be read: {why}", place or Location(shown), fix, rule))

    def _text(self, path: Path) -> str:
        key = str(path)
        if key not in self._dotenv:
            if key in self._texts:
                resolve_source(key, self._homes)
                self._dotenv[key] = self._texts[key]
                return self._dotenv[key]
            self._dotenv[key] = read_source(key, self._homes, MAX_DOTENV_BYTES).decode("utf-8", "replace")
        return self._dotenv[key]


def names_meant(path: str, homes: Collection[str]) -> dict[str, bool]:
    """The names that a file of variables is to have (``names_in``): those of an example beside it, else its own, if it can be read."""
    for end in (*EXAMPLES, ""):
        try:
            raw = read_source(f"{path}{end}", homes, MAX_DOTENV_BYTES)
        except (OSError, SourceRefusedError):
            continue
        return names_in(raw.decode("utf-8", "replace"))
    return {}
