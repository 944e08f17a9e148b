"""``python -m tests.pins``: are the releases of the catalog those that their publishers have signed?

For who changes one: it downloads every archive with the signature beside it, has cosign verify that it was made by
the publisher's own release workflow for that very version, and compares its checksum and its program's with the
table. What differs, or is not known yet, is told with the line to write. It needs GitHub, Sigstore and cosign 3.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fairlead import process
from fairlead.errors import FairleadError
from fairlead.tools.catalog import CATALOG, Asset, Release, Tool
from fairlead.tools.place import checksum
from fairlead.tools.release import download, take_out

_ISSUER = "https://token.actions.githubusercontent.com"


def main() -> int:
    """Check every release; 1 if one is not what the table says."""
    found = [
        (tool, release, asset)
        for tool in CATALOG.values()
        for release in tool.sources
        if isinstance(release, Release)
        for asset in release.assets.values()
    ]
    faults = [fault for one in found for fault in check(*one)]
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(found)} archives, {len(faults)} to be seen to\n")
    return 1 if faults else 0


def verify_argv(release: Release, archive: Path, bundle: Path) -> tuple[str, ...]:
    """The command that verifies a signature: of this workflow for this tag, and of no other that begins like it."""
    identity = f"https://github.com/{release.signer}@refs/tags/v{release.version}"
    return (
        *("cosign", "verify-blob", "--bundle", str(bundle)),
        *("--certificate-identity", identity, "--certificate-oidc-issuer", _ISSUER),
        str(archive),
    )


def check(tool: Tool, release: Release, asset: Asset) -> Iterator[str]:
    """What is wrong with an archive. Its signature comes first: what has none is not even opened."""
    with tempfile.TemporaryDirectory() as folder:
        archive, bundle, program = (Path(folder) / name for name in ("archive", "bundle", "program"))
        try:
            download(release.url(asset), archive)
            download(f"{release.url(asset)}.sigstore.json", bundle)
            process.run(verify_argv(release, archive, bundle))
            take_out(archive, tool.program, program)
        except FairleadError as error:
            yield f"{asset.name}: {error.what} {error.why}"
            return
        for field, said, is_now in (
            ("archive", asset.archive, checksum(archive)),
            ("program", asset.program, checksum(program)),
        ):
            if said != is_now:
                yield f'{asset.name}: signed by {release.signer}; write {field}="{is_now}"'


if __name__ == "__main__":
    sys.exit(main())
