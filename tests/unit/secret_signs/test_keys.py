"""Keys are known by their form, wherever they stand; what only begins like one is none.

They are made while the test runs: a repository that holds such texts is one that a forge refuses.
"""

from __future__ import annotations

import random
import string
import time

import pytest

from fairlead.secret_signs.keys import _KEYS, _WEBHOOKS, find_keys

_ALNUM = string.ascii_letters + string.digits
_AROUND = ("{}", "Bearer {}", "--token={}", '"{}",', "https://x:{}@example.com/", "a {} b", "KEY={};X=1")


def some(chance: random.Random, size: int, letters: str = _ALNUM) -> str:
    return "".join(chance.choices(letters, k=size))


def made(prefix: str, size: int, seed: str = "") -> str:
    return prefix + some(random.Random(prefix + seed), size)  # noqa: S311 - the same keys each time


SHAPED = [(what, made(prefix, size)) for prefix, what, least, most in _KEYS for size in {least, most}]
SHAPED += [(what, "https://" + made(prefix, least)) for prefix, what, least in _WEBHOOKS]
SHAPED += [
    ("a key of SendGrid", f"SG.{made('', 22)}.{made('', 43)}"),
    ("a bot's token of Telegram", f"123498765:AA{made('', 33)}"),
    ("a JSON Web Token", f"eyJ{made('', 30)}.eyJ{made('', 900)}.{made('', 43)}"),
    (
        "a private key",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{made('', 64)}\n{made('', 30)}\n-----END OPENSSH PRIVATE KEY-----",
    ),
    ("a private key", f"-----BEGIN RSA PRIVATE KEY-----\\n{made('', 64)}\\n-----END RSA PRIVATE KEY-----"),
]


@pytest.mark.parametrize(("what", "key"), SHAPED, ids=lambda value: value[:24])
def test_a_key_is_found_in_whatever_stands_around_it(what: str, key: str) -> None:
    for around in _AROUND:
        text = around.format(key)
        assert [kind for _, _, kind in find_keys(text)] == [what], text
        ((start, end, _),) = find_keys(text)
        assert text[start:end] in text
        assert key.endswith(text[start:end]) or key.startswith(text[start:end])


@pytest.mark.parametrize(("prefix", "least"), [(prefix, least) for prefix, _, least, _ in _KEYS])
def test_what_is_too_short_a_word_s_middle_or_documentation_is_none(prefix: str, least: int) -> None:
    key = made(prefix, least)
    for text in (
        key[:-1],
        f"x{key}",
        prefix + "x" * least,
        prefix,
        f"{prefix}example{'a' * least}"[: len(key)],
    ):
        assert list(find_keys(text)) == [], text


@pytest.mark.parametrize("seed", range(20))
def test_what_files_are_full_of_is_no_key(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same texts each time
    hexes = some(chance, 64, "0123456789abcdef")
    for text in (
        f"postgres:17.4@sha256:{hexes}",
        hexes[:40],
        some(chance, 30),
        f"/srv/{some(chance, 20)}/data:/var/lib/data:ro",
        f"https://example.com/{some(chance, 40)}",
        "-----BEGIN CERTIFICATE-----\n" + some(chance, 64),
        "eyJhbGciOi only the beginning",
    ):
        assert list(find_keys(text)) == [], text


@pytest.mark.parametrize(
    "piece",
    [
        *("AKIA", "ghp_", "eyJ", "eyJ.", "eyJa.eyJ", "SG.", "SG.a.", ":AA", "1:AA", "-----BEGIN ", "sk-"),
        *("-----BEGIN PRIVATE KEY-----", "hooks.slack.com/services/T", "https://discord.com/api/webhooks/"),
        *("PRIVATE KEY-----BEGIN ", "a", " ", "-", "_"),
    ],
)
def test_the_time_for_a_text_grows_with_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            for _ in find_keys(text):
                pass
            best = min(best, time.process_time() - began)
        return best

    # Of twice the length about twice the time; a square would be four times.
    assert seconds(1 << 18) < 3.2 * seconds(1 << 17) + 0.05
