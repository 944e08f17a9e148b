"""Reading the files: without these, no other rule means anything, so no severity and no waiver changes them."""

from __future__ import annotations

from fairlead.judge.policy.texts import SERVICES, Text, measured

_REFERENCE = "https://docs.docker.com/reference/compose-file/"
_WEB = "services:\n  web:\n    image: acme/web:1.0\n"

TEXTS = (
    Text(
        name="yaml",
        title="The file is not YAML",
        why="Nothing after the fault is known. One clear place is shown: the first where the text can't be read on.",
        bad='services:\n  web: {image: "acme/web:1.0"\n',
        good='services:\n  web: {image: "acme/web:1.0"}\n',
        sources=("https://yaml.org/spec/1.2.2/",),
    ),
    Text(
        name="duplicate-key",
        title="A key that stands twice",
        why="""\
Most parsers take the last one without a word, so half of what is written does nothing. Compose refuses the file. Two
merge keys (`<<`) in one mapping are the same fault: write `<<: [*a, *b]`.""",
        bad=f"{_WEB}    init: true\n    init: false\n",
        good=f"{_WEB}    init: true\n",
        sources=(
            "https://yaml.org/spec/1.2.2/#3213-node-comparison",
            measured("`mapping key … already defined`"),
        ),
    ),
    Text(
        name="interpolation",
        title="A variable that can't be put in",
        why="""\
A `${` that is not closed, an operator that does not exist, or `${VAR:?}` without a value: Compose stops there. A dollar
that means itself is written `$$`.""",
        bad="services:\n  web:\n    image: acme/web:${TAG:?}\n",
        good="services:\n  web:\n    image: acme/web:${TAG:-1.0}\n",
        sources=(f"{_REFERENCE}interpolation/",),
    ),
    Text(
        name="include",
        title="An include that can't be followed",
        why="Files that include each other in a circle, or name the same service twice, give no model.",
        bad=f"include: [compose.yaml]\n{_WEB}",
        good=_WEB,
        sources=(f"{_REFERENCE}include/",),
    ),
    Text(
        name="extends",
        title="An extends that can't be followed",
        why="The service that is extended does not exist, or extends itself by a detour.",
        bad="services:\n  web:\n    extends: {service: base}\n",
        good='services:\n  base: {image: "acme/web:1.0"}\n  web:\n    extends: {service: base}\n',
        sources=(f"{SERVICES}#extends",),
    ),
    Text(
        name="env-file",
        title="A file of variables that is missing or can't be read",
        why="""\
Compose refuses to start without a file under `env_file`, unless it says `required: false`. As a note it says that a
`.env` beside the compose file is read, whose values count behind those of the environment. As a warning it names the
line of such a file that loses something: a value that is cut at a `$` (`abc$def`, where `def` is no variable), or a name
alone that is not set.""",
        bad=f"{_WEB}    env_file: ./missing.env\n",
        good=f"{_WEB}    env_file: [{{path: ./missing.env, required: false}}]\n",
        sources=(f"{SERVICES}#env_file",),
    ),
    Text(
        name="unseen",
        title="A part of the files that could not be looked at",
        why="""\
A missing file, one that can't be opened, or one that lies on another machine: what it says is not known, so nothing can
be said to hold. The verdict says that it is incomplete, with an exit code of its own; it never passes in silence.""",
        bad=f"include: [./missing.yaml]\n{_WEB}",
        good=_WEB,
        sources=(f"{_REFERENCE}include/",),
    ),
    Text(
        name="schema",
        title="A key or value that the compose specification does not know",
        why="""\
Every file is held against the schema of the oldest Compose that the hosts run, all profiles included. Only the deepest
cause is shown, with the name that was probably meant. A key that only a newer Compose knows is `compose-too-old`.""",
        bad=f'{_WEB}    prots: ["80:80"]\n',
        good=f'{_WEB}    ports: ["80:80"]\n',
        sources=(
            "https://github.com/compose-spec/compose-spec",
            "https://github.com/compose-spec/compose-go",
        ),
    ),
    Text(
        name="model",
        title="Parts of the file that do not fit together",
        why="""\
A network, volume, secret or service that nobody declares; a circle of dependencies; two mounts on one folder; a port,
duration, size, capability or image reference that is none. Compose stops at the first of these, some it finds at `up`
only, and it does not look behind inactive profiles. Here all of them are told at once.""",
        bad=f"{_WEB}    networks: [nowhere]\n",
        good=f"{_WEB}    networks: [app]\nnetworks: {{app: {{}}}}\n",
        sources=(
            "https://github.com/compose-spec/compose-go",
            measured("the schema accepts port 99999, `restart: sometimes`, `interval: 5 parsecs`"),
        ),
    ),
    Text(
        name="compose",
        title="Compose itself disagrees",
        why="""\
Where a `docker-compose` is installed it is asked too. If it refuses what the other layers let through, or lets through
what they refuse, one of them is wrong: trust Compose for whether the file starts, and report the difference.""",
        bad="",
        good="",
        sources=("docs/validation.md",),
    ),
    Text(
        name="settings",
        title="A fault of fairlead.yaml",
        why="An unknown key, a value of the wrong type, a name that nothing declares, a file that is not there.",
        bad="",
        good="",
        sources=("docs/configuration.md",),
    ),
    Text(
        name="profile",
        title="A service that is left out",
        why="""\
A service behind a profile that the environment does not name is not deployed. That is a note, so that nobody looks for
it on the server.""",
        bad="",
        good="",
        sources=(f"{SERVICES}#profiles",),
    ),
)
