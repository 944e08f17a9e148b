"""The value of a secret where it is used as a variable. Pure."""

from __future__ import annotations

from .errors import InputFault

_LONGEST = 100 * 1024
"""Bytes: the kernel starts no program with a variable of more than 128 KiB."""


def as_variable(name: str, content: bytes) -> str:
    """The value of a secret as a variable: without the line breaks at its end, as ``$(cat file)`` gives it. Pure.

    Raises:
        InputFault: no variable can hold it.
    """
    fault = ""
    try:
        value = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        value, fault = "", "it is not text in UTF-8"
    if "\0" in value:
        fault = "it holds a NUL byte"
    elif len(content) > _LONGEST:
        fault = f"it is larger than {_LONGEST // 1024} KiB"
    elif not value and not fault:
        fault = "nothing but line breaks is in it"
    if fault:
        raise InputFault(
            f"the secret {name} cannot be an environment variable: {fault}",
            fix=f"encode it (base64), or let the service read it from a file: `secrets: [{name}]`",
        )
    return value
