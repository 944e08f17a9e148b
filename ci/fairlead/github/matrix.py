"""Which runner builds which platforms: natively, wherever a runner is of that kind. Pure.

https://docs.github.com/en/actions/reference/runners/github-hosted-runners
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.errors import InputError

SLOTS = 4
"""For how many runners `pipeline.yml` has an output: each tells there what it has built."""
# Those of GitHub for amd64 and for arm64 are called alike.
_HOSTED = re.compile(r"(ubuntu-[0-9]+\.[0-9]+)(-arm)?")
_ARM = {"arm64", "arm"}

Runner = str | list[str]
"""As ``runs-on`` takes it: a label, or several."""


def plan_matrix(platforms: Sequence[str], runs_on: str, runners: str) -> list[dict[str, Any]]:
    """The entries of the matrix, a runner each.

    Args:
        platforms: those of fairlead.yaml; without any the runner builds for what it is itself.
        runs_on: the runner of the other jobs; several labels as JSON.
        runners: JSON, a runner by platform, for those that are not to be chosen by themselves.

    Raises:
        InputError: a text is not what it should be, or there are more runners than outputs.
    """
    usual, own = parse_runner(runs_on), parse_runners(runners)
    unknown = [name for name in own if name not in platforms]
    if unknown:
        raise InputError(
            f"`runners` names {', '.join(unknown)}, which is not among the platforms",
            why=f"fairlead.yaml names {', '.join(platforms) or 'none'}",
            fix="name it in `platforms:` of fairlead.yaml, or leave it out",
        )
    chosen: dict[str, tuple[Runner, list[str]]] = {}
    for name in platforms or ("",):
        runner = own.get(name) or native_runner(usual, name)
        chosen.setdefault(json.dumps(runner), (runner, []))[1].append(name)
    if len(chosen) > SLOTS:
        raise InputError(
            f"the platforms are for {len(chosen)} runners, and there may be {SLOTS}",
            fix="let one build several: give them the same runner in `runners`",
        )
    return [
        {"slot": slot, "platforms": " ".join(names), "runs-on": runner}
        for slot, (runner, names) in enumerate(chosen.values(), 1)
    ]


def artifact_name(directory: str, environment: str) -> str:
    """How the artifacts of a call of the workflow are called, before the number of each.

    A run may call it for several apps and environments; a name of an artifact takes no slash.
    """
    call = json.dumps([posixpath.normpath(directory or "."), environment])
    return f"fairlead-built-{hashlib.sha256(call.encode()).hexdigest()[:12]}"


def native_runner(usual: Runner, platform: str) -> Runner:
    """The runner for a platform, where nobody says: GitHub's own of that kind, or the one there is."""
    hosted = _HOSTED.fullmatch(usual) if isinstance(usual, str) else None
    if hosted is None or not platform:
        return usual
    return f"{hosted[1]}-arm" if platform.split("/")[1] in _ARM else hosted[1]


def parse_runner(text: str) -> Runner:
    """A runner: a label, or a JSON list of labels.

    Raises:
        InputError: it is neither.
    """
    if not text.startswith("["):
        return text
    return _runner(_json("runs-on", text), "runs-on")


def parse_runners(text: str) -> Mapping[str, Runner]:
    """A runner by platform, from JSON; empty for none.

    Raises:
        InputError: it is no JSON object of runners.
    """
    value = _json("runners", text) if text.strip() else {}
    if not isinstance(value, dict):
        raise _fault("runners", text)
    return {name: _runner(runner, "runners") for name, runner in value.items()}


def _runner(value: Any, where: str) -> Runner:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, list) and value and all(isinstance(label, str) and label for label in value):
        return value
    raise _fault(where, json.dumps(value))


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _fault(name, text) from error


def _fault(name: str, text: str) -> InputError:
    examples = {
        "runs-on": '`ubuntu-24.04`, or `["self-hosted", "linux"]`',
        "runners": '`{"linux/arm64": "ubuntu-24.04-arm"}`, a label or a list of labels for each platform',
    }
    return InputError(f"the input `{name}` is {text[:80]!r}", fix=f"write {examples[name]}")
