"""How the value of a variable is given as a secret instead, in words. Pure."""

from __future__ import annotations

from fairlead.secret_signs.names import is_secret_name


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
