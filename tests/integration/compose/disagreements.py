"""Files over which Fairlead and Compose once disagreed, and others of their kinds: what is in them, and who takes them."""

from __future__ import annotations

from dataclasses import dataclass, field

EVERY = ("2.33", "2.40", "5.7")
"""That of this machine, by what it does, and the readers beside it."""
NOBODY: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """Files by name, those that begin with ``compose`` over one another; and the Composes that take them."""

    name: str
    files: dict[str, str | bytes] = field(repr=False)
    takers: tuple[str, ...]


def _service(text: str) -> dict[str, str | bytes]:
    return {"compose.yaml": f"services: {{a: {{image: b, {text}}}, z: {{image: c}}}}\n"}


def _whole(*texts: str, **more: str) -> dict[str, str | bytes]:
    others = {f"{name}.yaml": text for name, text in more.items()}
    return {**{f"compose{number}.yaml": text for number, text in enumerate(texts)}, **others}


_SIZES = (
    "mem_limit: SIZE", "mem_reservation: SIZE", "memswap_limit: SIZE", "mem_swappiness: SIZE", "shm_size: SIZE",
    "build: {context: ., shm_size: SIZE}", "deploy: {resources: {limits: {memory: SIZE}}}",
    "deploy: {resources: {reservations: {memory: SIZE}}}",
    "volumes: [{type: tmpfs, target: /t, tmpfs: {size: SIZE}}]",
    *(f"blkio_config: {{{key}: [{{path: /a, rate: SIZE}}]}}" for key in (
        "device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops",
    )),
)  # fmt: skip
_WITH_TEXT = (
    "hostname: IT", "user: IT", "container_name: IT", "working_dir: IT", "environment: [IT]", "command: [IT]",
    "labels: [IT]", "networks: {default: {aliases: [IT]}}", "profiles: [IT]", "tmpfs: [IT]", "group_add: [IT]",
)  # fmt: skip
_ONE = "services: {a: {image: b}}\n"
_KINDS = ("networks", "volumes", "secrets", "configs")
_USES = {"networks": "[k]", "volumes": "[k:/k]", "secrets": "[k]", "configs": "[k]"}


def _resource(kind: str, text: str) -> dict[str, str | bytes]:
    return _whole(f"services: {{a: {{image: b, {kind}: {_USES[kind]}}}}}\n{kind}: {{k: {text}}}\n")


CASES = (
    *(
        Case(f"an empty size: {where}", _service(where.replace("SIZE", '"${UNSET:-}"')), NOBODY)
        for where in _SIZES
    ),
    *(Case(f"a size: {where}", _service(where.replace("SIZE", "1m")), EVERY) for where in _SIZES[:3]),
    *(Case(f"a date: {where}", _service(where.replace("IT", "2001-01-01")), NOBODY) for where in _WITH_TEXT),
    *(
        Case(
            f"a date as a key: {text}",
            _whole(f"x-d: &d 2001-01-01\nservices: {{a: {{image: b}}, {text}}}\n"),
            takers,
        )
        for text, takers in (
            ("z: {image: c, environment: {2001-01-01: x}}", NOBODY),
            ("z: {image: c, labels: {? !!timestamp 2001-01-01 : x}}", NOBODY),
            ("z: {image: c, labels: {*d : x}}", NOBODY),
            ("z: {image: c, x-a: [{2001-01-01: x}]}", NOBODY),
            ("2001-01-01: {image: c}", NOBODY),
            ("2001-01-01 10:00:00: {image: c}", NOBODY),
            ('"2001-01-01": {image: c, labels: {!!str 2001-01-01: x, 2001-13-01: y}}', EVERY),
        )
    ),
    Case("a date with a time", _service("hostname: 2001-01-01 10:00:00"), NOBODY),
    Case("no date", _service("hostname: 2001-13-01, user: 2001-02-30, domainname: 01-01-2001"), EVERY),
    Case("a date as text", _service('hostname: "2001-01-01", user: !!str 2001-01-01'), EVERY),
    Case("a date among variables", _service("environment: {A: 2001-01-01}"), ("2.33", "5.7")),
    *(
        Case(f"a number without end: {text}", _service(f"x-a: {text}"), ("2.40",))
        for text in (".inf", "-.Inf", ".nan")
    ),
    Case("a number beyond all numbers", _service("cpus: 1e400"), NOBODY),
    Case("a text like a number", _service("hostname: 1e400"), EVERY),
    Case("a fraction for a group", _service("group_add: [1.5]"), NOBODY),
    Case("a slash that is escaped", _service(r'working_dir: "\/a"'), NOBODY),
    Case(
        "a quote that is escaped",
        _service(r"""working_dir: "/it\'s", hostname: 'a\', labels: {a: \'b}"""),
        EVERY,
    ),
    Case("YAML 1.2", _whole(f"%YAML 1.2\n---\n{_ONE}"), NOBODY),
    Case("YAML 1.1", _whole(f"%YAML 1.1\n---\n{_ONE}"), EVERY),
    Case("UTF-16", {"compose.yaml": _ONE.encode("utf-16")}, EVERY),
    Case("UTF-16, the other way around", {"compose.yaml": b"\xfe\xff" + _ONE.encode("utf-16-be")}, EVERY),
    Case("UTF-16 without its mark", {"compose.yaml": _ONE.encode("utf-16-le")}, NOBODY),
    *(
        Case(f"a byte order mark: {text!r}", _whole(text.replace("^", "\ufeff")), takers)
        for text, takers in (
            (f"^{_ONE}", EVERY),
            (f"^^{_ONE}x-a: b\n", NOBODY),
            (f"^^\n{_ONE}", NOBODY),
            (f"^\n^{_ONE}", NOBODY),
            (f"# a\n^{_ONE}", NOBODY),
            (f"{_ONE}^", NOBODY),
            (f"{_ONE}^# a\n", NOBODY),
            (f"{_ONE}...\n^", NOBODY),
            (f"---\nx-a: b\n---\n^{_ONE}", NOBODY),
            (f"{_ONE}x-a: |\n  a\n^\nx-b: c\n", NOBODY),
            (f"{_ONE}x-a: |\n  ^a\n", EVERY),
            (f"{_ONE}x-a: '\n^a'\nx-b: \"\n^a\n^\"\nx-c: [a\n^b]\n# ^\n", EVERY),
            (f"^# ^\n{_ONE}x-a: ^b^ # ^\n", EVERY),
        )
    ),
    Case("an alias to the document before", _whole("x-a: &a {image: b}\n---\nservices: {a: *a}\n"), EVERY),
    Case("an alias to nothing", _whole("services: {a: *a}\n"), NOBODY),
    *(
        Case(f"an anchor given again: {text}", _whole(f"{_ONE}x-a: {text}\n"), takers)
        for text, takers in (
            ("&a {b: &a {c: d}, e: *a }", EVERY),
            ("[&a {b: &a {c: d}}, *a ]", EVERY),
            ("&a {b: *a }", NOBODY),
            ("&a {b: &a {c: *a }}", NOBODY),
            ("[&a 1, &a {b: *a }]", NOBODY),
        )
    ),
    *(
        Case(f"a limit beside deploy: {old}", _service(f"{old}, deploy: {{resources: {new}}}"), takers)
        for old, new, takers in (
            ("mem_limit: 1g", "{limits: {memory: 2g}}", NOBODY),
            ("mem_limit: 1g", "{limits: {cpus: 1}}", NOBODY),
            ("mem_limit: 1g", "{limits: {memory: 1024m}}", EVERY),
            ("mem_limit: 1g", "{reservations: {memory: 2g}}", EVERY),
            ("cpus: 1", "{limits: {cpus: 0.5}}", NOBODY),
            ("cpus: 0.5", '{limits: {cpus: "0.50"}}', EVERY),
            ("pids_limit: 1", "{limits: {pids: 2}}", NOBODY),
            ("mem_reservation: 1g", "{reservations: {cpus: 1}}", NOBODY),
        )
    ),
    *(
        Case(f"two names: {kind}", _resource(kind, "{external: {name: x}, name: y}"), NOBODY)
        for kind in _KINDS
    ),
    *(Case(f"one name: {kind}", _resource(kind, "{external: {name: x}, name: x}"), EVERY) for kind in _KINDS),
    *(
        Case(f"all reset: {text}", _whole(_ONE, f"services: {text}\n"), NOBODY)
        for text in ("!reset {}", "!reset null")
    ),
    Case("all reset, but a network", _whole(f"{_ONE}networks: {{}}\n", "services: !reset {}\n"), EVERY),
    Case("a whole file reset", _whole(_ONE, "!reset\nservices: {}\n"), NOBODY),
    *(
        Case(
            f"extends: {text}",
            _whole(f"services: {{a: {{image: b, extends: {text}}}, z: {{image: c}}}}\n", base=_ONE),
            takers,
        )
        for text, takers in (
            ("z", EVERY),
            ("{service: z}", EVERY),
            ("{service: a, file: base.yaml}", EVERY),
            ("{service: z, file: }", EVERY),
            ("{service: z, other: 1}", EVERY),
            ('{service: z, file: ""}', NOBODY),
            ("{service: a, file: [base.yaml]}", NOBODY),
            ("{file: base.yaml}", NOBODY),
            ("{service: 1}", NOBODY),
            ("[z]", NOBODY),
            ("", NOBODY),
        )
    ),
    *(
        Case(
            f"include: {text}",
            _whole(f"include: {text}\nservices: {{a: {{image: b}}}}\n", other="services: {o: {image: b}}\n"),
            takers,
        )
        for text, takers in (
            ("[other.yaml]", EVERY),
            ("[{path: other.yaml}]", EVERY),
            ("[{path: [other.yaml], unknown: 1}]", EVERY),
            ("[{path: }]", EVERY),
            ("[{}]", EVERY),
            ("", EVERY),
            ("other.yaml", NOBODY),
            ("{path: other.yaml}", NOBODY),
            ("[[other.yaml]]", NOBODY),
            ("[1]", NOBODY),
            ("[{path: other.yaml, env_file: 1}]", NOBODY),
            ("[{path: other.yaml, env_file: [1]}]", NOBODY),
            ('[{path: other.yaml, env_file: ""}]', NOBODY),
            ("[{path: other.yaml, project_directory: [a]}]", NOBODY),
        )
    ),
    Case(
        "an empty value over an extended one",
        _whole(
            "services: {a: {image: b, ports: [80], labels: {a: b}}, c: {extends: a, ports: , labels: }}\n"
        ),
        EVERY,
    ),
    Case("an empty value over none", _whole("services: {a: {image: b}, c: {extends: a, ports: }}\n"), NOBODY),
    *(
        Case(
            f"x- of two kinds: {where}",
            _whole(*(text.replace("IT", it) for it in ("{b: c}", "[1]"))),
            ("2.33",),
        )
        for where, text in (
            ("the file", f"{_ONE}x-a: IT\n"),
            ("a service", "services: {a: {image: b, x-a: IT}}\n"),
            ("a network", f"{_ONE}networks: {{k: {{x-a: IT}}}}\n"),
        )
    ),
    Case("x- of one kind", _whole(f"{_ONE}x-a: {{b: c}}\n", "x-a: {b: d}\n"), EVERY),
    Case("a container's name that is not set", _service('container_name: "${UNSET}"'), ("2.33",)),
    Case(
        "health of what is not required",
        _whole(
            "services: {a: {image: b, depends_on: {c: {condition: service_healthy, required: false}}}, c: {image: b}}\n"
        ),
        EVERY,
    ),
    Case("a device without a target", _service("devices: [{source: /dev/a}]"), NOBODY),
    Case("a context that is a number", _service("build: {context: ., additional_contexts: {k: 1}}"), NOBODY),
    Case("an empty context", _service('build: {context: ., additional_contexts: {k: "${UNSET}"}}'), EVERY),
    Case("a limit in a build as text", _service('build: {context: ., ulimits: {nofile: "1"}}'), NOBODY),
    Case("a limit as text", _service('ulimits: {nofile: "1", nproc: {soft: "1", hard: "2"}}'), EVERY),
    Case("a fraction for a limit", _service("ulimits: {nofile: {soft: 1.0, hard: 2}}"), NOBODY),
    Case("a weight as text", _service('blkio_config: {weight: "1"}'), NOBODY),
    Case("an empty pid", _service("pid: "), NOBODY),
    Case("a port that is a list", _service("ports: [{target: 80, published: [80]}]"), NOBODY),
    Case(
        "a hook with a host that has no address",
        _service("pre_start: [{command: c, extra_hosts: [h]}]"),
        NOBODY,
    ),
    Case("a question mark in brackets", _service("command: [curl, http://a/?b=c]"), ("5.7",)),
    Case("a question mark in brackets and quotes", _service('command: [curl, "http://a/?b=c"]'), EVERY),
    Case(
        "a question mark",
        _whole("services: {a: {image: b}}\nx-a:\n  b: http://a/?b=c\n  ? c\n  : d\n"),
        EVERY,
    ),
    Case("a secret that is empty", _resource("secrets", '{environment: ""}'), NOBODY),
    Case("a umask", _service('umask: "02x7"'), NOBODY),
    Case("an empty config", _resource("configs", '{content: ""}'), EVERY),
    Case(
        "names twice over others",
        _whole(
            "services: {a: {image: b, depends_on: [z]}, z: {image: c}}\n",
            "services: {a: {depends_on: [z, z]}}\n",
        ),
        EVERY,
    ),
    Case("names twice", _whole("services: {a: {image: b, depends_on: [z, z]}, z: {image: c}}\n"), NOBODY),
)
