"""The health check that gRPC defines (``grpc.health.v1.Health/Check``), as one request and its answer. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

ASKED = bytes(5)
"""The question: a message of no bytes, which asks for the server as a whole."""
GRPC_HEADERS = {"Content-Type": "application/grpc", "TE": "trailers"}
SERVING = "SERVING"
UNIMPLEMENTED = "UNIMPLEMENTED"
NO_ANSWER = "no answer of gRPC"
_STATES = ("UNKNOWN", SERVING, "NOT_SERVING", "SERVICE_UNKNOWN")
_CODES = {
    "2": "UNKNOWN",
    "4": "DEADLINE_EXCEEDED",
    "5": "NOT_FOUND",
    "7": "PERMISSION_DENIED",
    "12": UNIMPLEMENTED,
    "13": "INTERNAL",
    "14": "UNAVAILABLE",
    "16": "UNAUTHENTICATED",
}
_HEAD = 5
"""Bytes before a message: whether it is compressed, and its length."""


def read_state(code: Optional[str], body: bytes) -> str:
    """What was answered, in gRPC's own words.

    Args:
        code: ``grpc-status``, where it was told.
        body: what was answered.
    """
    if code not in (None, "0"):
        return _CODES.get(code or "", f"grpc-status {(code or '')[:9]}")
    message = body[_HEAD : _HEAD + int.from_bytes(body[1:_HEAD], "big")]
    if len(body) < _HEAD or body[0]:
        return NO_ANSWER
    if not message:
        # Zero is not written.
        return _STATES[0]
    is_known = len(message) > 1 and message[0] == 0x08 and message[1] < len(_STATES)
    return _STATES[message[1]] if is_known else NO_ANSWER


def state_fault(state: str, *, strict: bool) -> str:
    """Why a state is none to serve in, or an empty text.

    Args:
        state: see ``read_state``.
        strict: the service is known to have this check; else one that answers is one that is alive.
    """
    if state == SERVING or (not strict and state in (UNIMPLEMENTED, NO_ANSWER)):
        return ""
    if state == NO_ANSWER:
        return "did not answer gRPC's health check as gRPC does"
    return f"answered {state} to gRPC's health check"
