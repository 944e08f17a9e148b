from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from tests.locks import LOCKS, Lock, Row, check_locks, compile_argv, find_differences, find_faults


def _lock(text: str = "", **versions: str) -> Lock:
    return Lock(
        "some",
        wanted=(Requirement("click>=8.1"),),
        versions={name: {version} for name, version in versions.items()},
        hashes=dict.fromkeys(versions, 1),
        text=text,
    )


def test_the_locks_of_this_repository_hold() -> None:
    assert check_locks() == []


def test_a_lock_that_satisfies_is_fresh() -> None:
    assert find_faults(_lock(click="8.2.0")) == []


@pytest.mark.parametrize("versions", [{}, {"click": "8.0.1"}])
def test_a_requirement_that_is_not_met_is_a_fault(versions: dict[str, str]) -> None:
    [fault] = find_faults(_lock(**versions))
    assert "click>=8.1 is not locked" in fault


@pytest.mark.parametrize(
    "text",
    ["--index-url https://pypi.example", "click @ https://files.example/x.whl", "    # via -r /home/me/x.in"],
)
def test_an_address_or_a_path_of_a_machine_is_a_fault(text: str) -> None:
    assert find_faults(_lock(text, click="8.2.0"))


def test_a_missing_hash_is_a_fault() -> None:
    lock = _lock(click="8.2.0")
    lock.hashes["click"] = 0
    assert find_faults(lock) == ["some: click has no hash"]


def test_locks_must_agree() -> None:
    [difference] = find_differences(_lock(click="8.1.0"), _lock(click="8.2.0", rich="13.0"))
    assert "click 8.1.0" in difference


def test_every_lock_is_compiled_with_hashes_and_without_addresses() -> None:
    for row in LOCKS:
        argv = compile_argv(row, upgrade=False)
        assert {"--generate-hashes", "--no-emit-index-url", "--universal"} <= set(argv)
    assert "--upgrade" in compile_argv(Row("dev"), upgrade=True)
