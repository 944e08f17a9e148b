"""The environment that a command is about, its servers, and how to get to them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import InputError

if TYPE_CHECKING:
    from fairlead.host.wire.changes import Subject
    from fairlead.remote.access import AccessOptions
    from fairlead.settings.values import Environment, Settings


@dataclass(frozen=True)
class Place:
    """An environment and its servers; ``access`` is what the command line says of the way there."""

    settings: Settings
    environment: Environment
    access: AccessOptions

    @property
    def app(self) -> str:
        """What the app is called on the servers of this environment."""
        return self.settings.name_of(self.environment)

    @property
    def subject(self) -> Subject:
        """What every request to a server is about: the server compares it with what is there, and refuses another's."""
        from fairlead.host.wire.changes import Subject
        from fairlead.identity import read_source

        source = read_source(self.settings.root, os.environ) or self.settings.registry
        return Subject(self.app, self.environment.name, source or "", self.directory)

    @property
    def directory(self) -> str:
        """The folder of its repository that fairlead.yaml lies in."""
        from fairlead.identity import read_directory

        return read_directory(self.settings.root)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The servers, as fairlead.yaml names them."""
        return tuple(str(host) for host in self.environment.hosts)

    @property
    def host(self) -> str:
        """All of them, in words."""
        return ", ".join(self.hosts)

    @property
    def has_several(self) -> bool:
        """Whether there are servers that have to agree, and each is named in what is said of it."""
        return len(self.hosts) > 1

    def only(self, host: str | None) -> Place:
        """The same environment with this host alone; None changes nothing.

        Raises:
            InputError: it has no such host.
        """
        if host is None:
            return self
        found = [one for one in self.environment.hosts if host in {str(one), one.name}]
        if not found:
            raise InputError(
                f"the environment {self.environment.name} has no host {host}", fix=f"it has {self.host}"
            )
        return replace(self, environment=replace(self.environment, hosts=(found[0],)))


def find_place(environment: str | None, access: AccessOptions, registry: str | None = None) -> Place:
    """Read fairlead.yaml and find the environment; ``registry`` is what ``--registry`` says.

    Raises:
        InputError: the file does not hold, or there is no such environment.
    """
    from fairlead.settings.load import load_settings

    if registry:
        # Said by the user, and so also the host that the login is for, wherever that is asked.
        os.environ["FAIRLEAD_REGISTRY"] = registry
    settings = load_settings(Path.cwd(), os.environ)
    return Place(settings, settings.environment(environment), access)
