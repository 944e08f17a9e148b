"""How the value of a variable is given as a secret instead, in words. Pure."""

from __future__ import annotations

import re

from fairlead.secret_signs.addresses import passwords_in
from fairlead.secret_signs.names import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = (".example", ".sample", ".template", ".dist")
"""What the name of a file ends with that shows, committed, which variables another one is to have."""
_NAME = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=(.*)", re.MULTILINE | re.ASCII)
_MOST_NAMES = 8


def secret_way(variable: str) -> str:
    """What to write in a service for a variable that holds a secret, and where the value is given."""
    name = variable.lower()
    return (
        f"x-fairlead: {{secret_environment: {{{variable}: {name}}}}}, "
        f"and the value in FAIRLEAD_SECRET_{variable.upper()} or a line {name}=… of FAIRLEAD_SECRETS"
    )


def declare_way(variable: str, environment: str = "<name>") -> str:
    """How a variable that the files want is given to a deploy: in fairlead.yaml, which is committed, unless it is a secret."""
    if is_secret_name(variable):
        return f"give it as a secret: {secret_way(variable)}"
    return f"declare it in environments.{environment}.variables"


def names_in(text: str) -> dict[str, bool]:
    """The names that a text of ``NAME=value`` lines has, each with whether its value is a secret: by the name, or as an address."""
    found: dict[str, bool] = {}
    for name, value in _NAME.findall(text):
        found[name] = found.get(name, False) or is_secret_name(name) or any(passwords_in(value))
    return found


def env_file_way(names: Mapping[str, bool]) -> str:
    """What to write in place of a file of variables that CI does not have; ``names``: as of ``names_in``, empty if unknown."""
    secrets = [name for name, is_secret in names.items() if is_secret]
    plain = [name for name, is_secret in names.items() if not is_secret]
    pairs = ", ".join(f"{name}: {name.lower()}" for name in secrets[:_MOST_NAMES])
    pairs = f"{pairs}, …" if len(secrets) > _MOST_NAMES else pairs or "NAME: name"
    shown = ", ".join(plain[:_MOST_NAMES]) + (", …" if len(plain) > _MOST_NAMES else "")
    return (
        f"give secrets as secrets (x-fairlead: {{secret_environment: {{{pairs}}}}}), write plain values "
        f"{f'({shown}) ' if plain else ''}under environment:, and take the file out or commit it where nothing in it "
        "is secret: docs/secrets.md, Your app has `env_file: .env`"
    )
