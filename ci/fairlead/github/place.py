"""Files as GitHub and code scanning know them: from the root of their repository.

That is what the path of an annotation means (https://docs.github.com/en/rest/checks/runs). The runner takes a relative path
as it stands, and makes an absolute one relative to the workspace. So where ``actions/checkout`` got a ``path: app``,
``app/compose.yaml`` would be no file of the repository's: what stands there is found by the nearest ``.git`` above it.
"""

from __future__ import annotations

import os
from pathlib import Path

from fairlead.checkout import repository_root
from fairlead.findings import Location


def repository_path(shown: str) -> str:
    """The path of a file from the root of its repository, with ``/``; from here where there is none."""
    file = Path(os.path.abspath(shown))  # noqa: PTH100 - resolve() would follow links out of the repository
    root = repository_root(file.parent) or Path.cwd()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()


def placed(location: Location | None) -> Location | None:
    """A place as GitHub knows it; None for one outside the repository, which it cannot show."""
    if location is None:
        return None
    path = repository_path(location.path)
    return None if path.startswith("/") else Location(path, location.line, location.column)
