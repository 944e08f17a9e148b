"""``fairlead validate`` as a process: what it loads, what it costs at worst, and what it remembers."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.quick_start import LIST, modules_of_a_call, own

FAIRLEAD = [sys.executable, "-m", "fairlead", "validate"]
GOOD = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n"
SECONDS = 2.0
MEGABYTES = 200

# What the plain way of the command must not import: each costs milliseconds, and it has forty.
HEAVY = {
    "asyncio", "bz2", "click", "concurrent.futures", "contextlib", "dataclasses", "datetime", "difflib", "docker",
    "email", "encodings.utf_8_sig", "enum", "hashlib", "http", "importlib.metadata",
    "importlib.resources", "inspect", "ipaddress", "json", "jsonschema", "logging", "math", "ntpath", "random", "re._compiler", "requests", "rich", "shutil", "socket",
    "struct", "subprocess", "tempfile", "threading", "typing", "urllib.parse", "yaml.resolver", "yaml.constructor",
    "yaml.reader",
}  # fmt: skip


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The variables of this process without Fairlead's and GitHub's, and a cache of the test's own."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("FAIRLEAD_", "GITHUB_"))
    }
    return {**kept, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def run(folder: Path, environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FAIRLEAD, *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_a_good_file_imports_what_it_needs(tmp_path: Path, environ: dict[str, str]) -> None:
    """No library that is heavy, and of Fairlead the modules of the list: `python -m tests.quick_start` makes it."""
    place = tmp_path / "cache" / "fairlead" / "code"
    first = modules_of_a_call(tmp_path, environ)
    # The second knows the expressions, and keeps less than the first needed to compile them.
    second = modules_of_a_call(tmp_path, environ)
    assert own(first) == own(second) == LIST.read_text().split()
    assert not HEAVY & second
    kept = [(file.name, file.stat().st_ino) for file in place.iterdir()]
    modules_of_a_call(tmp_path, environ)
    assert kept == [(file.name, file.stat().st_ino) for file in place.iterdir()]
    assert len(kept) == 1


def test_what_a_call_needs_more_is_there_for_the_next(tmp_path: Path, environ: dict[str, str]) -> None:
    """A file with findings needs other modules: they are kept beside the others, and a good file's do not go."""

    def called(text: str) -> tuple[str, int]:
        (tmp_path / "compose.yaml").write_text(text)
        done = run(tmp_path, environ, "--no-compose")
        assert done.stderr == ""
        (file,) = (tmp_path / "cache" / "fairlead" / "code").iterdir()
        return done.stdout, file.stat().st_ino

    bad = GOOD.replace("nginx:1.29", "nginx:latest\n    privileged: true\n    ports: ['0.0.0.0:5432:5432']")
    called(GOOD)
    good, of_good = called(GOOD)
    found, _ = called(bad)
    again, of_bad = called(bad)
    assert of_bad != of_good
    assert again == found
    assert called(bad) == (found, of_bad)
    assert called(GOOD) == (good, of_bad)


def _large(folder: Path) -> None:
    with (folder / "compose.yaml").open("w") as file:
        file.write("services:\n")
        for number in range(1024 * 1024):
            file.write(f"  s{number:07}:\n    image: nginx:1.29 {'x' * 70}\n")


def _bomb(folder: Path) -> None:
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 10)]
    (folder / "compose.yaml").write_text("\n".join([*lines, GOOD]))


def _deep(folder: Path) -> None:
    (folder / "compose.yaml").write_text("x: " + "[" * 10_000 + "]" * 10_000 + "\n" + GOOD)


def _deep_block(folder: Path) -> None:
    (folder / "compose.yaml").write_text("".join(f"{' ' * n}a:\n" for n in range(10_000)))


def _included_by_itself(folder: Path) -> None:
    (folder / "compose.yaml").write_text("include: [more.yaml]\n" + GOOD)
    (folder / "more.yaml").write_text("include: [compose.yaml]\n")


def _extends_itself(folder: Path) -> None:
    (folder / "compose.yaml").write_text(
        "services:\n  a: {extends: {service: b}}\n  b: {extends: {service: a}}\n"
    )


def _merged_bomb(folder: Path) -> None:
    lines = ["x0: &x0 {k0: a}"]
    lines += [
        f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}], k{n}: *x{n - 1}, l{n}: *x{n - 1}}}" for n in range(1, 30)
    ]
    (folder / "compose.yaml").write_text("\n".join([*lines, GOOD]))


def _variables(folder: Path) -> None:
    (folder / ".env").write_text(
        "A0=" + "x" * 1000 + "\n" + "".join(f"A{n}=" + f"${{A{n - 1}}}" * 10 + "\n" for n in range(1, 10))
    )
    (folder / "compose.yaml").write_text(GOOD.replace("nginx", "${A9}"))


@pytest.mark.parametrize(
    "make",
    [_large, _bomb, _deep, _deep_block, _included_by_itself, _extends_itself, _merged_bomb, _variables],
    ids=lambda make: make.__name__.strip("_"),
)
def test_what_is_meant_to_exhaust_it_is_one_clear_error(
    tmp_path: Path, environ: dict[str, str], make: Callable[[Path], None]
) -> None:
    """Within two seconds of processor time and 200 MB, whatever the file is, and without a traceback."""
    make(tmp_path)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES * 1024 * 1024, MEGABYTES * 1024 * 1024))
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))

    done = subprocess.run(
        [*FAIRLEAD, "--no-compose", "--rule", "schema", "compose.yaml"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
        timeout=PATIENCE,
    )
    assert done.returncode in {11, 12}, (done.returncode, done.stdout[-500:], done.stderr[-500:])
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr


def services(count: int) -> str:
    one = (
        "  s{0}:\n    image: nginx:1.29\n    init: true\n    restart: unless-stopped\n"
        "    environment: {{A: b, C: '${{D:-e}}'}}\n    ports: ['127.0.0.1:{1}:80']\n"
        "    depends_on: {{s0: {{condition: service_started}}}}\n    networks: [n{2}]\n"
    )
    text = "name: many\nservices:\n" + "".join(one.format(n, 10000 + n, n % 10) for n in range(count))
    return text + "networks:\n" + "".join(f"  n{n}: {{}}\n" for n in range(10))


def cpu_seconds(folder: Path, environ: Mapping[str, str], count: int) -> float:
    (folder / "compose.yaml").write_text(services(count))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(folder, environ, "--no-compose", "compose.yaml")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 11, done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_thousand_services_are_judged_in_proportion(tmp_path: Path, environ: dict[str, str]) -> None:
    """How many seconds that is `make bench` tells: a crowded machine makes them longer."""
    cpu_seconds(tmp_path, environ, 1)
    few, many = cpu_seconds(tmp_path, environ, 250), cpu_seconds(tmp_path, environ, 1000)
    assert many / few < 6


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "compose.yaml").write_text(GOOD)
    return folder


REMEMBERED = "as it said before of the same files"


def test_docker_compose_is_asked_once_about_the_same_files(shop: Path, environ: dict[str, str]) -> None:
    first, second = run(shop, environ).stdout, run(shop, environ).stdout
    assert "compose (docker-compose " in first
    assert REMEMBERED not in first
    assert REMEMBERED in second
    assert first.splitlines()[:-1] == second.splitlines()[:-1]


@pytest.mark.parametrize("what", ["file", "variable", "dotenv", "env_file", "override"])
def test_whatever_its_answer_depends_on_makes_it_another_question(
    shop: Path, environ: dict[str, str], what: str
) -> None:
    (shop / "compose.yaml").write_text(GOOD.replace("1.29", "${TAG:-1}") + "    env_file: [a.env]\n")
    (shop / "a.env").write_text("A=1\n")
    run(shop, environ)
    assert REMEMBERED in run(shop, environ).stdout
    if what == "file":
        (shop / "compose.yaml").write_text((shop / "compose.yaml").read_text() + "\n")
    elif what == "variable":
        environ["TAG"] = "2"
    elif what == "dotenv":
        (shop / ".env").write_text("X=1\n")
    elif what == "env_file":
        (shop / "a.env").write_text("A=2\n")
    else:
        (shop / "compose.override.yaml").write_text("services: {web: {init: true}}\n")
    assert REMEMBERED not in run(shop, environ).stdout
    assert REMEMBERED in run(shop, environ).stdout


def test_a_refusal_is_remembered_too(shop: Path, environ: dict[str, str]) -> None:
    (shop / "compose.yaml").write_text(GOOD + "    depends_on: [nobody]\n")
    first, second = run(shop, environ), run(shop, environ)
    assert (first.returncode, second.returncode) == (11, 11)
    assert first.stdout.splitlines()[:-1] == second.stdout.splitlines()[:-1]


def test_what_can_t_be_kept_or_is_damaged_changes_nothing(shop: Path, environ: dict[str, str]) -> None:
    first = run(shop, environ)
    for file in Path(environ["XDG_CACHE_HOME"]).rglob("*"):
        if file.is_file():
            file.write_bytes(b"\xe9garbage")
    again = run(shop, environ)
    assert (again.returncode, again.stderr) == (first.returncode, "")
    nowhere = run(shop, {**environ, "XDG_CACHE_HOME": "/proc/nowhere"})
    assert (nowhere.returncode, nowhere.stderr) == (first.returncode, "")


def test_code_from_the_cache_is_the_code_of_the_source(tmp_path: Path, environ: dict[str, str]) -> None:
    """A changed source file is seen at once, whatever lies in the cache."""
    import shutil

    package = tmp_path / "copy" / "fairlead"
    shutil.copytree(
        Path(__file__).parents[3] / "ci" / "fairlead", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "compose.yaml").write_text(GOOD)
    environ = {**environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    first = run(tmp_path, environ, "--no-compose").stdout
    assert list((tmp_path / "cache" / "fairlead" / "code").iterdir())
    assert run(tmp_path, environ, "--no-compose").stdout == first
    words = package / "verdict" / "words.py"
    words.write_text(words.read_text().replace('"checked: ', '"looked at: '))
    assert "looked at: " in run(tmp_path, environ, "--no-compose").stdout


def test_a_reader_that_leaves_early_is_no_error(shop: Path, environ: dict[str, str]) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        [*FAIRLEAD, "--no-compose"], cwd=shop, env=environ, stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(reading)
        os.close(writing)
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_the_json_document_stands_alone_on_stdout(shop: Path, environ: dict[str, str]) -> None:
    done = run(shop, environ, "--json", "--no-compose", "--strict")
    assert json.loads(done.stdout)["exit_code"] == done.returncode == 11
    assert "compose.yaml: " in done.stderr
