"""Root's work by an ordinary user: by sudo, and only where it asks nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead import process
from fairlead.errors import CommandFailedError
from fairlead.tools import apt
from fairlead.tools.apt import install_packages
from fairlead.tools.catalog import DebianPackage
from fairlead.tools.root import Root, find_root
from fairlead.tools.system import System

SUDO = Path("/usr/bin/sudo")
USER = System("ubuntu", "Ubuntu 24.04", 24, root=False, systemd=True)


def ends(code: int) -> Callable[..., process.Completed]:
    return lambda argv, *_, **__: process.Completed(tuple(map(str, argv)), code, "", "")


def test_root_needs_no_sudo() -> None:
    assert find_root(System("ubuntu", "", 24, root=True, systemd=True)) == Root()
    assert Root().argv(("apt-get", "update"), {"http_proxy": "p"}) == ("apt-get", "update")


@pytest.mark.parametrize(
    ("there", "code", "found"), [(True, 0, Root(SUDO)), (True, 1, None), (False, 0, None)]
)
def test_a_sudo_is_taken_only_if_it_asks_for_no_password(
    monkeypatch: pytest.MonkeyPatch, there: bool, code: int, found: Root | None
) -> None:
    monkeypatch.setattr(process, "which", lambda _: SUDO if there else None)
    monkeypatch.setattr(process, "run", ends(code))
    assert find_root(USER) == found


def test_a_sudo_that_does_not_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> process.Completed:
        raise CommandFailedError("`sudo -n true` took longer than 20 s")

    monkeypatch.setattr(process, "which", lambda _: SUDO)
    monkeypatch.setattr(process, "run", late)
    assert find_root(USER) is None


def test_packages_are_installed_by_sudo_with_what_says_how_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its environment is cleared: proxies and apt's own variables are kept, logins are not; no value is shown."""
    lines: list[tuple[str, ...]] = []

    def stream(argv: tuple[str, ...], *_: object, **__: object) -> process.Completed:
        lines.append(tuple(argv))
        return process.Completed(tuple(argv), 0, "", "")

    monkeypatch.setattr(apt, "find_root", lambda _: Root(SUDO))
    monkeypatch.setattr(process, "stream", stream)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    install_packages(USER, [DebianPackage("git")], print)
    update, install = lines
    assert update[:2] == install[:2] == ("/usr/bin/sudo", "-n")
    option, _, kept = install[2].partition("=")
    assert option == "--preserve-env"
    assert {"https_proxy", "DEBIAN_FRONTEND"} <= set(kept.split(","))
    assert "GITHUB_TOKEN" not in kept
    assert install[3] == "apt-get"
    assert install[-1] == "git"
    assert "proxy.example" not in str(lines)
