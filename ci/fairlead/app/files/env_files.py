"""Files of variables that lie here and are not in git: what CI checks out is without them."""

from __future__ import annotations

from pathlib import Path

from fairlead.app.files.tracked import is_tracked
from fairlead.composefile.loader.reading import names_meant
from fairlead.findings import Finding
from fairlead.positions import shown_path
from fairlead.secret_signs.ways import env_file_way
from fairlead.sources import real_path, repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.composefile.loader import Model


def untracked_env_files(model: Model) -> tuple[list[Finding], list[Finding]]:
    """Such files as faults, where the files do not hold without them, and as notes, where only their values would lack."""
    faults: list[Finding] = []
    notes: list[Finding] = []
    for one in model.env_files:
        path = Path(one.path)
        folder = real_path(str(path.parent))
        home = repository_of(folder)
        if not path.is_file() or is_tracked(f"{folder}/{path.name}", home):
            continue
        what = f"{shown_path(path)} is not in git: a deploy of CI "
        what += "has no such file, and fails" if one.required else "goes without its values"
        fix = env_file_way(names_meant(one.path, [home]))
        (faults if one.required else notes).append(Finding(what, one.place, fix, "env-file"))
    return faults, notes
