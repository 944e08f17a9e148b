"""Make the folders of an app, with the modes that its proxy and its containers need."""

from __future__ import annotations

from .atomic import make_folder, point_link
from .paths import Paths
from .routes import close_dark

_OPEN = 0o1777
"""The proxy makes its admin socket as whatever user its image runs as; the sticky bit keeps the token ours."""


def make_layout(paths: Paths) -> None:
    """Make what is missing; what is there keeps its content.

    Raises:
        OSError: no permission, no space.
    """
    make_folder(paths.home)
    for folder in (paths.routes, paths.releases, paths.files, paths.tasks):
        make_folder(folder)
    make_folder(paths.secrets, 0o700)
    make_folder(paths.run, _OPEN)
    if not paths.dark.is_symlink():
        close_dark(paths)
    if not paths.inside.is_symlink():
        point_link(paths.inside, "live")
