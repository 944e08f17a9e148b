"""Secrets on a command line: ``--password X``, ``PGPASSWORD=X psql``, ``redis-cli -a X``."""

from __future__ import annotations

from fairlead.secret_signs.names import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FLAGS = frozenset(("--requirepass", "--masterauth", "--tls-key-file-pass"))
"""Flags that take a secret and are not named so."""
_APART = {
    "redis-cli": "-a",
    "valkey-cli": "-a",
    "curl": "-u",
    "sshpass": "-p",
    "sqlcmd": "-P",
    "ldapsearch": "-w",
}
_APART |= dict.fromkeys(("mongosh", "mongo", "mongodump", "rabbitmqadmin", "cqlsh"), "-p")
"""By program: the short flag that a secret follows."""
_ATTACHED = frozenset(("mysql", "mysqladmin", "mysqldump", "mariadb", "mariadb-admin", "mariadb-dump"))
"""Programs whose ``-p`` has the secret attached, and whose ``--password`` without ``=`` asks for it."""
_ENDS = frozenset(("|", "||", "&&", ";", "&"))


def secrets_in(words: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Each secret among words: the index of the one that it stands in, what takes it, and itself."""
    program = ""
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        if word in _ENDS:
            program = ""
        elif word.startswith("-"):
            yield from _flag(index, word, following, program)
        elif word in {"Bearer", "Basic"} and words[index - 1].lower().endswith("authorization:"):
            yield index + 1, word, following
        else:
            name, equals, value = word.partition("=")
            if equals and value and name.replace("_", "a").isalnum() and is_secret_name(name):
                yield index, name, value
            base = word.rpartition("/")[2]
            program = base if base in _APART or base in _ATTACHED else program


def _flag(index: int, word: str, following: str, program: str) -> Iterator[tuple[int, str, str]]:
    flag, equals, value = word.partition("=")
    if flag in _FLAGS or (len(flag) > 3 and is_secret_name(flag.lstrip("-"))):
        if equals:
            yield index, flag, value
        elif program not in _ATTACHED and not following.startswith("-"):
            yield index + 1, flag, following
    elif program in _ATTACHED and word.startswith("-p") and len(word) > 2:
        yield index, f"{program} -p", word[2:]
    elif program in _APART and word.startswith(_APART[program]):
        short = _APART[program]
        given, step = (word[len(short) :], index) if len(word) > len(short) else (following, index + 1)
        # curl takes user and password in one.
        given = given.partition(":")[2] if program == "curl" else given
        if not given.startswith("-"):
            yield step, f"{program} {short}", given
