from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lab.load import websocket
from lab.load.sse import EventParser, count_missed
from lab.load.websocket import Frame, FrameParser, accept_of, handshake_headers, render_frame

FRAMES = st.builds(
    Frame, st.sampled_from([websocket.TEXT, websocket.CLOSE, websocket.PING]), st.binary(max_size=70_000)
)


@given(st.lists(FRAMES, max_size=4), st.booleans(), st.integers(1, 5000))
def test_frames_are_read_as_they_were_written_however_they_come(
    frames: list[Frame], masked: bool, step: int
) -> None:
    mask = b"\x01\x80\xff\x7f" if masked else None
    raw = b"".join(render_frame(frame.opcode, frame.payload, mask=mask) for frame in frames)
    parser = FrameParser()
    read = [frame for start in range(0, len(raw), step) for frame in parser.feed(raw[start : start + step])]
    assert read == frames


def test_the_handshake_is_that_of_rfc_6455() -> None:
    """Section 1.3 gives this key and its answer."""
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert handshake_headers("k")["Sec-WebSocket-Key"] == "k"


def test_a_masked_frame_is_that_of_rfc_6455() -> None:
    """Section 5.7: a masked text message "Hello"."""
    raw = bytes.fromhex("818537fa213d7f9f4d5158")
    assert render_frame(websocket.TEXT, b"Hello", mask=bytes.fromhex("37fa213d")) == raw
    assert FrameParser().feed(raw) == [Frame(websocket.TEXT, b"Hello")]


def test_a_close_frame_without_a_code_says_1005() -> None:
    assert Frame(websocket.CLOSE, b"").close_code == 1005
    assert Frame(websocket.CLOSE, (1012).to_bytes(2) + b"bye").close_code == 1012


@given(st.integers(1, 40))
def test_events_are_read_however_they_come(step: int) -> None:
    raw = b": welcome\n\nid: 1\ndata: a\n\nid: 2\r\ndata: b\r\n\r\ndata: c\n\nid: 9\ndata: unfinished"
    parser = EventParser()
    ids = [one for start in range(0, len(raw), step) for one in parser.feed(raw[start : start + step])]
    assert ids == ["1", "2", ""]


def test_a_gap_in_the_numbers_is_a_missed_event() -> None:
    assert count_missed(0, "7") == (0, 7)
    assert count_missed(7, "8") == (0, 8)
    assert count_missed(7, "10") == (2, 10)
    assert count_missed(7, "5") == (0, 7)
    assert count_missed(7, "") == (0, 7)
