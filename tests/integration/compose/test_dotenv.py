"""The `.env` of a project, and the same as an `env_file:`, against the docker-compose of this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fairlead import process
from fairlead.composefile.loader import load_model
from fairlead.tools.locate import locate
from tests.integration.compose.test_loader import ENVIRONMENT

pytestmark = pytest.mark.integration

NAMELESS = (
    "=1",
    "A=1\n:1\n",
    " = \n",
    "export =1\n",
    "[=1\n=2",
    "A",
    "# c\nA",
    "export A",
    "A\tB",
    "A=1\r\nB",
    'A="a"b',
)
NUL = ("A=a\0b\n", "A='\0'\n", 'A="\\0000"\n')
UNREADABLE = ("export ", "A=1\n export\t", "A!=1\n", "export #c\n")
FINE = (
    *(
        "A\n",
        "export A\n",
        "export\n#c\n",
        "export \n#c\nA=1",
        "A=1\nHOME\n",
        'A="a"b\n',
        "A='a'#b",
        "\t",
        "A=1\n#b",
    ),
    *("A=\0\nA=1\n", "PATH=\0\n", "#\0", "[=1\n", 'A="\\000"\n'),
)


TEXTS = {**dict.fromkeys((*NAMELESS, *NUL, *UNREADABLE), False), **dict.fromkeys(FINE, True)}


def theirs_and_ours(folder: Path) -> tuple[bool, bool]:
    argv = (str(locate("compose")), "--project-name", "p", "config", "-q")
    theirs = process.run(argv, env=ENVIRONMENT, inherit=False, cwd=folder, check=False).ok
    faults = load_model([folder / "compose.yaml"], variables=ENVIRONMENT, name="p").faults
    return theirs, not any(fault.severity == "error" for fault in faults)


def test_what_compose_can_t_set_for_itself_is_refused_in_the_env_of_a_project(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(len(TEXTS))]
    for folder, text in zip(folders, TEXTS, strict=True):
        folder.mkdir()
        (folder / "compose.yaml").write_text("services: {a: {image: b}}\n")
        (folder / ".env").write_bytes(text.encode())
    with ThreadPoolExecutor(4) as pool:
        said = dict(zip(TEXTS, pool.map(theirs_and_ours, folders), strict=True))
    assert said == {text: (holds, holds) for text, holds in TEXTS.items()}


def test_it_is_taken_in_the_variables_of_a_service(tmp_path: Path) -> None:
    texts = [text for text in TEXTS if text not in UNREADABLE]
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.env").write_bytes(text.encode())
    services = [f"  a{number}: {{image: b, env_file: {number}.env}}\n" for number in range(len(texts))]
    (tmp_path / "compose.yaml").write_text(f"services:\n{''.join(services)}")
    assert theirs_and_ours(tmp_path) == (True, True)
