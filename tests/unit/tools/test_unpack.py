"""Packages from wheels that anybody may have put there."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from fairlead.tools.unpack import main, parse_lock

ROOT = Path(__file__).parents[3]


def wheel(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, f"# {name}")
    return data.getvalue()


A, B, OTHER_B = wheel("a/__init__.py"), wheel("b.py"), wheel("b.py", "b2.py")
MALICIOUS = wheel("a/__init__.py", "sitecustomize.py")


def run(folder: Path, *wheels: bytes, lock: str = "") -> tuple[int, set[str]]:
    """The exit code, and what lies in the target."""
    (folder / "wheels").mkdir()
    for number, data in enumerate(wheels):
        (folder / "wheels" / f"w{number}.whl").write_bytes(data)
    text = lock or render({"a": [A], "b": [B, OTHER_B]})
    (folder / "lock.txt").write_text(text)
    (folder / "target").mkdir()
    code = main(str(folder / "lock.txt"), str(folder / "wheels"), str(folder / "target"))
    return code, {str(one.relative_to(folder / "target")) for one in (folder / "target").rglob("*.py")}


def render(wanted: dict[str, list[bytes]]) -> str:
    """A lock as uv and pip-tools write it."""
    return "".join(
        f"{name}==1.0 \\\n"
        + " \\\n".join(f"    --hash=sha256:{hashlib.sha256(data).hexdigest()}" for data in sums)
        + "\n    # via x\n"
        for name, sums in wanted.items()
    )


def test_what_the_lock_names_is_unpacked_and_nothing_beside_it(tmp_path: Path) -> None:
    assert run(tmp_path, A, B, MALICIOUS) == (0, {"a/__init__.py", "b.py"})


@pytest.mark.parametrize(
    "wheels",
    [
        (),
        (A,),
        (MALICIOUS, B),
        (A, B + b"x"),
        # Which of the two is for this machine is for pip to say.
        (A, B, OTHER_B),
        (b"", b"PK"),
    ],
)
def test_where_one_is_missing_or_another_one_nothing_is_done(
    tmp_path: Path, wheels: tuple[bytes, ...]
) -> None:
    assert run(tmp_path, *wheels) == (1, set())


def test_a_wheel_with_programs_is_left_to_pip(tmp_path: Path) -> None:
    program = wheel("c.py", "c-1.0.data/scripts/c")
    assert run(tmp_path, A, program, lock=render({"a": [A], "c": [program]})) == (1, set())


def test_an_empty_lock_is_none(tmp_path: Path) -> None:
    assert run(tmp_path, A, lock="# nothing\n") == (1, set())


def test_the_lock_of_the_package_is_read_whole() -> None:
    text = (ROOT / "requirements" / "runtime.txt").read_text()
    lock = parse_lock(text)
    assert {"click", "pyyaml", "requests", "rich"} <= lock.keys()
    assert all(lock.values())
    assert sum(map(len, lock.values())) == text.count("--hash=")
