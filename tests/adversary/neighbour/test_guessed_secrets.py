"""A short secret, and somebody who may look at containers and at files that are no secrets."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.marks import Marks
from fairlead.host.wire.release import service_hash
from fairlead.host.wire.status import StateAnswer
from fairlead.release.together import plan_marks
from tests.adversary.agent import ask, deploy, written
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage

pytestmark = pytest.mark.integration
PIN = b"4711"
GUESSES = [f"{number:04}".encode() for number in range(10_000)]


def release(stage: Stage, number: int, pin: bytes, marks: Marks) -> Sheet:
    sheet = stage.good(number)
    sheet.secrets = {"pin": marks.of("pin", pin)}
    web = sheet.services["web"]
    web["mounts"].append({"secret": "pin", "target": "/run/secrets/pin"})
    web["hash"] = service_hash(web["definition"], web["mounts"], sheet.secrets)
    return sheet


def hashes_of(guess: bytes, sheet: Sheet) -> set[str]:
    """What somebody who knows the rest of the release would work out of a guess."""
    web, found = sheet.services["web"], set()
    plain = [hashlib.sha256(guess).hexdigest(), hashlib.sha256(guess + b"\n").hexdigest()]
    keyed = (hmac.new(key, b"pin\0" + guess, "sha256").hexdigest() for key in (b"", b"pin", stage_key(sheet)))
    for mark in (*plain, *keyed):
        found |= {mark, service_hash(web["definition"], web["mounts"], {"pin": mark})}
    return found


def stage_key(sheet: Sheet) -> bytes:
    return sheet.app.encode()


def test_a_pin_is_guessed_from_what_can_be_seen(stage: Stage) -> None:
    """All 10,000 PINs are tried against `docker inspect`, labels, file names, releases, journal, status and plan.

    Holds: a value is called by a hash with a key that lies with the values; nothing that is shown confirms a guess.
    """
    answer = parse_answer(StateAnswer, ask(stage, {"request": "state", "marks": True}).result["data"])
    marks = plan_marks({"host": answer}, b"n" * 32)
    sheet = release(stage, 1, PIN, marks)
    key = marks.key.hex()
    assert deploy(stage, sheet, {"pin": PIN}, marks_key=key).result["status"] == "live"
    seen = look(stage)
    shown = "\n".join(seen.values())
    assert sheet.secrets["pin"] in shown, "the name itself can be seen, as the path of the mount"
    guessed = [guess for guess in GUESSES if any(digest in shown for digest in hashes_of(guess, sheet))]
    assert guessed == []
    assert key not in shown
    told = ask(stage, {"request": "state", "marks": True}).result["data"]["marks"]
    assert told == {"key": key, "plain": {}}, "who deploys learns it, so that the next release names it alike"


def look(stage: Stage) -> dict[str, str]:
    """Everything that can be seen without entering the vault."""
    engine = Engine.connect()
    seen = {
        str(path): content.decode(errors="replace") for path, content in written(stage.paths.home).items()
    }
    for one in engine.containers(f"dev.fairlead.app={stage.app}"):
        seen[one["Id"]] = json.dumps(engine.inspect(one["Id"]))
    for request in ("state", "history"):
        seen[request] = ask(stage, {"request": request}).text
    return seen
