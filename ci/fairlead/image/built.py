"""The layout of an image, held against the document that names it."""

from __future__ import annotations

from pathlib import Path

from fairlead.errors import CommandFailedError
from fairlead.image.documents import BuiltImage
from fairlead.image.oci.layout import Layout, read_layout


def built_layout(name: str, image: BuiltImage, work_dir: Path) -> Layout:
    """The layout of an image of a build.

    Raises:
        CommandFailedError: it is not the one that ``build.json`` names, or is broken.
    """
    layout = read_layout(work_dir / image.layout)
    if layout.digest != image.digest or layout.digests != dict(image.platforms):
        raise CommandFailedError(
            f"the layout of the image {name} is not the one that was built and scanned",
            why=f"build.json says {image.digest}, the layout is {layout.digest}",
            fix="build and scan again",
        )
    return layout
