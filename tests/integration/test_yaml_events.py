"""libyaml's parser on its own, and the package behind it: in processes that imported nothing yet."""

from __future__ import annotations

import subprocess
import sys

ALONE = "from fairlead.quick.yaml_events import event_parser; parser = event_parser(); import sys\n"


def run(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_the_parser_comes_without_the_package() -> None:
    said = run(
        ALONE + "kinds = [type(event).__name__ for event in iter(parser('a: [1]').get_event, None)]\n"
        "print(*kinds, *[name for name in sys.modules if name.startswith('yaml')])\n"
    )
    assert "MappingStartEvent ScalarEvent SequenceStartEvent ScalarEvent" in said
    assert not {"yaml.reader", "yaml.resolver", "yaml.constructor", "re"} & set(said.split())


def test_its_errors_are_those_of_the_package() -> None:
    said = run(
        ALONE + "import yaml\n"
        "for text in ('a: [', 'a: \\x00b', '&a *a'):\n"
        "    try:\n"
        "        list(iter(parser(text).get_event, None))\n"
        "    except yaml.MarkedYAMLError as error:\n"
        "        print('marked', error.problem_mark.line)\n"
        "    except yaml.YAMLError as error:\n"
        "        print('character', error.position)\n"
    )
    assert said.split() == ["marked", "1", "character", "3", "marked", "0"]


def test_the_package_works_as_ever_afterwards() -> None:
    said = run(
        ALONE + "import yaml.reader, yaml\n"
        "print(yaml.safe_load('a: 1'), yaml.load('[a]', yaml.CSafeLoader), yaml.dump([1]).strip())\n"
        "try:\n"
        "    yaml.safe_load('a: [')\n"
        "except yaml.parser.ParserError as error:\n"
        "    print('caught', yaml.__version__ > '5')\n"
    )
    assert said == "{'a': 1} ['a'] - 1\ncaught True\n"


def test_a_package_that_was_there_before_is_used() -> None:
    said = run(
        "import yaml; from fairlead.quick.yaml_events import event_parser; print(event_parser().__module__)\n"
    )
    assert said == "yaml._yaml\n"
