"""No value of a secret, of a file of variables or of the shell is in any form of a verdict, nor in a baseline.

Files are generated with a canary in one place, whatever else is wrong there; every form is looked through for it.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.judge.baseline import write_baseline
from fairlead.judge.policy import make_policy
from fairlead.judge.run import judge
from fairlead.judge.scopes import file_scopes
from fairlead.judge.verdict import Request, Verdict
from fairlead.report.failure import read_source_line, render_error
from fairlead.verdict import render

FORMS = ("text", "github", "markdown", "json", "sarif", "junit")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def canary(seed: str) -> str:
    chance = random.Random(seed)  # noqa: S311 - the same values each time
    return "c4n4ry" + "".join(chance.choices("abcdefghijkmnpqrstuvwxyz0123456789", k=12))


def verdict_on(text: str, **variables: str) -> Verdict:
    file = Path("compose.yaml")
    file.write_text(text)
    return judge(Request(scopes=file_scopes([file], variables), policy=make_policy(), ask=False))


def everything(verdict: Verdict) -> str:
    """All that anybody gets to see of a verdict."""
    forms = [render(form, verdict) for form in FORMS]
    write_baseline(Path("baseline.json"), verdict.findings)
    error = InputError("it does not hold", findings=verdict.findings)
    return "\n".join([*forms, Path("baseline.json").read_text(), *render_error(error, read_source_line)])


WRITTEN = {
    "mapping": "    environment:\n      DB_PASSWORD: VALUE\n",
    "quoted": '    environment:\n      DB_PASSWORD: "VALUE"\n',
    "flow": "    environment: {MODE: x, DB_PASSWORD: VALUE, LAST: y}\n",
    "flow of two lines": "    environment: {MODE: x, DB_PASSWORD:\n      VALUE, LAST: y}\n",
    "list": "    environment:\n      - DB_PASSWORD=VALUE\n",
    "next line": "    environment:\n      DB_PASSWORD:\n        VALUE\n",
    "folded": "    environment:\n      DB_PASSWORD: >-\n        VALUE\n        VALUE\n",
    "a list as a value": "    environment:\n      DB_PASSWORD: [VALUE]\n",
    "a list below": "    environment:\n      DB_PASSWORD:\n        - VALUE\n",
    "a mapping as a value": "    environment:\n      DB_PASSWORD: {a: VALUE}\n",
    "a mapping in a list": "    environment:\n      - DB_PASSWORD: VALUE\n",
    "twice": "    environment:\n      DB_PASSWORD: VALUE\n      DB_PASSWORD: VALUE\n",
    "twice in a list": "    environment: [DB_PASSWORD=VALUE, DB_PASSWORD=VALUE]\n",
    "date": "    environment:\n      DB_PASSWORD: 2020-01-01VALUE\n",
    "not closed": '    environment:\n      DB_PASSWORD: "VALUE\n',
    "bad variable": "    environment:\n      DB_PASSWORD: VALUE${\n",
    "default": "    environment:\n      DB_PASSWORD: ${NOT_SET:-VALUE}\n",
    "demand": "    environment:\n      DB_PASSWORD: ${NOT_SET:?VALUE}\n",
    "build argument": "    build: {context: ., args: {NPM_TOKEN: VALUE}}\n",
    "label": "    labels:\n      admin.password: VALUE\n",
    "address": "    environment:\n      URL: postgres://app:VALUE@db/app\n",
    "connection string": "    environment:\n      C: Server=db;Password=VALUE;X=y\n",
    "flag": "    command: serve --password VALUE\n",
    "flag in a list": '    command: ["serve", "--password", "VALUE"]\n',
    "flag below": "    command:\n      - serve\n      - --password\n      - VALUE\n",
    "health check": "    healthcheck:\n      test: redis-cli -a VALUE ping\n      timeout: 2m\n      interval: 1m\n",
    "log option": "    logging: {driver: splunk, options: {splunk-token: VALUE}}\n",
    "key of its form": "    labels:\n      note: use ghp_VALUEABCDEFGHIJKLMNOPQR\n",
    "in an extension": "    x-fairlead: {api-token: VALUE, rol: app}\n",
}


@pytest.mark.parametrize("place", WRITTEN)
def test_a_secret_that_is_written_is_in_no_form(place: str) -> None:
    value = canary(place)
    text = "services:\n  web:\n    image: acme/web\n    privileged: true\n" + WRITTEN[place].replace(
        "VALUE", value
    )
    verdict = verdict_on(text)
    assert verdict.findings
    assert value not in everything(verdict)


GIVEN = {
    "environment": "    environment: {MODE: '${GIVEN}'}\n",
    "command": "    command: serve ${GIVEN}\n",
    "tag": "    image: acme/other:${GIVEN}\n",
    "image": "    image: ${GIVEN}\n",
    "port": "    ports: ['${GIVEN}:80']\n",
    "long port": "    ports: [{target: 80, published: '${GIVEN}'}]\n",
    "expose": "    expose: ['${GIVEN}']\n",
    "size": "    mem_limit: ${GIVEN}\n",
    "limit": "    deploy: {resources: {limits: {memory: '${GIVEN}', cpus: '${GIVEN}'}}}\n",
    "duration": "    stop_grace_period: ${GIVEN}\n",
    "interval": "    healthcheck: {test: x, interval: '${GIVEN}'}\n",
    "mount": "    volumes: ['/etc/${GIVEN}:/x']\n",
    "named mount": "    volumes: ['${GIVEN}:/x']\n",
    "device": "    devices: ['/dev/${GIVEN}:/dev/x']\n",
    "user": "    user: ${GIVEN}\n",
    "name": "    container_name: ${GIVEN}\n",
    "restart": "    restart: ${GIVEN}\n",
    "capability": "    cap_add: ['${GIVEN}']\n",
    "network mode": "    network_mode: container:${GIVEN}\n",
    "pid": "    pid: container:${GIVEN}\n",
    "security": "    security_opt: ['seccomp:${GIVEN}']\n",
    "sysctl": "    sysctls: {net.x: '${GIVEN}'}\n",
    "label": "    labels: {a: '${GIVEN}'}\n",
    "runtime": "    runtime: ${GIVEN}\n",
    "driver": "    logging: {driver: '${GIVEN}'}\n",
    "log option": "    logging: {driver: json-file, options: {max-size: '${GIVEN}'}}\n",
    "platform": "    platform: ${GIVEN}\n",
    "pull policy": "    pull_policy: ${GIVEN}\n",
    "boolean": "    privileged: ${GIVEN}\n",
    "env file": "    env_file: ['./${GIVEN}.env']\n",
    "extends": "    extends: {file: './${GIVEN}.yaml', service: x}\n",
    "depends_on": "    depends_on: {db: {condition: '${GIVEN}'}}\n",
    "tmpfs": "    tmpfs: ['/tmp:size=${GIVEN}']\n",
    "ulimit": "    ulimits: {nofile: '${GIVEN}'}\n",
    "scale": "    scale: ${GIVEN}\n",
    "hosts": "    extra_hosts: ['a=${GIVEN}']\n",
    "profile": "    profiles: ['${GIVEN}']\n",
    "cgroup": "    cgroup_parent: ${GIVEN}\n",
    "build": "    build: ./${GIVEN}\n",
    "dockerfile": "    build: {context: ., dockerfile: '${GIVEN}', network: '${GIVEN}'}\n",
    "annotation": "    annotations: {a: '${GIVEN}'}\n",
    "hook": "    post_start: [{command: '${GIVEN}', privileged: true}]\n",
    "quoted boolean": "    read_only: '${GIVEN}'\n",
    "network": "    networks: {default: {ipv4_address: '${GIVEN}'}}\n",
    "secret": "    secrets: [{source: s, target: '${GIVEN}', mode: '${GIVEN}'}]\nsecrets: {s: {file: '/etc/${GIVEN}'}}\n",
    "volume": "    volumes: [v:/v]\nvolumes: {v: {name: '${GIVEN}', driver: '${GIVEN}', driver_opts: {device: '/${GIVEN}'}}}\n",
    "external": "    networks: [n]\nnetworks: {n: {external: true, name: '${GIVEN}'}}\n",
    "include": "include: ['./${GIVEN}.yaml']\n",
    "project": "name: ${GIVEN}\n",
}


@pytest.mark.parametrize("source", ["shell", ".env"])
@pytest.mark.parametrize("place", GIVEN)
def test_what_a_variable_has_here_is_in_no_form(place: str, source: str) -> None:
    value = canary(place)
    variables = {"GIVEN": value} if source == "shell" else {}
    if source == ".env":
        Path(".env").write_text(f"GIVEN={value}\n")
    service = GIVEN[place]
    head = "" if "image:" in service else "    image: acme/web\n"
    text = f"services:\n  web:\n{head}{service}"
    verdict = verdict_on(text, **variables)
    assert verdict.findings
    assert value not in everything(verdict)


ENV_FILES = {
    "named": "DB_PASSWORD={}\nMODE={}\n",
    "address": "URL=redis://:{}@cache\n",
    "any": "GREETING={}\nPORT={}\n",
    "quoted": 'GREETING="{} and more"\n',
    "broken": "GREETING='{}\n",
    "nothing": "{}\n",
    "odd name": "{}!=1\n",
    "several lines": 'KEY="-----BEGIN\n{}\n"\n',
}


@pytest.mark.parametrize("kind", ENV_FILES)
@pytest.mark.parametrize("key", ["env_file", "label_file"])
def test_what_stands_in_a_file_of_variables_is_in_no_form(kind: str, key: str) -> None:
    value = canary(kind)
    Path("app.env").write_text(ENV_FILES[kind].replace("{}", value))
    verdict = verdict_on(f"services:\n  web:\n    image: acme/web\n    {key}: [app.env]\n")
    assert verdict.findings
    assert value not in everything(verdict)


def test_a_key_that_begins_in_one_text_and_ends_in_another_costs_none_of_them_its_words() -> None:
    """All texts are looked at as one; what a key would take of another one is left there."""
    from fairlead.findings import Finding
    from fairlead.judge.hiding import Hider

    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 4
    begins = f"-----BEGIN PRIVATE KEY-----\n{body}"
    ends = f"{body}\n-----END PRIVATE KEY-----"
    found = [
        Finding(begins, fix="mend it"),
        Finding(ends, fix="mend it too"),
        Finding("a third", fix="mend it"),
    ]
    model = verdict_on("name: x\nservices: {a: {image: b}}\n").judged[0].model
    hidden = Hider(model).findings(found)
    assert [one.fix for one in hidden] == ["mend it", "mend it too", "mend it"]
    assert hidden[2] is found[2]
    for one, given in zip(hidden, found, strict=True):
        assert one.what == Hider(model).text(given.what)
