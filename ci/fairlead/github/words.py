"""What is said in a job, in the words of whoever wrote the workflow: errors, warnings and all else that Fairlead says.

He knows inputs and secrets. Options are what a person at a terminal says, and a file of the runner is gone when he reads
of it; so both are told as the inputs that they are, by the one table of inputs. What others have printed, a tool or the
app, stays as it was printed, but for files that are gone.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import re
from pathlib import Path

from fairlead.checkout import repository_root
from fairlead.errors import FairleadError
from fairlead.github.inputs import INPUTS, name_inputs

# A command is for a terminal, and stays as it is typed there.
_COMMAND = re.compile(r"(`(?:fairlead|docker|git|ssh|ssh-keygen|ssh-keyscan) [^`]*`)")
_OPTION = re.compile(
    r"(?P<say>\bsay )?(?P<tick>`?)(?<![\w-])--(?P<name>[a-z][a-z-]*)(?: (?P<value>[A-Z]+\b|[^\s`]+(?=`)))?(?P=tick)"
)
_OTHER_NAMES = {"identity": "ssh-key", "secrets-dir": "secrets"}
# From the first slash of a word on. A word is looked at from its beginning only: begun anew at each of its slashes, the
# time would grow with the square of its length, and what a tool prints can be one long word.
_PATH = r"(?<![^\s'\"`:])([^\s'\"`:/]*)/[^\s'\"`:]*/fairlead-"
# After a colon it may be the place in a container that something is mounted at.
_BEGINS = r"(?<![^\s'\"`=(\[{<,;])"
# The key, for as long as ssh reads it; and whatever else lies in a folder of ours that goes with the command.
_OWN_FILES = (
    (re.compile(rf"(?:the key )?{_PATH}ssh-\w{{6,}}/key\b"), r"\1the key in FAIRLEAD_SSH_KEY"),
    (
        re.compile(rf"{_PATH}(?:ssh|login|scan|builder|root|asked|bug)-\w{{6,}}(?:/[^\s'\"`:]*)?"),
        r"\1a file of Fairlead's own",
    ),
)
_PLACES = (
    (
        re.compile(r"~/\.ssh/known_hosts"),
        "known_hosts beside fairlead.yaml, or the file that --known-hosts names,",
    ),
    (re.compile(r"\byour keys\b"), "any key of this runner, as FAIRLEAD_SSH_KEY is empty"),
    # No action has it: files with secrets are for machines that are somebody's.
    (re.compile(r", a file \S+ in --secrets-dir\b"), ""),
    # Nobody is there to press Ctrl-C a second time.
    (re.compile(r"; once more leaves at once\b"), ""),
)


def tell_in_a_job(error: FairleadError) -> FairleadError:
    """The same error in the workflow's words; evidence stays as it was printed, but for files that are gone."""
    told = copy.copy(error)
    told.what, told.why, told.fix = (speak(text) for text in (error.what, error.why, error.fix))
    told.findings = tuple(
        dataclasses.replace(one, what=speak(one.what), fix=speak(one.fix)) for one in error.findings
    )
    told.details = tuple(_without_places(text) for text in error.details)
    return told


def speak(text: str) -> str:
    """A text of Fairlead's own in the words of a workflow."""
    pieces = _COMMAND.split(_without_places(text))
    return "".join(
        piece if number % 2 else name_inputs(_OPTION.sub(_input, piece))
        for number, piece in enumerate(pieces)
    )


def without_own_files(text: str) -> str:
    """A text, whoever's, without the names of files that are gone when the command is."""
    for place, words in _OWN_FILES:
        text = place.sub(words, text)
    return text


def _without_places(text: str) -> str:
    """The text with the files of the repository as they are called there, wherever it was checked out."""
    root = None
    # Where the folder that this runs in is gone, that is what has to be told.
    with contextlib.suppress(OSError):
        root = repository_root(Path.cwd())
    if root is not None and root != root.parent:
        text = re.sub(rf"{_BEGINS}{re.escape(str(root))}/", "", text)
    text = without_own_files(text)
    for place, words in _PLACES:
        text = place.sub(words, text)
    return text


def _input(match: re.Match[str]) -> str:
    name = _OTHER_NAMES.get(match["name"], match["name"])
    if name not in INPUTS:
        return match[0]
    value = f" {match['value']}" if match["value"] else ""
    if match["say"]:
        return f"set the input `{name}`" + (f" to{value}" if value else "")
    return f"the input `{name}`{value}"
