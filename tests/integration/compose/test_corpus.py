"""Public compose files, and files made wrong from them: what we say beside what docker-compose says.

``FAIRLEAD_CORPUS`` names another folder of files, ``FAIRLEAD_MUTATIONS`` how many wrong files are made (and looked at
without docker-compose, 20 times as many).
"""

from __future__ import annotations

import json
import os
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fairlead.composefile.loader import Model
from fairlead.findings import Finding
from fairlead.judge.asked.answer import Answer, ask_compose
from fairlead.positions import load_documents
from fairlead.schemas.compose_spec import VERSIONS, compose_checker, load_compose_schema
from tests.corpus.behaviour import reads_as
from tests.corpus.corpus import ELSEWHERE, FILES, PROJECT, corpus_files, load_origins, look_at, mutable_values
from tests.corpus.differences import is_intended, is_known
from tests.corpus.mutations import mutated, mutated_text, part_of
from tests.corpus.odd import odd_texts
from tests.corpus.readers import READERS, Reader

pytestmark = pytest.mark.integration
CORPUS = corpus_files()
MUTATIONS = int(os.environ.get("FAIRLEAD_MUTATIONS", "80"))
LOOKED_AT = 20 * MUTATIONS
SEED = 5
VARIABLES = {"X": "1"}


@dataclass(frozen=True)
class Compared:
    """A file, or several over one another: what docker-compose says, and what we say."""

    paths: tuple[Path, ...]
    answer: Answer
    model: Model
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether we refuse the file, or what is newer in it than this Compose, or warn that newer ones refuse it."""
        warned = any("Compose refuses it since" in finding.what for finding in self.findings)
        return bool(self.errors) or self.is_too_new or warned

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def is_too_new(self) -> bool:
        checker = compose_checker(self.answer.version)
        return any(checker.faults(document.value) for document in self.model.read)

    @property
    def verdict(self) -> str:
        if not self.answer.ok:
            return "agreed" if self.is_refused else "looser" if is_known(self.answer.said) else "missed"
        if not self.errors:
            return "agreed"
        intended = [
            is_intended(error, in_override=self.is_in_override(error)) or self.is_newer(error)
            for error in self.errors
        ]
        # What else a date is taken for than the text that it is here follows from it.
        dated = any("not a date" in error.what for error in self.errors)
        return "stricter" if all(intended) or dated else "false alarm"

    def is_newer(self, finding: Finding) -> bool:
        """Whether only the schema of a newer Compose says it: that one refuses the file."""
        checker = compose_checker(self.answer.version)
        older = {fault.path for document in self.model.read for fault in checker.faults(document.value)}
        return finding.rule == "schema" and finding.path not in older

    def is_in_override(self, finding: Finding) -> bool:
        place = finding.location
        return place is not None and Path(place.path).absolute() in self.paths[1:]

    def __str__(self) -> str:
        said = self.answer.said.strip().splitlines()[-1:] if not self.answer.ok else []
        return "\n  ".join([f"{self.verdict}: {self.paths[-1]}", *said, *map(str, self.errors[:3])])


def compare(*paths: Path) -> Compared:
    (one,) = compare_all([paths])
    return one


def compare_all(apps: list[tuple[Path, ...]]) -> list[Compared]:
    """Ask docker-compose about all of them, a few at a time, and look ourselves meanwhile."""
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(ask, apps)
        looked = [look_at(*paths, variables=VARIABLES) for paths in apps]
        return [
            Compared(paths, answer, *ours) for paths, answer, ours in zip(apps, answers, looked, strict=True)
        ]


def ask(paths: tuple[Path, ...]) -> Answer:
    """What docker-compose says; its version is the one that it reads as."""
    return replace(_ask(paths), version=version_of_compose())


def _ask(paths: tuple[Path, ...]) -> Answer:
    asked = ask_compose(paths, VARIABLES, project=PROJECT)
    answer = asked.answer()
    assert answer is not None, asked.why_not
    return answer


@cache
def version_of_compose() -> str:
    """The Compose as which the docker-compose of this machine reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "compose.yaml")

        def takes(text: str) -> bool:
            path.write_text(text, encoding="utf-8")
            return _ask((path,)).ok

        return reads_as(takes)


def write(folder: Path, *values: object) -> tuple[Path, ...]:
    """Files of a folder of their own, as JSON: each key stands on a line of its own."""
    folder.mkdir()
    paths = tuple(folder / f"{number}.yaml" for number in range(len(values)))
    for path, value in zip(paths, values, strict=True):
        path.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    """Every file of the corpus."""
    return compare_all([(path,) for path in CORPUS])


@pytest.fixture(scope="module")
def compared_mutations(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    """Files made wrong."""
    folder = tmp_path_factory.mktemp("mutations")
    chance = seeded(0)
    values = mutable_values(CORPUS)
    return compare_all(
        [write(folder / str(number), mutated(chance.choice(values), chance)) for number in range(MUTATIONS)]
    )


@pytest.fixture(scope="module")
def compared_overrides(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    """A file, and over it a part of itself, made wrong."""
    folder = tmp_path_factory.mktemp("overrides")
    chance = seeded(3)
    # What an included file declares may not be said again.
    values = [value for value in mutable_values(CORPUS) if "include" not in value]
    apps = []
    for number in range(MUTATIONS // 4):
        value = chance.choice(values)
        override = part_of(mutated(value, chance, 1), chance)
        apps.append(write(folder / str(number), value, override))
    return compare_all(apps)


def seeded(which: int) -> random.Random:
    return random.Random(SEED + which)  # noqa: S311 - mutations are no secret


Seen = tuple[tuple[Path, ...], Model, tuple[Finding, ...]]
"""Files that docker-compose was not asked about, and what we say."""


def seen(folder: Path, texts: list[str]) -> list[Seen]:
    """Each text as a file of its own, looked at by us."""
    looked: list[Seen] = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.yaml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        looked.append(((path,), *look_at(path, variables=VARIABLES)))
    return looked


@pytest.fixture(scope="module")
def seen_texts(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    """Files of which some characters, words or lines were changed."""
    chance = seeded(4)
    texts = [path.read_text(encoding="utf-8") for path in CORPUS if path.stat().st_size < 20_000]
    return seen(
        tmp_path_factory.mktemp("texts"),
        [mutated_text(chance.choice(texts), chance) for _ in range(MUTATIONS)],
    )


@pytest.fixture(scope="module")
def seen_odd(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    """An odd value in each of many places."""
    folder = tmp_path_factory.mktemp("odd")
    for name in ("f", "x", "1"):
        (folder / name).touch()
    return seen(folder, odd_texts(seeded(6), 3 * MUTATIONS))


def undocumented(compared: list[Compared]) -> list[str]:
    """Where Compose refuses what we do not, and the reverse where no table tells of it."""
    return [str(one) for one in compared if one.verdict in {"missed", "false alarm"}]


@pytest.mark.parametrize("which", ["compared", "compared_mutations", "compared_overrides"])
def test_what_compose_refuses_is_refused(which: str, request: pytest.FixtureRequest) -> None:
    """No false pass; and of what it takes, what we refuse stands in the table of differences."""
    files: list[Compared] = request.getfixturevalue(which)
    assert undocumented(files) == []


@pytest.mark.parametrize("reader", READERS, ids=[reader.release for reader in READERS])
@pytest.mark.parametrize("which", ["compared", "compared_mutations", "compared_overrides"])
def test_what_newer_composes_refuse_is_refused(
    which: str, reader: Reader, request: pytest.FixtureRequest
) -> None:
    files: list[Compared] = request.getfixturevalue(which)
    answers = reader.answers([one.paths for one in files], VARIABLES, PROJECT)
    assert (
        undocumented([replace(one, answer=answer) for one, answer in zip(files, answers, strict=True)]) == []
    )


@pytest.mark.parametrize("reader", READERS, ids=[reader.release for reader in READERS])
@pytest.mark.parametrize("which", ["seen_texts", "seen_odd"])
def test_broken_texts_and_odd_values_are_what_they_are_to_compose(
    which: str, reader: Reader, request: pytest.FixtureRequest
) -> None:
    files: list[Seen] = request.getfixturevalue(which)
    answers = reader.answers([paths for paths, *_ in files], VARIABLES, PROJECT)
    assert any(answer.ok for answer in answers)
    compared = [
        Compared(paths, answer, model, findings)
        for (paths, model, findings), answer in zip(files, answers, strict=True)
    ]
    assert undocumented(compared) == []


@pytest.mark.parametrize("reader", READERS, ids=[reader.release for reader in READERS])
def test_a_compose_is_known_by_what_it_reads(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"

    def takes(text: str) -> bool:
        path.write_text(text, encoding="utf-8")
        (answer,) = reader.answers([(path,)], {}, PROJECT)
        return answer.ok

    assert reads_as(takes) == reader.folder
    assert version_of_compose() in VERSIONS


def test_the_comparison_would_see_a_miss(tmp_path: Path) -> None:
    """A file that docker-compose refuses counts as missed if nothing is found in it."""
    path = tmp_path / "compose.yaml"
    path.write_text("services: {web: {image: a, networks: [nowhere]}}", encoding="utf-8")
    one = compare(path)
    assert one.verdict == "agreed"
    assert Compared(one.paths, one.answer, one.model, ()).verdict == "missed"
    taken = Compared(one.paths, Answer(one.answer.version, ok=True), one.model, one.findings)
    assert taken.verdict == "false alarm"


@pytest.mark.parametrize("which", ["compared", "compared_mutations"])
def test_a_finding_stands_where_its_words_point(which: str, request: pytest.FixtureRequest) -> None:
    """The line of each finding holds the key or the value that the finding names."""
    files: list[Compared] = request.getfixturevalue(which)
    findings = [(one, finding) for one in files for finding in one.errors]
    assert findings
    misplaced = [
        f"{finding}\n  {line!r}" for one, finding in findings for line in misplaced_line(one, finding)
    ]
    assert misplaced == []


def misplaced_line(one: Compared, finding: Finding) -> Iterator[str]:
    """The line of a finding, if it holds nothing of what the finding is about."""
    place = finding.location
    if place is None or not place.line:
        yield "nowhere"
        return
    lines = Path(place.path).read_text(encoding="utf-8", errors="replace").splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if finding.rule == "yaml" or not finding.path:
        # Where the parser stopped, or the file as a whole: nothing is named.
        return
    if isinstance(finding.path[-1], int) and line[place.column - 1 : place.column] in {"[", "{", '"', "-"}:
        # An item of a list that is a list or mapping itself, or empty, begins here.
        return
    # The name before a colon is the service's; what follows is what the finding names.
    said = finding.what.partition(": ")[2] or finding.what
    words = {
        word for word in (text.strip("\"'.,:;()[]{}") for text in said.replace("/", " ").split()) if word
    }
    steps = {str(step) for step in finding.path[-2:]}
    # Of an item of a list nothing is named but its value.
    nodes = [document.node(finding.path) for document in one.model.documents]
    steps |= {node.text for node in nodes if node is not None and node.text}
    named = {part for word in words | steps for part in (word, *word.split("."), *word.split(":")) if part}
    if not any(name in line for name in named):
        yield line


def test_a_file_with_anything_wrong_is_told_without_a_traceback_in_little_time_and_memory(
    tmp_path: Path,
) -> None:
    """Seeded wrong files, by value and by text: an answer for each, each in under two seconds of the processor."""
    chance = seeded(1)
    texts = [path.read_text(encoding="utf-8") for path in CORPUS if path.stat().st_size < 20_000]
    values = mutable_values(CORPUS)
    path = tmp_path / "compose.yaml"
    slowest = 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(LOOKED_AT):
        if number % 2:
            text = mutated_text(chance.choice(texts), chance)
        else:
            text = json.dumps(mutated(chance.choice(values), chance), indent=1)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        began = time.process_time()
        try:
            look_at(path, variables=VARIABLES)
        except Exception as error:
            error.add_note(f"mutation {number} of seed {SEED + 1}:\n{text[:3000]}")
            raise
        slowest = max(slowest, time.process_time() - began)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert slowest < 2
    assert grown < 200 * 1024


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[1], VERSIONS[8], VERSIONS[-3], VERSIONS[-1]])
def test_the_schema_is_read_as_a_reference_validator_reads_it(version: str) -> None:
    """Valid and invalid are the same to our checker and to python-jsonschema."""
    checker = compose_checker(version)
    reference = Draft202012Validator(load_compose_schema(version))
    chance = seeded(2)
    values = mutable_values(CORPUS, most=4_000)
    tried = [
        *chance.sample(values, min(40, len(values))),
        *(mutated(chance.choice(values), chance) for _ in range(150)),
    ]
    tried = [value for value in tried if isinstance(value, dict)]
    differ = [value for value in tried if (checker.faults(value) == []) != reference.is_valid(value)]
    assert differ == []
    assert any(checker.faults(value) for value in tried)


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="another corpus is looked at")
def test_every_file_of_the_corpus_has_its_origin() -> None:
    origins = load_origins()
    assert len(origins) >= 150
    assert {one.licence for one in origins} <= {"Apache-2.0", "MIT"}
    kept = {str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file()}
    assert {one.file for one in origins} <= kept
    assert all(one.module and one.version and one.path for one in origins)


@pytest.mark.skipif(ELSEWHERE in os.environ, reason="another corpus is looked at")
def test_the_corpus_is_of_many_kinds() -> None:
    keys: Counter[str] = Counter()
    for path in CORPUS:
        for document in load_documents(path):
            keys.update(
                {str(steps[2]) for steps, _ in document.walk() if len(steps) == 3 and steps[0] == "services"}
            )
    assert len(keys) > 40
