"""Values of secrets are called by a name that confirms no guess."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fairlead.host.disk.keys import keep_key, read_keys
from fairlead.host.disk.ledger import Rotation
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.vault import has_secret, read_marks, store_secret
from fairlead.host.shape.rotation import refuse_revoked, stored_values, write_rotations
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.marks import Marks, all_marks, keyed_mark, parse_key
from fairlead.host.wire.status import HostMarks

KEY, OTHER = b"k" * 32, b"o" * 32
PIN = b"4711"
PLAIN = hashlib.sha256(PIN).hexdigest()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return app_paths(tmp_path, "board")


def test_a_name_says_nothing_without_the_key() -> None:
    mark = Marks(KEY).of("pin", PIN)
    assert mark == keyed_mark(KEY, "pin", PIN)
    assert mark not in {PLAIN, keyed_mark(OTHER, "pin", PIN), keyed_mark(KEY, "other", PIN)}
    assert keyed_mark(KEY, "ab", b"c") != keyed_mark(KEY, "a", b"bc")
    assert "k" * 8 not in repr(Marks(KEY))


def test_what_serves_under_its_sha256_keeps_that_name_until_the_value_changes() -> None:
    """A new name for the same value would restart its readers, a database among them."""
    marks = Marks(KEY, {"pin": PLAIN})
    assert marks.of("pin", PIN) == PLAIN
    assert marks.of("pin", b"4712") == keyed_mark(KEY, "pin", b"4712")
    assert marks.of("other", PIN) == keyed_mark(KEY, "other", PIN)


def test_keys_are_kept_for_their_owner_in_the_order_in_which_they_came(paths: Paths) -> None:
    assert read_keys(paths) == ()
    for key in (KEY, OTHER, KEY):
        keep_key(paths, key)
    assert read_keys(paths) == (KEY, OTHER)
    assert paths.marks.stat().st_mode & 0o777 == 0o600
    assert paths.secrets.stat().st_mode & 0o777 == 0o700
    with paths.marks.open("a") as stream:
        stream.write("half a li")
    keep_key(paths, b"n" * 32)
    assert read_keys(paths) == (KEY, OTHER, b"n" * 32)


def test_keys_without_end_are_refused(paths: Paths) -> None:
    for number in range(100):
        keep_key(paths, bytes([number]) * 32)
    with pytest.raises(InputFault, match="100 keys"):
        keep_key(paths, b"\xff" * 32)


def test_a_key_of_a_request() -> None:
    assert parse_key(None) == ()
    assert parse_key(KEY.hex()) == (KEY,)
    for bad in ("", "k", KEY.hex() + "\n", KEY.hex().upper(), 3, ["x"]):
        with pytest.raises(InputFault):
            parse_key(bad)


def test_a_value_is_known_by_its_name_while_the_key_is_known(paths: Paths) -> None:
    """Released under either name, now or before keys; damaged, it is none."""
    mark = keyed_mark(KEY, "pin", PIN)
    assert store_secret(paths, "pin", PIN, mark) == mark
    assert store_secret(paths, "pin", PIN) == PLAIN
    assert not has_secret(paths, "pin", mark)
    keep_key(paths, KEY)
    assert has_secret(paths, "pin", mark)
    assert has_secret(paths, "pin", PLAIN)
    paths.secret("pin", mark).chmod(0o600)
    paths.secret("pin", mark).write_bytes(b"4712")
    assert not has_secret(paths, "pin", mark)


def test_what_is_told_to_who_deploys(paths: Paths) -> None:
    keep_key(paths, KEY)
    mark = store_secret(paths, "new", b"new", keyed_mark(KEY, "new", b"new"))
    store_secret(paths, "pin", PIN)
    assert read_marks(paths, {"new": mark, "pin": PLAIN, "gone": "0" * 64}) == HostMarks(
        KEY.hex(), {"pin": PLAIN}
    )
    assert read_marks(app_paths(paths.root, "shop"), {}) == HostMarks()


def test_a_value_that_was_rotated_away_is_refused_under_every_name(paths: Paths) -> None:
    """It was stored before there were keys, and comes back from a client that names it by one."""
    keep_key(paths, KEY)
    store_secret(paths, "pin", PIN)
    new = store_secret(paths, "pin", b"new", keyed_mark(KEY, "pin", b"new"))
    revoked = stored_values(paths, "pin", but=new)
    assert revoked == {PLAIN, keyed_mark(KEY, "pin", PIN)}
    write_rotations(paths, {"pin": Rotation("000002", new, revoked)})
    for mark in all_marks("pin", PIN, [KEY]):
        with pytest.raises(InputFault, match="rotated away"):
            refuse_revoked(paths, {"pin": mark})
    refuse_revoked(paths, {"pin": new})


def test_no_sha256_of_a_value_is_written_down_that_was_not_its_name(paths: Paths) -> None:
    keep_key(paths, KEY)
    mark = store_secret(paths, "pin", PIN, keyed_mark(KEY, "pin", PIN))
    assert stored_values(paths, "pin") == {mark}
