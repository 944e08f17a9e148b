"""How the value of a variable is given as a secret instead, in words. Pure."""

from __future__ import annotations


def secret_way(variable: str) -> str:
    """What to write in a service for a variable that holds a secret, and where the value is given."""
    name = variable.lower()
    return (
        f"x-fairlead: {{secret_environment: {{{variable}: {name}}}}}, "
        f"and the value in FAIRLEAD_SECRET_{variable.upper()} or a line {name}=… of FAIRLEAD_SECRETS"
    )
