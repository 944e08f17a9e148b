"""The workflows of a repository that call Fairlead's: one for a push, one to go back, one for pull requests. Pure.

Each says in one place what it may do: ``permissions: {}`` on top, then what the called workflow needs, and no more.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from fairlead.starter.scalars import comment, quoted, scalar
from fairlead.starter.uses import Uses

FOLDER = ".github/workflows"
_SAFE = re.compile(r"[A-Za-z0-9_/-]+")
_TOLD_APART = re.compile(r"[a-z0-9]+(?:/[a-z0-9]+)*")
"""Folders of which no two are one name in capitals, with `_` for `/`."""
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True)
class Caller:
    """Whose workflows they are.

    Attributes:
        uses: the Fairlead that they call.
        environment: of fairlead.yaml and of GitHub.
        directory: where fairlead.yaml lies in the repository, empty for its top.
        branch: a push to it is deployed.
        submodules: whether some of the app lies in submodules.
        lfs: whether some of it is kept in Git LFS.
    """

    uses: Uses
    environment: str
    directory: str = ""
    branch: str = "main"
    submodules: bool = False
    lfs: bool = False

    @property
    def secrets(self) -> str:
        """The secret with the app's values: apps in folders of one repository have one each."""
        if not self.directory:
            return "FAIRLEAD_SECRETS"
        name = re.sub(r"[^A-Za-z0-9]+", "_", self.directory).strip("_").upper()
        # Two underscores are in no name without a mark: `a/0f1e2d` is not taken for `A` with its own.
        mark = "" if _TOLD_APART.fullmatch(self.directory) else f"__{_mark(self.directory).upper()}"
        return f"FAIRLEAD_SECRETS_{name}{mark}" if name else f"FAIRLEAD_SECRETS{mark}"


def plan_callers(caller: Caller) -> dict[str, str]:
    """The files by path from the repository's root, each with its text."""
    return {
        f"{FOLDER}/{name}{_suffix(caller.directory)}.yml": text
        for name, text in (
            ("deploy", _deploy(caller)),
            ("rollback", _rollback(caller)),
            ("preview", _preview(caller)),
        )
    }


def _deploy(caller: Caller) -> str:
    return f"""\
# A push to {comment(caller.branch)} goes live: built, scanned, published and switched to. If it is not healthy, the release before serves on.
name: {_title("Deploy", caller)}
on:
  push:
    branches: [{scalar(caller.branch)}]
permissions: {{}}
jobs:
  deploy:
    permissions:
      contents: read
      packages: write # the images
    uses: {caller.uses.workflow("pipeline")}
    with:
      environment: {scalar(caller.environment)}
{_directory(caller)}{_fetched(caller)}    secrets:
      FAIRLEAD_SSH_KEY: ${{{{ secrets.FAIRLEAD_SSH_KEY }}}}
      FAIRLEAD_SECRETS: ${{{{ secrets.{caller.secrets} }}}}
"""


def _rollback(caller: Caller) -> str:
    return f"""\
# The button to go back: Actions > {comment(_plain_title("Rollback", caller))} > Run workflow. It builds nothing and waits for no push.
name: {_title("Rollback", caller)}
on:
  workflow_dispatch:
    inputs:
      to:
        description: "The release: an id, previous, -2, a commit, a tag or a digest. Empty, the one before."
        type: string
      reason:
        description: Why, in a line; the server's journal keeps it.
        type: string
permissions: {{}}
jobs:
  rollback:
    permissions:
      contents: read
      deployments: write # which commit serves afterwards
      packages: read # images that the server has pruned are pulled again
    uses: {caller.uses.workflow("rollback")}
    with:
      environment: {scalar(caller.environment)}
{_directory(caller)}      to: ${{{{ inputs.to }}}}
      reason: ${{{{ inputs.reason }}}}
    secrets:
      FAIRLEAD_SSH_KEY: ${{{{ secrets.FAIRLEAD_SSH_KEY }}}}
"""


def _preview(caller: Caller) -> str:
    inputs = _directory(caller) + _fetched(caller)
    given = f"    with:\n{inputs}" if inputs else ""
    return f"""\
# The images of a pull request: built, scanned, and named in one comment. Those of a fork are built and scanned only.
name: {_title("Preview", caller)}
on: pull_request
permissions: {{}}
jobs:
  preview:
    permissions:
      contents: read
      packages: write # the images
      pull-requests: write # the comment
    uses: {caller.uses.workflow("preview")}
{given}"""


def _directory(caller: Caller) -> str:
    return f"      directory: {scalar(caller.directory)}\n" if caller.directory else ""


def _fetched(caller: Caller) -> str:
    """What a checkout leaves out unless it is told."""
    wanted = (("submodules", "'true'", caller.submodules), ("lfs", "true", caller.lfs))
    return "".join(f"      {name}: {value}\n" for name, value, is_wanted in wanted if is_wanted)


def _plain_title(what: str, caller: Caller) -> str:
    return f"{what} {caller.directory}".strip()


def _title(what: str, caller: Caller) -> str:
    title = _plain_title(what, caller)
    return title if _PLAIN.fullmatch(title.replace(" ", "")) else quoted(title)


def _suffix(directory: str) -> str:
    """What tells the files of one folder from those of another."""
    if not directory:
        return ""
    name = re.sub(r"[^A-Za-z0-9_/-]+", "-", directory).replace("/", ".")
    mark = "" if _SAFE.fullmatch(directory) else f"-{_mark(directory)}"
    return f"-{name}{mark}"


def _mark(directory: str) -> str:
    """What tells a folder from all whose names are alike."""
    # A name of the file system that is no text is none the less a name.
    return hashlib.sha256(directory.encode(errors="surrogateescape")).hexdigest()[:6]
