"""Two environments of one app on one host: what each is called there, and what they may not share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fairlead.errors import InputError
from fairlead.host.wire.names import APP_NAME
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings

NAMES = ("production", "staging", "demo", "test")
HOSTS = ("deploy@one.example.com", "deploy@two.example.com", "root@ONE.example.com", "one.example.com:2222")


def load(folder: Path, environments: dict[str, Any], app: str = "board") -> Settings:
    """The settings of an app with these environments."""
    (folder / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    content = yaml.safe_dump({"app": app, "environments": environments}, sort_keys=False)
    (folder / "fairlead.yaml").write_text(content)
    return load_settings(folder, {})


def refusal(folder: Path, environments: dict[str, Any], app: str = "board") -> str:
    """What is wrong with these environments, with places and fixes."""
    with pytest.raises(InputError) as caught:
        load(folder, environments, app)
    return "\n".join(
        f"{one.location}: {one.what} ({one.fix})" for one in caught.value.findings if one.location is not None
    )


def place(label: str, host: str = HOSTS[0], **more: Any) -> dict[str, Any]:
    return {"hosts": [host], "url": f"https://{label}.example.com", **more}


def named(found: Settings) -> dict[str, tuple[str, bool]]:
    return {name: (found.name_of(one), one.edge) for name, one in found.environments.items()}


def test_alone_on_its_host_nothing_changes(tmp_path: Path) -> None:
    apart = {"production": place("board"), "staging": place("staging", HOSTS[1])}
    assert named(load(tmp_path, apart)) == {"production": ("board", False), "staging": ("board", False)}


def test_on_one_host_the_first_of_the_file_has_the_apps_name_and_both_stand_behind_the_edge(
    tmp_path: Path,
) -> None:
    both = {"production": place("board"), "staging": place("staging", HOSTS[2])}
    assert named(load(tmp_path, both)) == {"production": ("board", True), "staging": ("board-staging", True)}


def test_an_environment_that_is_added_below_renames_nobody(tmp_path: Path) -> None:
    """Whatever is deployed keeps its name as long as its place in the file does."""
    known: dict[str, Any] = {}
    before: dict[str, tuple[str, bool]] = {}
    for number, name in enumerate(NAMES):
        known[name] = place(name, HOSTS[number % 2])
        now = named(load(tmp_path, known))
        assert {key: value[0] for key, value in now.items() if key in before} == {
            key: value[0] for key, value in before.items()
        }
        before = now


def test_a_name_that_is_written_is_the_name(tmp_path: Path) -> None:
    both = {"production": place("board", name="shop"), "staging": place("staging", name="board")}
    found = load(tmp_path, both)
    assert [found.name_of(one) for one in found.environments.values()] == ["shop", "board"]
    assert found.app == "board"


def test_the_edge_is_not_taken_where_it_is_declined_or_cannot_serve(tmp_path: Path) -> None:
    both = {
        "production": {"hosts": [HOSTS[0]], "url": "http://board.example.com:8080"},
        "staging": place("staging", edge=False),
    }
    assert [edge for _, edge in named(load(tmp_path, both)).values()] == [False, False]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "board"}, "production is called board on one.example.com"),
        ({"url": "https://BOARD.example.com/"}, "production serves board.example.com on one.example.com"),
        ({"hostnames": ["board.example.com"]}, "production serves board.example.com on one.example.com"),
        ({"name": "edge"}, "Fairlead's own"),
    ],
)
def test_what_two_cannot_have_on_one_host_is_told_at_its_place(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    text = refusal(tmp_path, {"production": place("board"), "staging": {**place("staging"), **changes}})
    assert said in text, text
    assert re.search(r"fairlead\.yaml:\d+:\d+: ", text)


def test_a_derived_name_that_no_host_takes_is_told(tmp_path: Path) -> None:
    both = {"production": place("board"), "a-rather-long-environment": place("staging")}
    assert "say `name:`" in refusal(tmp_path, both, app="a-rather-long-app")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    some.lists(
        some.tuples(
            some.sampled_from(NAMES),
            some.lists(some.sampled_from(HOSTS), min_size=1, max_size=3, unique=True),
            some.sampled_from([None, "board", "board-staging", "shop"]),
            some.sampled_from([None, True, False]),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one[0],
    )
)
def test_no_two_environments_of_a_host_share_a_name_or_a_hostname(tmp_path: Path, drawn: Any) -> None:
    """Whatever the file says: it is refused, or each has a good name of its own on each of its hosts."""
    environments = {}
    for name, hosts, own, edge in drawn:
        more = {key: value for key, value in {"name": own, "edge": edge}.items() if value is not None}
        environments[name] = {"hosts": hosts, "url": f"https://{name}.example.com", **more}
    try:
        found = load(tmp_path, environments)
    except InputError:
        return
    seen: set[tuple[str, int, str]] = set()
    for environment in found.environments.values():
        name = found.name_of(environment)
        assert APP_NAME.fullmatch(name)
        for host in {(one.name.lower(), one.port) for one in environment.hosts}:
            assert (*host, name) not in seen
            seen.add((*host, name))
