"""Base images from Docker Hub, for the lab's platforms only, into the same folder of blobs as the stand-ins.

Protocol: https://distribution.github.io/distribution/spec/auth/token/ (a token for each repository, anonymous).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import CommandFailedError
from fairlead.image.oci.manifests import INDEX_TYPE, MANIFEST_TYPE
from lab.debian.mirror import download
from lab.oci import blob_path, render_index_of, write_blob, write_document

if TYPE_CHECKING:
    import requests

_DOCKER = "application/vnd.docker.distribution.manifest"
_ACCEPT = f"{INDEX_TYPE}, {MANIFEST_TYPE}, {_DOCKER}.list.v2+json, {_DOCKER}.v2+json"
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_PROBE_SECONDS = 3


def hub_url() -> str:
    """The registry to pull from: ``FAIRLEAD_LAB_UPSTREAM``, else Docker Hub."""
    return os.environ.get("FAIRLEAD_LAB_UPSTREAM", "https://registry-1.docker.io").rstrip("/")


def probe_hub() -> bool:
    """Whether an image registry answers at all; asked with a short timeout."""
    import requests

    try:
        return requests.get(f"{hub_url()}/v2/", timeout=_PROBE_SECONDS).status_code in {200, 401}
    except requests.RequestException:
        return False


def parse_challenge(header: str) -> dict[str, str]:
    """``Bearer realm="…",service="…"`` -> its parameters."""
    return dict(_PARAMETER.findall(header))


def select_platforms(index: Mapping[str, Any], architectures: tuple[str, ...]) -> list[dict[str, Any]]:
    """The descriptors of an index for Linux on these architectures.

    Raises:
        CommandFailedError: one of them is missing.
    """
    chosen = {
        child["platform"]["architecture"]: child
        for child in index["manifests"]
        if child.get("platform", {}).get("os") == "linux"
    }
    missing = [architecture for architecture in architectures if architecture not in chosen]
    if missing:
        raise CommandFailedError(f"the image has no platform linux/{missing[0]}")
    return [chosen[architecture] for architecture in architectures]


class Hub:
    """Pulls images of one repository."""

    def __init__(self, repository: str, blobs: Path) -> None:
        import requests

        self._base = f"{hub_url()}/v2/{repository}"
        self._repository = repository
        self._blobs = blobs
        self._session = requests.Session()

    def pull(self, tag: str, architectures: tuple[str, ...]) -> str:
        """Pull the platforms of an image; the digest of an index over just these.

        Raises:
            CommandFailedError: the registry refuses, or a platform is missing.
        """
        index = json.loads(self._manifest(tag))
        if "manifests" not in index:
            raise CommandFailedError(f"{self._repository}:{tag} is an image for one platform only")
        children = select_platforms(index, architectures)
        for child in children:
            content = self._manifest(child["digest"])
            write_blob(self._blobs, child["mediaType"], content)
            manifest = json.loads(content)
            for item in (manifest["config"], *manifest["layers"]):
                self._blob(item["digest"])
        return write_document(self._blobs, INDEX_TYPE, render_index_of(children)).digest

    def _manifest(self, reference: str) -> bytes:
        return self._get(f"{self._base}/manifests/{reference}").content

    def _blob(self, digest: str) -> None:
        path = blob_path(self._blobs, digest)
        if not path.exists():
            token = self._session.headers.get("Authorization")
            headers = {"Authorization": str(token)} if token else {}
            download(f"{self._base}/blobs/{digest}", path, digest.removeprefix("sha256:"), headers=headers)

    def _get(self, url: str) -> requests.Response:
        import requests

        try:
            answer = self._session.get(url, headers={"Accept": _ACCEPT}, timeout=60)
            if answer.status_code == 401:
                self._log_in(answer.headers.get("WWW-Authenticate", ""))
                answer = self._session.get(url, headers={"Accept": _ACCEPT}, timeout=60)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise CommandFailedError(
                f"could not pull {self._repository} from {hub_url()}",
                why=str(error),
                fix="FAIRLEAD_LAB_BASES=debian makes the base images from Debian packages instead",
            ) from error
        return answer

    def _log_in(self, challenge: str) -> None:
        fields = parse_challenge(challenge)
        scope = {"service": fields.get("service", ""), "scope": f"repository:{self._repository}:pull"}
        answer = self._session.get(fields.get("realm", ""), params=scope, timeout=30)
        answer.raise_for_status()
        document = answer.json()
        self._session.headers["Authorization"] = f"Bearer {document.get('token') or document['access_token']}"
