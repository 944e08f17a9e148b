"""Somebody who may write to the registry, and does so by hand."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from lab.state import Lab
from tests.patience import PATIENCE

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_ANY = f"{INDEX_TYPE}, {MANIFEST_TYPE}, application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Hand:
    """Writes to one repository, ``host:port/name``."""

    lab: Lab
    repository: str

    def manifest(self, reference: str) -> bytes:
        """What is there, byte for byte."""
        answer = self._ask("GET", f"manifests/{reference}", headers={"Accept": _ANY})
        return answer.content

    def put(self, value: dict[str, Any], reference: str = "") -> str:
        """Write a manifest or index, under a tag or under its digest alone; the digest."""
        data = json.dumps(value).encode()
        digest = digest_of(data)
        kind = {"Content-Type": value["mediaType"]}
        self._ask("PUT", f"manifests/{reference or digest}", headers=kind, data=data)
        return digest

    def blob(self, digest: str) -> bytes:
        return self._ask("GET", f"blobs/{digest}").content

    def put_blob(self, data: bytes) -> dict[str, Any]:
        """Write a blob; digest and size of it."""
        place = self._ask("POST", "blobs/uploads/").headers["Location"]
        digest = digest_of(data)
        self._ask("PUT", place, params={"digest": digest}, data=data)
        return {"digest": digest, "size": len(data)}

    def twin(self, digest: str) -> tuple[str, int]:
        """An image of theirs that looks like this one, and is not: digest and size of its manifest."""
        manifest = json.loads(self.manifest(digest))
        config = json.loads(self.blob(manifest["config"]["digest"]))
        config["config"].setdefault("Env", []).append("EVIL=1")
        made = self.put_blob(json.dumps(config).encode())
        changed = {**manifest, "config": {**manifest["config"], **made}}
        return self.put(changed), len(json.dumps(changed).encode())

    def login(self, folder: Path) -> Path:
        """A folder for ``DOCKER_CONFIG`` with the registry's login."""
        token = base64.b64encode(f"{self.lab.username}:{self.lab.password}".encode()).decode()
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps({"auths": {self.lab.registry: {"auth": token}}}))
        return folder

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        host, _, name = self.repository.partition("/")
        address = requests.compat.urljoin(f"http://{host}/v2/{name}/", path)
        login = (self.lab.username, self.lab.password)
        answer = requests.request(method, address, auth=login, timeout=PATIENCE, **more)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
