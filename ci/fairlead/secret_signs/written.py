"""What a text says without its variables, and what of that can be a secret.

A verdict is on what is written: what a variable has on this machine is no part of it.
"""

from __future__ import annotations

VARIABLE = "\x01"
"""Stands for what comes from a variable."""
_DEEPEST = 3
_SWITCHES = frozenset(
    ("", "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null", "nil", "disabled", "enabled")
)
_ELSEWHERE = (
    *("/", "./", "../", "~/", "file:", "env:", "$", "`", "<", "{{", "%"),
    *("op://", "vault:", "ref+", "awssm:", "arn:", "sops:", "ENC[", "projects/"),
)
"""How a text begins that says where the secret is: a file, a shell's or another program's variable, a vault."""
_KNOWN = frozenset(
    (
        *("admin", "administrator", "root", "toor", "user", "test", "guest", "default", "demo", "sa", "dev"),
        *(
            "password",
            "passwd",
            "passw0rd",
            "p@ssw0rd",
            "p@ssword",
            "pass",
            "pwd",
            "secret",
            "mysecret",
            "token",
        ),
        *("mypassword", "my-secret-pw", "mysecretpassword", "secretpassword", "supersecret", "password1"),
        *(
            "password123",
            "admin123",
            "test123",
            "root123",
            "rootpassword",
            "rootpass",
            "dbpassword",
            "userpassword",
        ),
        *("postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "redis", "rabbitmq", "elastic"),
        *("minioadmin", "minio123", "grafana", "neo4j", "example", "sample", "foobar", "qwerty", "letmein"),
        *("1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "111111", "000000"),
    )
)
_TO_BE_CHANGED = ("change", "replace", "your", "please", "insert", "enter", "todo", "fixme", "insecure")


def reduced(text: str, depth: int = 0) -> str:
    """A text as it is written, with :data:`VARIABLE` for each variable, or with the default that is written there."""
    parts: list[str] = []
    at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0:
            parts.append(text[at:])
            return "".join(parts)
        parts.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            at = dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 2)
            if end < 0:
                parts.append(VARIABLE)
                return "".join(parts)
            parts.append(_default(text[dollar + 2 : end], depth) or VARIABLE)
            at = end + 1
        elif following == "_" or following.isalpha():
            at = dollar + 1
            while at < len(text) and (text[at] == "_" or text[at].isalnum()):
                at += 1
            parts.append(VARIABLE)
        else:
            parts.append("$")
            at = dollar + 1


def _closing(text: str, at: int) -> int:
    """The index of the brace that closes the one before an index; -1 where none does."""
    opened = 1
    while opened:
        close = text.find("}", at)
        if close < 0:
            return -1
        opened += text.count("{", at, close) - 1
        at = close + 1
    return at - 1


def _default(inner: str, depth: int) -> str:
    """What ``NAME:-default`` says where the variable is not set; empty without one."""
    name, dash, default = inner.partition("-")
    if not dash or not name.rstrip(":").replace("_", "a").isalnum():
        return ""
    return reduced(default, depth + 1) if depth < _DEEPEST else VARIABLE


def is_value(text: str) -> bool:
    """Whether a text, reduced, can be a secret itself: no switch, and not where the secret is to be found."""
    return text.lower() not in _SWITCHES and not text.startswith(_ELSEWHERE) and text.strip("*xX.-_") != ""


def is_known(text: str) -> bool:
    """Whether a secret is one that everybody knows: a default, an example, a word to be replaced."""
    lower = text.lower()
    return lower in _KNOWN or lower.startswith(_TO_BE_CHANGED) or "changeme" in lower or "change-me" in lower
