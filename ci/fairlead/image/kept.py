"""Inventories in the registry: put beside an image when it is published, found again when the next one is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead import files
from fairlead.errors import FairleadError
from fairlead.image.documents import PublishedImage, ScannedImage
from fairlead.image.oci.manifests import DIGEST, UnfitError
from fairlead.image.registry.artifact import artifact_tag, put_artifact, read_artifact
from fairlead.image.registry.client import Registry, registry_for
from fairlead.image.scan.findings import parse_report
from fairlead.image.scan.inventory import LARGEST, SCHEMA, Inventory, pack, plan_inventory, unpack

MEDIA_TYPE = f"application/vnd.{SCHEMA.replace('/', '.')}+gzip"


def keep_inventory(
    registry: Registry, image: PublishedImage, scanned: ScannedImage, database: str, work_dir: Path
) -> str:
    """Keep what the scan has found in a published image; a second scan by the same database writes nothing.

    Args:
        registry: where the image is.
        image: as it was published.
        scanned: its scan.
        database: when the database was made that the scan asked.
        work_dir: where the reports of the scan are.

    Returns:
        Why nothing is kept; empty if something is. Nobody's publish fails for it.
    """
    try:
        reports = {
            platform: parse_report(files.read(work_dir / one.report).decode())
            for platform, one in scanned.platforms.items()
        }
        data = pack(plan_inventory(reports, image.sizes, database))
        if len(data) > LARGEST:
            return f"it takes {len(data)} bytes, and {LARGEST} are kept"
        put_artifact(registry, _reference(image.repository, image.digest), MEDIA_TYPE, data)
    except FairleadError as error:
        return f"{error.what}: {error.why}"
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def find_inventory(
    repository: str, digest: str, *, environ: Mapping[str, str], registry: str
) -> Inventory | None:
    """What is kept of an image; None where nothing is. The login is chosen as ``resolve_image`` does.

    Raises:
        FairleadError: the registry does not answer, or refuses.
        UnfitError: what is there is no inventory, or a server has told something else than a digest.
    """
    if not DIGEST.fullmatch(digest):
        raise UnfitError(f"{digest[:80]} is no SHA-256 digest")
    reference = _reference(repository, digest)
    data = read_artifact(registry_for(reference, environ, registry), reference, MEDIA_TYPE, LARGEST)
    return None if data is None else unpack(data)


def _reference(repository: str, digest: str) -> str:
    return f"{repository}:{artifact_tag(digest, 'scan')}"
