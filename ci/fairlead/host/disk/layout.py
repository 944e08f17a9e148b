"""Make the folders of an app, with the modes that its proxy and its containers need."""

from __future__ import annotations

from .atomic import SHOWN_FOLDER, make_folder, point_link
from .paths import Paths
from .routes import close_dark

_OPEN = 0o1777
"""The proxy makes its admin socket as whatever user its image runs as; the sticky bit keeps the token ours."""


def make_layout(paths: Paths) -> None:
    """Make what is missing; what is there keeps its content.

    Raises:
        OSError: no permission, no space.
    """
    make_folder(paths.home, SHOWN_FOLDER)
    make_folder(paths.routes, SHOWN_FOLDER)
    make_folder(paths.carried, SHOWN_FOLDER)
    for folder in (paths.releases, paths.files, paths.tasks, paths.secrets, paths.data):
        # Nobody else on the host looks into it; a container is shown single files, and passes no folder on the way.
        make_folder(folder)
        folder.chmod(0o700)
    if paths.platform.is_file():
        # One that an older agent wrote.
        paths.platform.chmod(0o600)
    make_folder(paths.run, _OPEN)
    if not paths.dark.is_symlink():
        close_dark(paths)
    if not paths.inside.is_symlink():
        point_link(paths.inside, "live")
