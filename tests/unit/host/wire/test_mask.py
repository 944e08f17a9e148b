"""A value is hidden in whatever form a program prints it."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from fairlead.host.wire.mask import HIDDEN, SHORTEST, Mask, forms_of
from tests.unit.host.texts import random_texts

VALUE = "c4n4ry/+&?='\"\\ é$x"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON with letters": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "URL": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "lower-case URL": lambda text: quote(text, safe="").lower() if text.islower() else quote(text, safe=""),
    "HTML": html.escape,
    "shell": shlex.quote,
    "Python": repr,
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


def secret_values(seed: int, count: int = 200) -> list[str]:
    return list(random_texts(seed, count=count, least=SHORTEST, most=60, printable=True))


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_it_is_left(form: str) -> None:
    for value in secret_values(3):
        masked = Mask([value]).text(f"before {FORMS[form](value)} after")
        assert value not in masked
        assert HIDDEN in masked
        assert masked.startswith("before ")
        assert masked.endswith(" after")


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_in_the_middle_of_base64(encode: Callable[[bytes], bytes]) -> None:
    """``user:password`` in a header: the value begins at any bit of the code; at most a character at each end is left."""
    for value in secret_values(4, 60):
        for before in range(4):
            for after in range(4):
                code = encode(b"u" * before + value.encode() + b"\xff" * after).decode()
                masked = Mask([value]).text(f"Basic {code}")
                assert HIDDEN in masked
                left = len(masked) - len(f"Basic {HIDDEN}")
                assert left <= -(-before * 4 // 3) + -(-after * 4 // 3) + 4


def test_nothing_else_is_touched() -> None:
    """What remains of a text stood there before, in this order."""
    texts = list(random_texts(5))
    for number, text in enumerate(texts):
        at = 0
        for part in Mask(secret_values(number, 3)).text(text).split(HIDDEN):
            at = text.find(part, at)
            assert at >= 0
            at += len(part)


def test_values_side_by_side_and_within_each_other() -> None:
    for seed in range(100):
        secrets = secret_values(seed, 4)
        secrets += [value[:-2] for value in secrets if len(value) > 9]
        masked = Mask(secrets).text("".join(secrets))
        # Quotation marks stay: they may be those around the name of another app.
        assert not re.sub(f"[«»]|{re.escape(HIDDEN)}", "", masked)


def test_overlapping_values_are_hidden_as_one() -> None:
    assert Mask(["abcdefgh", "efghijkl"]).text("-abcdefghijkl-") == f"-{HIDDEN}-"


def test_a_key_of_many_lines_is_hidden_line_by_line() -> None:
    """In a log each line stands for itself; the frame of the key says nothing."""
    lines = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0",
        "BAQEFAASCBKcwggSjAgEAAo",
        "-----END PRIVATE KEY-----",
    ]
    mask = Mask(["\n".join(lines) + "\n"])
    assert [mask.text(f"api | {line}") for line in lines[1:3]] == [f"api | {HIDDEN}"] * 2
    assert mask.text(f"{lines[0]} is expected") == f"{lines[0]} is expected"
    # What is said of a key in general is no beginning of this one, though the text ends there.
    assert [mask.text(f"from {lines[0][:end]}") for end in (10, 11, 15)] == [
        f"from {lines[0][:end]}" for end in (10, 11, 15)
    ]
    assert mask.text(f"{lines[0]}\n{lines[1][:9]}") == HIDDEN
    assert lines[1] not in mask.text(json.dumps({"key": "\n".join(lines)}))
    wrapped = base64.encodebytes("\n".join(lines * 3).encode() + b"\n").decode()
    assert not [
        line
        for line in wrapped.splitlines()
        if len(line) > 8 and line in Mask(["\n".join(lines * 3) + "\n"]).text(wrapped)
    ]


@pytest.mark.parametrize(
    ("secret", "printed"),
    [
        (
            '{"type": "service_account", "private_key": "-----BEGIN KEY-----\\nc4n4ry0c4n4ry\\n-----END KEY-----\\n"}',
            "c4n4ry0c4n4ry",
        ),
        ("POSTGRES_USER=app\nexport POSTGRES_PASSWORD='c4n4ry-c4n4ry'\n", "c4n4ry-c4n4ry"),
        ("postgres://app:c4n4ry-c4n4ry@db:5432/app", "c4n4ry-c4n4ry"),
        ("c4n4ry\n", "c4n4ry"),
        ("  c4n4ry  ", "c4n4ry"),
    ],
)
def test_what_is_secret_in_a_value_with_a_structure(secret: str, printed: str) -> None:
    assert Mask([secret]).text(f"the password is {printed}.") == f"the password is {HIDDEN}."


@pytest.mark.parametrize("value", ["", "a", "true", "1234", "    \n"])
def test_a_value_that_is_everywhere_hides_nothing(value: str) -> None:
    text = "a true 1234 service_account of postgres"
    assert Mask([value]).text(text) == text


def test_what_was_cut_off_at_the_end_is_hidden_too() -> None:
    """Somebody keeps the first 200 characters of a line: half of a value is half of it told."""
    mask = Mask(["c4n4ry-c4n4ry-c4n4ry"])
    assert mask.text("password c4n4ry-c4n4r") == f"password {HIDDEN}"
    assert mask.text("password c4n4") == "password c4n4"


@pytest.mark.parametrize("mark", ["…", "...", "…, expected x", '..."'])
def test_what_was_cut_off_before_a_mark_is_hidden_too(mark: str) -> None:
    """However much is left: of a value whose last character is missing, nearly all was told."""
    for value in secret_values(6, 100):
        mask = Mask([value])
        for at in range(8, len(value)):
            masked = mask.text(f"it said {value[:at]}{mark}")
            assert value[:8] not in masked, (value, at)
            assert masked.startswith("it said ***")


def test_what_was_cut_off_within_an_escape() -> None:
    value = "c4n4ry-c4n4ry&c4n4ry"
    said = json.dumps(value)[1:-1].replace("&", "\\u0026")
    mask = Mask([value])
    for at in range(13, len(said)):
        assert [mask.text(f"{said[:at]}{mark}") for mark in ("", "…")] == ["***", "***…"]


JSON_ESCAPED = {
    "PHP": '/"\\',
    "PHP with all flags": "/<>&'\"\\",
    "Go": '<>&"\\',
    "Rails": '<>&"\\\u2028',
    ".NET": "<>&+'`\"\\",
    "escapejs": "<>&'\"=-;`\\" + string.whitespace,
    "every other": string.printable[::2] + '"\\',
    "every one": string.printable,
}


@pytest.mark.parametrize("digits", ["04x", "04X"])
@pytest.mark.parametrize("escaped", JSON_ESCAPED)
def test_json_of_every_language(escaped: str, digits: str) -> None:
    """Which characters are escaped, and how, is each language's own; also of what is encoded before, and twice."""

    def write(text: str) -> str:
        units = re.findall("....", text.encode("utf-16-be").hex())
        chars = [chr(int(unit, 16)) for unit in units]
        return "".join(
            f"\\{char}"
            if char in '/"\\' and char in JSON_ESCAPED[escaped] and escaped.startswith("PHP")
            else f"\\u{ord(char):{digits}}"
            if char in JSON_ESCAPED[escaped] or ord(char) > 0x7E
            else char
            for char in chars
        )

    for value in secret_values(7, 60):
        mask = Mask([value])
        for text in (value, quote(value), base64.b64encode(b"\xff\xff\xff" + value.encode()).decode()[4:]):
            assert mask.text(f'{{"pw":"{write(text)}"}}') == '{"pw":"***"}'
            assert mask.text(f"[{write(write(text))}]") == "[***]"


class _Counted(str):
    """A text that knows how often it was compared."""

    __slots__ = ("compared",)

    def startswith(self, *given: Any) -> bool:
        self.compared = getattr(self, "compared", 0) + 1
        return super().startswith(*given)


@pytest.mark.parametrize(
    ("lines", "printed"),
    [
        ([f"user-{number:05}-{'x' * 20}" for number in range(1000)], "user-"),
        (["a" * number for number in range(5, 1000)], "aaaaab"),
        ([f"aaaaa{number:05}" for number in range(1000)], "a"),
    ],
)
def test_many_values_with_one_beginning_take_no_longer(lines: list[str], printed: str) -> None:
    text = _Counted(printed * 800)
    Mask(["\n".join(lines)]).text(text)
    assert text.compared < 30 * len(text)


def test_a_document_keeps_what_is_ours() -> None:
    """A password ``deploy`` must not hide what an event is."""
    event = {"event": "deploy", "text": "deploy with deploy", "data": {"why": ["deploy"], "n": 1}}
    assert Mask(["deploy"]).document(event, frozenset({"event"})) == {
        "event": "deploy",
        "text": f"{HIDDEN} with {HIDDEN}",
        "data": {"why": [HIDDEN], "n": 1},
    }


def test_bytes_that_are_no_text() -> None:
    raw = bytes(range(250, 256)) * 4
    assert HIDDEN in Mask([raw]).text(base64.b64encode(raw).decode())
    assert forms_of(b"\xff") == set()
