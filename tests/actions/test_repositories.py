"""Repositories of other shapes: two apps in one of them, a folder with a blank in its name, a submodule, files of LFS."""

from __future__ import annotations

import hashlib
import http.client
import re
import secrets
import shutil

import pytest
import yaml

from lab.state import Lab, Server
from tests.actions.job import APP
from tests.actions.stranger import Stranger, make_open_folder
from tests.actions.test_workflows import CANARY, succeeded
from tests.e2e.workbench import containers
from tests.patience import PATIENCE

GREETING = b"good morning from a large file\n"
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    f"oid sha256:{hashlib.sha256(GREETING).hexdigest()}\nsize {len(GREETING)}\n"
)
SETTINGS = """\
registry: {registry}/{name}
platforms: [linux/amd64]
validate: {{pin: deploy}}
deploy: {{start_timeout: 20s, drain_timeout: 5s, keep: 3, standby: 0s, watch: {{window: 1s}}}}
"""


class Mall(Stranger):
    """Two shops in folders of one repository. What one says lies in LFS, and how it says it in a submodule."""

    slug = "acme/mall"
    folders = ("apps/shop", "apps/the other shop")

    def _copy(self) -> None:
        super()._copy()
        for path in [path for path in self.root.iterdir() if path.name != ".git"]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        library = self._folder / "library"
        library.mkdir()
        (library / "words.py").write_text('def told(words: str) -> str:\n    return f"<{words.strip()}>"\n')
        self._commit(library, "Words")
        for folder in self.folders:
            shutil.copytree(APP, self.root / folder)
            (self.root / folder / "fairlead.yaml").unlink()
            compose = self.root / folder / "compose.yaml"
            compose.write_text(compose.read_text().replace("name: tiny\n\n", ""))
        app = self.root / self.folders[1]
        (app / ".gitattributes").write_text("*.big filter=lfs diff=lfs merge=lfs -text\n")
        (app / "greeting.big").write_text(POINTER)
        with (app / "Dockerfile").open("a") as file:
            file.write("COPY greeting.big /\nCOPY library/words.py /library/\n")
        server = app / "server.py"
        text = server.read_text().replace(
            'GREETING = "hello"', 'GREETING = told(Path("/greeting.big").read_text())'
        )
        server.write_text(text.replace("\nHEALTHY", "\nfrom library.words import told\n\nHEALTHY", 1))
        self.git(
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "--quiet",
            str(library),
            f"{self.folders[1]}/library",
        )
        large = self.root / ".git/lfs/objects" / POINTER.split(":")[2][:2] / POINTER.split(":")[2][2:4]
        large.mkdir(parents=True)
        (large / hashlib.sha256(GREETING).hexdigest()).write_bytes(GREETING)
        self.commit("Two shops")

    def configure(self, folder: str, name: str, registry: str) -> None:
        """What `init` wrote, with the lab's registry and short waits, behind the edge that two apps share."""
        succeeded(self.init(folder, f"http://{name}.lab.test"))
        file = self.root / folder / "fairlead.yaml"
        raw = yaml.safe_load(file.read_text())
        raw |= yaml.safe_load(SETTINGS.format(registry=registry, name=name))
        production = raw["environments"]["production"]
        # Of another app nobody knew when the first file was written; the list of what is left says it since.
        assert production.get("edge", False) is (folder != self.folders[0])
        production["edge"] = True
        file.write_text(yaml.safe_dump(raw))

    def push(self, folder: str) -> str:
        """Let the workflow of the app in a folder run for a push, with the secret that it names; give its file's text."""
        (workflow,) = [
            path
            for path in self._workflows.glob("deploy-*.yml")
            if yaml.safe_load(path.read_text())["jobs"]["deploy"]["with"]["directory"] == folder
        ]
        text = workflow.read_text()
        name = re.findall(r"secrets\.(FAIRLEAD_SECRETS_\w+)", text)[0]
        succeeded(self.run("push", workflow.name, "--secret", name, env={name: f"CANARY={CANARY}\n"}))
        return text


@pytest.mark.timeout(1200)
def test_two_apps_of_a_repository_are_live_with_all_that_their_checkouts_leave_out(
    lab: Lab, server: Server
) -> None:
    """`init` in each folder. Names, files and addresses are of each, and neither replaces the other."""
    with make_open_folder() as place:
        mall = Mall(place, lab, server, {})
        one, other = mall.folders
        # Tags belong to the commits of one history: this repository is new.
        registry = f"{lab.registry}/mall-{secrets.token_hex(3)}"
        mall.configure(one, "one", registry)
        mall.configure(other, "other", registry)
        mall.commit("Deploy with Fairlead")

        # This clone has no LFS.
        refused = mall.fairlead("build", folder=other)
        assert refused.code == 2
        assert "only a pointer of Git LFS is there for greeting.big" in refused.log

        written = mall.push(one)
        assert "submodules" not in written
        assert "lfs" not in written
        assert ask(server, "one") == "hello"
        written = mall.push(other)
        assert "submodules: 'true'\n      lfs: true\n" in written
        assert ask(server, "other") == f"<{GREETING.decode().strip()}>"
        assert ask(server, "one") == "hello"
        apps = {name.partition("-0")[0] for name in containers(server) if "-web-" in name}
        assert apps == {"mall-apps-shop", "mall-apps-the-other-shop"}


def ask(server: Server, name: str) -> str:
    """What an app behind the edge greets with."""
    connection = http.client.HTTPConnection(server.address, 80, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers={"Host": f"{name}.lab.test"})
        answer = connection.getresponse()
        body: str = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 200, body
    return body.partition("  ")[0].strip()
