"""The shapes that are tried, and how many of their faults."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

from tests.e2e.shapes.story import FAULTS, Shape
from tests.e2e.shapes.visitors import call, chat, page

SHAPES = (
    Shape("sqlite", keeps=True, gaps=FAULTS, short="loopback"),
    Shape("uploads", keeps=True, gaps=FAULTS),
    Shape("ports"),
    Shape("host", gaps=FAULTS),
    Shape("worker"),
    Shape("front", says=lambda version: f"web {version} + api {version}", short="crash", long=True),
    Shape("twelve", secrets={"secret_key": "kept-in-no-file"}),
    Shape("balancer", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}),
    Shape("static", caller=page, says=lambda version: f"web {version} + style {version}"),
    # A crash takes the calls with it that it was at: nobody may send one twice.
    Shape("rpc", caller=call, gaps=("later",)),
    # And that its calls fail is told by calls of users.
    Shape("grpc", caller=call, gaps=("later", "error"), faults=("loopback", "crash", "later", "error")),
    Shape("chat", caller=chat),
    Shape("php", php=True, faults=("loopback", "crash", "error", "hang")),
    Shape("monorepo", says=lambda version: f"web {version} + api {version}", builds=True),
)


def is_whole() -> bool:
    """Whether every fault is tried on every shape (``make shapes``)."""
    return os.environ.get("FAIRLEAD_SHAPES") == "all"


def tried() -> Sequence[Any]:
    """All of them, or those of the short form, which has a few minutes."""
    chosen = [one for one in SHAPES if is_whole() or one.short]
    marks = {True: [pytest.mark.long], False: []}
    return [pytest.param(one, id=one.name, marks=marks[one.long and not is_whole()]) for one in chosen]


def faults_of(shape: Shape) -> Sequence[str]:
    """What is tried: everything, or one fault, another one for each shape."""
    return shape.faults if is_whole() else (shape.short,)
