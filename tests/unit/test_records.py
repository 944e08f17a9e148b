from __future__ import annotations

from datetime import UTC, datetime

from tests.records import find_over

_NOW = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()
_TABLE = """\
ID                            CREATED AT           LABELS
ref_0cn33kzuo9jet224ubb8amnym 2026-01-02T10:59:59Z -
ref_19fpn50tf2r6ubvqe0o3wn1a1 2026-01-02T11:00:01Z -
ref_2                         2026-01-01T10:59:59Z containerd.io/gc.flat=2026-01-01T10:59:59.1Z
moby-image-sha256:5a          2026-01-01T10:59:59Z -
"""


def test_a_record_goes_when_its_build_must_be_over() -> None:
    """The record of a build that may go on stays, and so does what is no record."""
    assert list(find_over(_TABLE, _NOW)) == ["ref_0cn33kzuo9jet224ubb8amnym", "ref_2"]


def test_no_table_is_no_record() -> None:
    assert list(find_over("", _NOW)) == []
