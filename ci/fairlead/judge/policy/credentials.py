"""Secrets where everybody who may ask the engine can read them."""

from __future__ import annotations

from fairlead.app.images.known import short_name
from fairlead.judge.policy.rule import service_rule
from fairlead.judge.policy.subject import Fault, as_mapping, unescaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairlead.judge.policy.subject import View
    from fairlead.positions import ValuePath

_SECRET_ENDS = (
    *(
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "SECRETS",
        "TOKEN",
        "APIKEY",
        "CREDENTIAL",
        "CREDENTIALS",
    ),
    *("PWD", "PASS", "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "ACCESSTOKEN", "AUTHTOKEN"),
)
_KEY_OF = frozenset(
    {
        "API",
        "ACCESS",
        "SECRET",
        "PRIVATE",
        "ENCRYPTION",
        "SIGNING",
        "MASTER",
        "APP",
        "JWT",
        "DEPLOY",
        "LICENSE",
    }
)
# Where these stand before the last word, the value is a switch or a number.
_NOT_SECRET = frozenset(
    {"ALLOW", "RANDOM", "REQUIRE", "ENABLE", "DISABLE", "USE", "MIN", "MAX", "RESET", "PUBLIC"}
)
_SWITCHES = frozenset({"", "true", "false", "yes", "no", "on", "off", "0", "1", "none", "null"})
_READ_FILES = frozenset({"postgres", "mysql", "mariadb", "mongo", "wordpress", "nextcloud", "redmine"})
"""Images that read ``NAME_FILE`` for each variable with a secret."""
_SECRET_FLAGS = (
    "--requirepass",
    "--password",
    "--token",
    "--secret",
    "--api-key",
    "--masterauth",
    "--db-password",
)


_SEPARATORS = dict.fromkeys(map(ord, "_-. "), " ")


def is_secret_name(name: str) -> bool:
    """Whether a variable is named like a secret: ``DB_PASSWORD``, ``apiKey``; not ``DB_PASSWORD_FILE``."""
    words = _words(name)
    last = words[-1] if words else ""
    if _NOT_SECRET.intersection(words[:-1]) or name.upper() == "PWD":
        return False
    if last in {"KEY", "AUTH"} or words[-2:] == ["KEY", "BASE"]:
        before = words[-3:-2] if last == "BASE" else words[-2:-1]
        return bool(_KEY_OF.intersection(before)) or words == ["REDISCLI", "AUTH"]
    return last in _SECRET_ENDS or last.endswith(("PASSWORD", "PASSWD"))


def _words(name: str) -> list[str]:
    """The words of a variable's name in upper case, whatever separates them."""
    if name.isupper():
        return name.translate(_SEPARATORS).upper().split()
    pieces: list[str] = []
    for before, letter in zip(f" {name}", name, strict=False):
        if ord(letter) in _SEPARATORS:
            pieces.append(" ")
        else:
            pieces.append(f" {letter}" if letter.isupper() and before.islower() else letter)
    return "".join(pieces).upper().split()


@service_rule("secret-in-environment")
def secret_in_environment(view: View) -> Iterator[Fault]:
    """A secret in a variable, a build argument, a command or an address."""
    given = view.service.secret_environment if view.subject.deployed else {}
    for place in (("environment",), ("build", "args")):
        for name, value in view.mapping(*place).items():
            if name in given and place == ("environment",):
                continue
            yield from _variable(view, view.at(*place, name), str(name), value)
    for key in ("command", "entrypoint"):
        yield from _flags(view, key)
    for place in (("command",), ("entrypoint",), ("healthcheck", "test"), ("labels",)):
        value = view.get(*place)
        entries = enumerate(value) if isinstance(value, list) else as_mapping(value).items()
        for step, text in entries:
            if "://" in str(text) and has_credentials(unescaped(str(text))):
                yield _in_address(view.at(*place, step), "an address in it")


def _variable(view: View, path: ValuePath, name: str, value: Any) -> Iterator[Fault]:
    text = "" if value is None else unescaped(str(value))
    node = view.subject.model.node(path)
    written = node.text if node is not None else ""
    comes_in = value is None or ("$" in written.replace("$$", "") and not text)
    is_argument = "args" in path
    if is_secret_name(name) and (comes_in or _is_value(text)):
        if is_argument:
            what = f"the build argument {name} stays readable in the image's history"
            fix = "use a build secret: RUN --mount=type=secret"
        else:
            what = f"{name} is a secret in a variable: `docker inspect` shows it, and every child process gets it"
            fix = f"use a file: {name}_FILE: /run/secrets/{name.lower()}, with secrets: [{name.lower()}]"
            if view.subject.deployed:
                fix += f"; or, where the program reads no files, x-fairlead: {{secret_environment: {{{name}: {name.lower()}}}}}"
        yield Fault(path, what, fix, key=value is None)
    elif "://" in text and has_credentials(text):
        yield _in_address(path, f"the address in {name}")


@service_rule("secret-as-variable")
def secret_as_variable(view: View) -> Iterator[Fault]:
    """A value of the vault that is given as a variable: kept apart by Fairlead, and shown by the engine."""
    for variable, secret in view.service.secret_environment.items():
        path = view.at("x-fairlead", "secret_environment", variable)
        what = f"{variable} has the value of the secret {secret}: `docker inspect` on the server shows it, and every child process gets it"
        fix = "waive it, with the reason, where the program reads no files"
        if short_name(view.reference) in _READ_FILES:
            what += f"; {short_name(view.reference)} reads a file"
            fix = f"{variable}_FILE: /run/secrets/{secret}, with secrets: [{secret}]"
        yield Fault(path, what, fix, key=True)


def _is_value(text: str) -> bool:
    """Whether a text can be a secret's value: no switch, no path of a file that holds it."""
    return text.lower() not in _SWITCHES and not text.startswith(("/", "./", "file:"))


def has_credentials(text: str) -> bool:
    """Whether some address in a text has a password: ``scheme://user:password@host``."""
    for rest in text.split("://")[1:]:
        words = rest.split("/")[0].split("?")[0].split()
        authority = words[0] if words else ""
        user, at, _ = authority.rpartition("@")
        _, colon, password = user.partition(":")
        if at and colon and password and not _is_left_open(password):
            return True
    return False


def _is_left_open(password: str) -> bool:
    """Whether the container's shell fills the password in, or documentation stands there."""
    return password.startswith(("$(", "${", "`", "<")) or password.strip("*x") == ""


def _in_address(path: ValuePath, where: str) -> Fault:
    what = f"{where} holds a password: it shows in `docker inspect` and in every log of a failed connection"
    return Fault(path, what, "give host, user and database by variables, and the password by a file")


def _flags(view: View, key: str) -> Iterator[Fault]:
    words = [unescaped(word) for word in view.list(key)]
    for index, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if flag not in _SECRET_FLAGS:
            continue
        following = value if equals else (words[index + 1] if index + 1 < len(words) else "")
        if following and not following.startswith(("$", "/", "-", "`", "<")):
            what = f"{flag} has its value on the command line, which every user of the host can read"
            step = index if equals else index + 1
            yield Fault(view.at(key, step), what, "let the program read it from a file below /run/secrets")
