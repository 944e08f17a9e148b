"""What is written where the next release does not find it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.wire.compose.forgotten import find_forgotten

NAMELESS = {"type": "volume", "target": "/data"}


@pytest.mark.parametrize(
    ("definition", "declared", "found"),
    [
        ({}, ["/data"], ["/data"]),
        ({}, ["/data/", "/srv/uploads"], ["/data", "/srv/uploads"]),
        ({"volumes": [NAMELESS]}, [], ["/data"]),
        ({"volumes": [NAMELESS]}, ["/data"], ["/data"]),
        ({"volumes": [{"type": "volume", "source": "data", "target": "/data/"}]}, ["/data"], []),
        ({"volumes": [{"type": "bind", "source": "/x", "target": "/data"}]}, ["/data"], []),
        ({"volumes": [{"type": "tmpfs", "target": "/data"}]}, ["/data"], []),
        ({"tmpfs": ["/data:size=4m"]}, ["/data"], []),
        ({"tmpfs": "/data"}, ["/data"], []),
        # The engine makes a volume below what is mounted above it.
        ({"volumes": [{"type": "volume", "source": "data", "target": "/data"}]}, ["/data/x"], ["/data/x"]),
        ({}, ["/tmp", "/var/cache/nginx", "/app/tmp", "/app/node_modules", "/var/log"], []),
        ({"volumes": [{"type": "volume", "target": "/app/node_modules"}]}, [], []),
        ({"volumes": None, "tmpfs": None}, [], []),
        ({"volumes": ["odd", 3]}, ["odd"], []),
    ],
)
def test_a_volume_without_a_name_is_found(
    definition: dict[str, Any], declared: list[str], found: list[str]
) -> None:
    assert find_forgotten(definition, declared) == found


def test_a_file_or_a_folder_of_data_is_another_mount() -> None:
    assert find_forgotten({}, ["/data", "/more"], ["/data"]) == ["/more"]


PATHS = st.lists(st.sampled_from(["/data", "/srv/data", "/uploads", "/tmp/x", "/var/log", "/a/.cache"]))


@given(PATHS, PATHS, PATHS)
def test_nothing_that_is_mounted_is_found_and_nothing_that_is_not_declared(
    declared: list[str], named: list[str], nameless: list[str]
) -> None:
    mounts = [{"type": "volume", "source": "v", "target": one} for one in named]
    mounts += [{"type": "volume", "target": one} for one in nameless]
    found = find_forgotten({"volumes": mounts}, declared)
    assert set(found) <= {*declared, *nameless} - set(named)
    kept = {"/data", "/srv/data", "/uploads"}
    assert set(found) == kept & ({*declared, *nameless} - set(named))
