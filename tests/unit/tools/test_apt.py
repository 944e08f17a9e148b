from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import ToolMissingError
from fairlead.tools import apt
from fairlead.tools.apt import Archive, install_packages, parse_archive, plan_apt, read_archive
from fairlead.tools.catalog import DebianPackage
from fairlead.tools.root import Root
from fairlead.tools.system import System, parse_os_release

DOCKER = DebianPackage("docker.io")
ARCHIVE = Archive("http://mirror.example/debian", "stable")
GIT = DebianPackage("git", since=10)


def _system(distribution: str = "debian", release: int = 12, *, root: bool = True) -> System:
    return System(distribution, f"{distribution} {release}", release, root=root, systemd=False)


def _installs(plan_commands: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """What stands behind `install --yes --no-install-recommends`."""
    return [argv[argv.index("install") + 3 :] for argv in plan_commands if "install" in argv]


def test_bookworm_takes_single_packages_from_trixie_and_nothing_else_moves() -> None:
    plan = plan_apt(_system(), [DOCKER, GIT], ARCHIVE)
    assert _installs(plan.commands) == [("git",), ("-t", "trixie", "docker.io")]
    sources = plan.files["/etc/apt/sources.list.d/fairlead-trixie.sources"]
    assert "URIs: http://mirror.example/debian\nSuites: trixie\n" in sources
    assert "Pin-Priority: 90" in plan.files["/etc/apt/preferences.d/fairlead-trixie"]


@pytest.mark.parametrize(("distribution", "release"), [("debian", 13), ("debian", 0), ("ubuntu", 24)])
def test_a_newer_machine_takes_its_own_packages(distribution: str, release: int) -> None:
    """Release 0 is Debian testing, which does not tell a number."""
    plan = plan_apt(_system(distribution, release), [DOCKER], ARCHIVE)
    assert plan.files == {}
    assert _installs(plan.commands) == [("docker.io",)]


def test_a_bookworm_that_calls_itself_trixie_is_still_one(tmp_path: Path) -> None:
    """With the engine from trixie comes its base-files, and so its os-release; the archive stays bookworm's."""
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "debian.sources").write_text("Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\n")
    (folder / "fairlead-trixie.sources").write_text(
        "Types: deb\nURIs: http://b.example/debian\nSuites: trixie\n"
    )
    archive = read_archive(tmp_path)
    assert archive == Archive("http://a.example/debian", "bookworm")
    assert _installs(plan_apt(_system(release=13), [DOCKER], archive).commands) == [
        ("-t", "trixie", "docker.io")
    ]


def test_bullseye_is_refused() -> None:
    with pytest.raises(ToolMissingError, match="too old"):
        plan_apt(_system(release=11), [DOCKER], ARCHIVE)


@pytest.mark.parametrize(
    ("text", "mirror"),
    [
        ("deb http://a.example/debian bookworm main\n", "http://a.example/debian"),
        ("deb [signed-by=/k] https://a.example/debian bookworm main\n", "https://a.example/debian"),
        (
            (
                "Types: deb\nURIs: http://security.example/debian-security\nSuites: bookworm-security\n\n"
                "Types: deb\nURIs: http://b.example/debian/\nSuites: bookworm bookworm-updates\n"
            ),
            "http://b.example/debian/",
        ),
        ("deb http://x.example/debian bookworm-security main\n# deb http://no/debian x main", ""),
        ("deb cdrom:[Debian]/ bookworm main\n", ""),
        ("deb https://apt.example.com/stable/ main contrib\n", ""),
    ],
)
def test_the_mirror_is_the_machines_own(text: str, mirror: str) -> None:
    """The main archive; never the security archive, a CD or somebody else's repository."""
    assert parse_archive([text]).mirror == mirror


def test_who_may_not_install_is_told_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sudo, or one that asks for a password."""
    monkeypatch.setattr(apt, "find_root", lambda system: Root() if system.root else None)
    with pytest.raises(ToolMissingError) as caught:
        install_packages(_system(root=False), [GIT], print)
    assert caught.value.fix == "sudo apt-get install --no-install-recommends git"
    with pytest.raises(ToolMissingError) as caught:
        install_packages(_system("fedora", 42), [GIT], print)
    assert caught.value.fix == "install git"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
            ("debian", "Debian GNU/Linux 12", 12),
        ),
        ('ID=ubuntu\nVERSION_ID="24.04"\n', ("ubuntu", "", 24)),
        (
            'ID=debian\nPRETTY_NAME="Debian GNU/Linux forky/sid"\n',
            ("debian", "Debian GNU/Linux forky/sid", 0),
        ),
        ("", ("", "", 0)),
    ],
)
def test_os_release(text: str, expected: tuple[str, str, int]) -> None:
    assert parse_os_release(text) == expected
