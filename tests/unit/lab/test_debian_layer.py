from __future__ import annotations

import pytest

from lab.debian.layer import (
    User,
    canonical,
    is_dropped,
    render_group,
    render_passwd,
    render_shadow,
    render_status,
)

PASSWD = "root:*:0:0:root:/root:/bin/bash\nsync:*:4:65534:sync:/bin:/bin/sync\n"
GROUP = "root:*:0:\nshadow:*:42:\n"
USERS = (User("docker", 991), User("deploy", 1000, "/home/deploy", "/bin/bash", groups=("docker", "shadow")))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("./bin/sh", "usr/bin/sh"),
        ("./lib64/ld.so", "usr/lib64/ld.so"),
        ("./bin", "bin"),
        ("./usr/bin/env", "usr/bin/env"),
        ("./library/x", "library/x"),
        ("./etc/", "etc"),
        ("./var/run/", "run"),
        ("./var/lock/x", "run/lock/x"),
        ("./var/runner", "var/runner"),
    ],
)
def test_paths_stand_where_a_merged_usr_has_them(path: str, expected: str) -> None:
    """The links ``/bin`` and the like stay links; what packages put below them goes below ``/usr``; and ``/run`` likewise."""
    assert canonical(path) == expected


@pytest.mark.parametrize(
    ("path", "dropped"),
    [
        ("usr/share/doc/bash/README", True),
        ("usr/share/doc/bash/copyright", False),
        ("usr/share/man/man1/sh.1.gz", True),
        ("usr/share/locale/de/x.mo", True),
        ("usr/lib/python3.13/EXTERNALLY-MANAGED", True),
        ("usr/lib/locale/C.utf8/LC_CTYPE", False),
        ("usr/bin/man", False),
    ],
)
def test_a_slim_image_has_no_documentation_but_copyrights(path: str, dropped: bool) -> None:
    assert is_dropped(path) is dropped


def test_a_package_is_marked_as_installed() -> None:
    """Without the status no scanner sees the package."""
    status = render_status("Package: bash\nVersion: 5\nDescription: shell\n more\n\n")
    assert status == "Package: bash\nStatus: install ok installed\nVersion: 5\nDescription: shell\n more\n\n"


def test_users_are_added_to_debians_own() -> None:
    assert render_passwd(PASSWD, USERS).splitlines() == [
        "root:x:0:0:root:/root:/bin/bash",
        "sync:x:4:65534:sync:/bin:/bin/sync",
        "docker:x:991:991::/nonexistent:/usr/sbin/nologin",
        "deploy:x:1000:1000::/home/deploy:/bin/bash",
    ]


def test_users_join_groups_of_debian_and_of_each_other() -> None:
    assert render_group(GROUP, USERS).splitlines() == [
        "root:x:0:",
        "shadow:x:42:deploy",
        "docker:x:991:deploy",
        "deploy:x:1000:",
    ]


def test_nobody_has_a_password_and_nobody_is_locked() -> None:
    """Sshd refuses a key of an account whose password begins with ``!``."""
    assert render_shadow(render_passwd(PASSWD, ())).splitlines() == [
        "root:*:20000:0:99999:7:::",
        "sync:*:20000:0:99999:7:::",
    ]
