"""Words that the engine knows: capabilities, signals, restart policies, image references.

Compose hands them on unread; the engine refuses the unknown ones when a container is created.
"""

from __future__ import annotations

from fairlead.composefile.consistency.ground import plain_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# capabilities(7), Linux 6.12.
_CAPABILITIES = frozenset({
    "ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF",
    "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID",
    "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE",
    "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE",
    "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG",
    "WAKE_ALARM",
})  # fmt: skip
# signal(7), and those of moby/sys/signal.
_SIGNALS = frozenset({
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "UNUSED", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
    "RTMAX",
})  # fmt: skip
_RESTARTS = frozenset({"", "no", "always", "unless-stopped", "on-failure"})
_MAX_SIGNAL = 64
_MAX_NAME = 255
_HEX = frozenset("0123456789abcdef")


def is_capability(value: Any) -> bool:
    """Whether Linux knows a capability, with ``CAP_`` or without, in any case."""
    name = plain_text(value).upper()
    return not isinstance(value, str) or name == "" or name.removeprefix("CAP_") in _CAPABILITIES


def is_signal(value: Any) -> bool:
    """Whether a text is a signal, by name or number."""
    name = plain_text(value).upper().removeprefix("SIG")
    if not isinstance(value, str) or name == "" or name in _SIGNALS:
        return True
    if name.isdecimal() and name.isascii():
        return len(name) <= 9 and 0 < int(name) <= _MAX_SIGNAL
    base, _, offset = name.replace("-", "+").partition("+")
    return base in {"RTMIN", "RTMAX"} and offset.isdecimal()


def is_restart(value: Any) -> bool:
    """Whether a text is a restart policy."""
    policy, colon, attempts = plain_text(value).partition(":")
    if not isinstance(value, str):
        return True
    if colon:
        return policy == "on-failure" and attempts.isdecimal()
    return policy in _RESTARTS


def is_image(value: Any) -> bool:
    """Whether a text is a reference to an image. Source: the grammar of distribution/reference."""
    text = plain_text(value)
    if not text:
        return True
    rest, at_sign, digest = text.partition("@")
    if at_sign and not _is_digest(digest):
        return False
    name, tag = rest, ""
    last = rest.rpartition("/")[2]
    if ":" in last:
        tag = last.partition(":")[2]
        name = rest[: len(rest) - len(tag) - 1]
        if not _is_tag(tag):
            return False
    return _is_name(name)


def _is_digest(text: str) -> bool:
    algorithm, colon, hexadecimal = text.partition(":")
    return bool(algorithm and colon) and len(hexadecimal) >= 32 and _HEX.issuperset(hexadecimal.lower())


def _is_tag(text: str) -> bool:
    word = text.replace(".", "a").replace("-", "a").replace("_", "a")
    return len(text) <= 128 and word.isalnum() and word.isascii() and text[0] not in ".-"


def _is_name(text: str) -> bool:
    parts = text.split("/")
    first = parts[0]
    has_host = len(parts) > 1 and (
        "." in first or ":" in first or first == "localhost" or first.lower() != first
    )
    if has_host:
        if not _is_host(first):
            return False
        parts = parts[1:]
    short = len(parts) == 1 and not has_host
    if short and len(text) == 64 and _HEX.issuperset(text):
        return False
    return len(text) <= _MAX_NAME and all(map(_is_component, parts))


def _is_host(text: str) -> bool:
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        return ":" in address and (port == "" or (port[0] == ":" and port[1:].isdecimal()))
    host, colon, port = text.partition(":")
    labels = host.split(".")
    good = all(
        label
        and label.replace("-", "a").isalnum()
        and label.isascii()
        and label[0] != "-"
        and label[-1] != "-"
        for label in labels
    )
    return good and (not colon or port.isdecimal())


def _is_component(text: str) -> bool:
    """Lower case letters and digits, parted by one dot, one or two underscores, or dashes."""
    if not text or not text.isascii() or text.lower() != text:
        return False
    run = ""
    for character in text:
        if character.isalnum():
            run = ""
            continue
        run += character
        if run.strip("-") and run not in {".", "_", "__"}:
            return False
        if character not in "._-":
            return False
    return text[0].isalnum() and text[-1].isalnum()
