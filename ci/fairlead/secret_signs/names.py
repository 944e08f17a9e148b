"""Whether a variable, a flag or a label is named like a secret."""

from __future__ import annotations

from functools import lru_cache

_PARTS = ("PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH")
"""A name that holds none of these is none of a secret: most are done with so."""
_ENDS = frozenset(
    (
        *("PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "PASS", "SECRET", "SECRETS", "TOKEN", "CREDENTIAL"),
        *("CREDENTIALS", "APIKEY", "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "ACCESSTOKEN", "AUTHTOKEN"),
    )
)
_KEY_OF = frozenset(
    (
        *("API", "ACCESS", "SECRET", "PRIVATE", "ENCRYPTION", "SIGNING", "MASTER", "APP", "JWT", "DEPLOY"),
        *("LICENSE", "SESSION", "COOKIE", "HMAC", "SERVICE", "ACCOUNT", "ADMIN", "WEBHOOK"),
    )
)
"""What a ``KEY`` is of that is a secret."""
_NOT_SECRET = frozenset(
    (
        *(
            "ALLOW",
            "RANDOM",
            "REQUIRE",
            "ENABLE",
            "ENABLED",
            "DISABLE",
            "DISABLED",
            "USE",
            "MIN",
            "MAX",
            "NO",
        ),
        *("RESET", "FORGOT", "CHANGE", "SHOW", "HIDE", "PUBLIC", "PUBLISHABLE", "ANON", "VITE"),
    )
)
"""Where these stand before the last word, the value is a switch, a number, a page, or what every visitor gets."""
WHOLE = frozenset(("REDISCLI AUTH", "NEO4J AUTH"))
"""Names that end with ``AUTH`` and hold the password itself."""
_STORES = frozenset(("KEY", "KEYSTORE", "TRUSTSTORE"))
"""What Confluent's ``KAFKA_SSL_…_CREDENTIALS`` name a file for."""
_SEPARATORS = dict.fromkeys(map(ord, "_-. "), " ")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a name is a secret's: ``DB_PASSWORD``, ``apiKey``, ``DB_PASS_2``; not ``DB_PASSWORD_FILE``."""
    upper = name.upper()
    if not any(part in upper for part in _PARTS):
        return False
    words = words_of(name)
    last = words[-1] if words else ""
    if _NOT_SECRET.intersection(words[:-1]) or words == ["PWD"]:
        return False
    if last in {"KEY", "AUTH"} or words[-2:] == ["KEY", "BASE"]:
        before = words[-3:-2] if last == "BASE" else words[-2:-1]
        return bool(_KEY_OF.intersection(before)) or " ".join(words) in WHOLE
    if last == "CREDENTIALS" and words[-3:-2] == ["SSL"] and words[-2] in _STORES:
        return False
    return last in _ENDS or last.endswith(("PASSWORD", "PASSWD"))


def words_of(name: str) -> list[str]:
    """The words of a name in upper case, whatever separates them, without a number at the end."""
    if name.isupper():
        words = name.translate(_SEPARATORS).split()
    else:
        pieces: list[str] = []
        for before, letter in zip(f" {name}", name, strict=False):
            if ord(letter) in _SEPARATORS:
                pieces.append(" ")
            else:
                pieces.append(f" {letter}" if letter.isupper() and before.islower() else letter)
        words = "".join(pieces).upper().split()
    while words:
        last = words.pop().rstrip("0123456789")
        if last:
            return [*words, last]
    return words
