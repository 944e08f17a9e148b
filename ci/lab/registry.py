"""The lab's registry: its container, and a client that fills it.

``library/*`` and ``lab/*`` can be read by anybody, like Docker Hub; everything else needs the login.
Protocol: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.errors import CommandFailedError
from fairlead.image.oci.manifests import INDEX_TYPE, MANIFEST_TYPE, Descriptor
from lab.engine import Container, HostFile
from lab.oci import blob_path
from lab.state import Place

if TYPE_CHECKING:
    import requests

USERNAME = "fairlead"
_TIMEOUT = (5, 120)

_STORE = """\
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: /var/lib/docker-registry}
  delete: {enabled: true}
http: {addr: "127.0.0.1:5000", relativeurls: true}
"""

# The login is compared as it stands: the password is random, and a hash of it at every request costs 50 ms.
_DOOR = """\
{
	admin off
	auto_https off
	persist_config off
}
http://:5080 {
	@public {
		method GET HEAD
		path /v2/library/* /v2/lab/*
	}
	handle @public {
		reverse_proxy 127.0.0.1:5000
	}
	@login header Authorization "Basic %s"
	handle @login {
		reverse_proxy 127.0.0.1:5000
	}
	handle {
		header WWW-Authenticate "Basic realm=\\"fairlead lab\\""
		header Docker-Distribution-Api-Version registry/2.0
		header Content-Type application/json
		respond `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}` 401
	}
}
"""


def render_door(password: str) -> str:
    """The Caddyfile in front of the registry."""
    return _DOOR % base64.b64encode(f"{USERNAME}:{password}".encode()).decode()


def plan_registry(place: Place, image: str, password: str) -> Container:
    """The registry's container."""
    return Container(
        lab=place.name,
        name=f"{place.name}-registry",
        image=image,
        network=place.name,
        alias="registry",
        ports=(f"127.0.0.1:{place.registry_port}:5080",),
        volumes=(f"{place.name}-registry:/var/lib/docker-registry",),
        files=(
            HostFile("/etc/fairlead/registry.yml", _STORE.encode()),
            HostFile("/etc/fairlead/Caddyfile", render_door(password).encode(), mode=0o600),
        ),
    )


class RegistryClient:
    """Reads and fills the lab's registry.

    Raises:
        CommandFailedError: from every method, when the registry does not answer or refuses.
    """

    def __init__(self, address: str, password: str) -> None:
        import requests

        self._url = f"http://{address}"
        self._session = requests.Session()
        self._session.auth = (USERNAME, password)
        # Loopback: no proxy of the environment, no .netrc.
        self._session.trust_env = False

    def answers(self) -> bool:
        """Whether the registry answers, and takes the login."""
        try:
            return self._send("GET", f"{self._url}/v2/", accept=(200, 401, 502)).status_code == 200
        except CommandFailedError:
            return False

    def digest(self, repository: str, tag: str) -> str:
        """The digest behind a tag, empty if there is none."""
        answer = self._send(
            "HEAD",
            f"{self._url}/v2/{repository}/manifests/{tag}",
            accept=(200, 404),
            headers={"Accept": f"{INDEX_TYPE}, {MANIFEST_TYPE}"},
        )
        return str(answer.headers.get("Docker-Content-Digest", "")) if answer.status_code == 200 else ""

    def push(
        self,
        repository: str,
        tags: Iterable[str],
        blobs: Path,
        content: Iterable[Descriptor],
        root: Descriptor,
    ) -> None:
        """Push an image from a folder of blobs: what hangs below ``root`` first, the tags last."""
        for blob in content:
            if blob.media_type in {MANIFEST_TYPE, INDEX_TYPE}:
                self._put_manifest(repository, blob.digest, blob, blobs)
            else:
                self._put_blob(repository, blob, blobs)
        for tag in tags:
            self._put_manifest(repository, tag, root, blobs)

    def _put_blob(self, repository: str, blob: Descriptor, blobs: Path) -> None:
        url = f"{self._url}/v2/{repository}/blobs"
        if self._send("HEAD", f"{url}/{blob.digest}", accept=(200, 404)).status_code == 200:
            return
        begun = self._send("POST", f"{url}/uploads/", accept=(202,))
        place = begun.headers["Location"]
        place = place if place.startswith("http") else self._url + place
        joint = "&" if "?" in place else "?"
        with blob_path(blobs, blob.digest).open("rb") as content:
            self._send("PUT", f"{place}{joint}digest={blob.digest}", accept=(201,), data=content)

    def _put_manifest(self, repository: str, reference: str, blob: Descriptor, blobs: Path) -> None:
        self._send(
            "PUT",
            f"{self._url}/v2/{repository}/manifests/{reference}",
            accept=(201,),
            headers={"Content-Type": blob.media_type},
            data=blob_path(blobs, blob.digest).read_bytes(),
        )

    def _send(self, method: str, url: str, *, accept: tuple[int, ...], **words: object) -> requests.Response:
        import requests

        try:
            answer = self._session.request(method, url, timeout=_TIMEOUT, **words)  # type: ignore[arg-type] # passed through
        except requests.RequestException as error:
            raise CommandFailedError(
                "the lab's registry does not answer", why=str(error), fix="`fairlead lab up`"
            ) from error
        if answer.status_code not in accept:
            raise CommandFailedError(
                f"the lab's registry answered {answer.status_code} to {method} {url}", why=answer.text[:500]
            )
        return answer
