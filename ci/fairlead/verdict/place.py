"""Files as GitHub and code scanning know them: from the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

from fairlead.checkout import repository_root


def repository_path(shown: str) -> str:
    """The path of a file from the root of its repository, with ``/``; from here where there is none."""
    file = Path(os.path.abspath(shown))  # noqa: PTH100 - resolve() would follow links out of the repository
    root = repository_root(file.parent) or Path.cwd()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
