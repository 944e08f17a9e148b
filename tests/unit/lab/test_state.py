from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import InputError
from lab.state import Lab, Place, Server, load, place_from, save


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLEAD_CACHE", str(tmp_path))


def lab_in(folder: Path) -> Lab:
    return Lab(
        name="fairlead-lab",
        registry="127.0.0.1:5080",
        username="fairlead",
        password="canary",
        servers={1: Server("fairlead-lab-1", "127.0.0.2", 22, "deploy")},
        known_hosts=folder / "known_hosts",
        identity=folder / "id_ed25519",
        bases="pulled",
        environ={"FAIRLEAD_REGISTRY_PASSWORD": "canary"},
    )


def test_a_lab_is_read_back_as_it_was_written() -> None:
    place = Place()
    lab = lab_in(place.folder)
    save(lab, place.folder)
    assert load(place) == lab


def test_the_document_can_be_read_by_its_owner_only() -> None:
    place = Place()
    save(lab_in(place.folder), place.folder)
    assert (place.folder / "state.json").stat().st_mode & 0o777 == 0o600


def test_the_password_is_in_no_repr() -> None:
    assert "canary" not in repr(lab_in(Path("/x")))


def test_without_a_lab_the_answer_is_how_to_start_one() -> None:
    with pytest.raises(InputError, match="not up") as caught:
        load(Place())
    assert "fairlead lab up" in caught.value.fix


def test_a_server_that_is_not_there_says_how_many_there_are() -> None:
    with pytest.raises(InputError, match="no server 2") as caught:
        lab_in(Path("/x")).server(2)
    assert "--hosts 2" in caught.value.fix


def test_servers_stand_on_the_addresses_after_the_first() -> None:
    place = place_from({"FAIRLEAD_LAB_ADDRESS": "127.0.0.50", "FAIRLEAD_LAB_REGISTRY_PORT": "5081"})
    assert [place.address(number) for number in (1, 2)] == ["127.0.0.50", "127.0.0.51"]
    assert place.registry == "127.0.0.1:5081"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FAIRLEAD_LAB_NAME", "../etc"),
        ("FAIRLEAD_LAB_ADDRESS", "10.0.0.1"),
        ("FAIRLEAD_LAB_ADDRESS", "localhost"),
        ("FAIRLEAD_LAB_REGISTRY_PORT", "70000"),
    ],
)
def test_a_place_that_cannot_be_is_refused(name: str, value: str) -> None:
    """A lab that left loopback would publish a privileged machine to the network."""
    with pytest.raises(InputError, match=name):
        place_from({name: value})
