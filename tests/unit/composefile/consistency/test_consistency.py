from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.consistency import model_findings
from fairlead.composefile.loader import load_model


def findings_of(tmp_path: Path, text: str) -> list[str]:
    """What the model layer finds in a file: ``line:column what``."""
    file = tmp_path / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    found = model_findings(load_model([file], variables={}, name="app"))
    assert {finding.rule for finding in found} <= {"model"}
    return [
        f"{finding.location.line}:{finding.location.column} {finding.what}"
        for finding in found
        if finding.location
    ]


def service(text: str, rest: str = "") -> str:
    """A file with one service, its keys on line 4 and below."""
    lines = "\n".join(f"    {line}" for line in text.split("\n"))
    return f"services:\n  web:\n    image: a\n{lines}\n{rest}"


GOOD = """\
services:
  web:
    image: registry.example.com:5000/team/web:1.2@sha256:{digest}
    command: sh -c 'echo "$$HOME"'
    restart: on-failure:3
    cap_drop: [ALL]
    cap_add: [CAP_CHOWN, net_bind_service]
    stop_signal: SIGRTMIN+3
    stop_grace_period: 1m30s
    mac_address: 02:42:ac:11:00:02
    ports: ["127.0.0.1:8080-8081:80-81/udp", "[::1]:53:53", 9000]
    expose: ["3000-3005", "53/udp"]
    extra_hosts: ["a:1.2.3.4", "b=::1"]
    devices: ["/dev/a:/dev/b:rwm"]
    volumes: [data:/data, ./x:/x:ro, /anonymous, {{type: tmpfs, target: /t, tmpfs: {{size: 10m}}}}]
    tmpfs: [/run, "/tmp:size=10m"]
    depends_on: {{db: {{condition: service_started}}}}
    links: ["db:database"]
    networks: {{front: {{ipv4_address: 10.0.0.5, ipv6_address: "fd00::1"}}, default: {{}}}}
    secrets: [password]
    configs: [{{source: conf, target: /c, mode: 0440}}]
    ulimits: {{nproc: 65535, nofile: {{soft: 1, hard: 2}}, core: {{soft: 5, hard: -1}}}}
    healthcheck: {{test: [CMD, "true"], interval: 1.5h, retries: 3}}
    mem_limit: 512m
    memswap_limit: -1
    shm_size: 1gb
    cpus: "0.5"
    deploy: {{replicas: 2, resources: {{reservations: {{devices: [{{capabilities: [gpu], count: all}}]}}}}}}
    build: {{context: ., ssh: [default, key=./key], additional_contexts: {{base: "service:db"}}, platforms: [linux/amd64]}}
    platform: linux/amd64
    develop: {{watch: [{{path: ., action: rebuild}}, {{path: ., action: sync, target: /x}}]}}
  db: {{build: ., network_mode: none, pid: "service:web2"}}
  web2: {{image: a}}
  offline: {{image: a, profiles: [never], volumes_from: ["container:x", "db:ro"]}}
networks: {{front: {{ipam: {{config: [{{subnet: 10.0.0.0/24, gateway: 10.0.0.1}}]}}}}}}
volumes: {{data: , old: {{external: true, name: x}}}}
secrets: {{password: {{environment: PASSWORD}}, kept: {{external: true}}}}
configs: {{conf: {{content: hello}}}}
"""


def test_what_holds_has_no_findings(tmp_path: Path) -> None:
    assert findings_of(tmp_path, GOOD.format(digest="a" * 64)) == []


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (service("networks: [back]"), ["4:16 web joins the network back, which is not declared"]),
        (service("networks: {back: {}}"), ["4:16 web joins the network back, which is not declared"]),
        (service("secrets: [a]"), ["4:15 web uses the secret a, which is not declared"]),
        (service("configs:\n- source: a"), ["5:15 web uses the config a, which is not declared"]),
        (service("build: {context: ., secrets: [a]}"), ["4:35 web uses the secret a, which is not declared"]),
        (service("models: [llm]"), ["4:14 web uses the model llm, which is not declared"]),
        (service("volumes: [data:/x]"), ["4:15 web mounts the volume data, which is not declared"]),
        (service("depends_on: [db]"), ["4:18 web depends on db, which is not declared"]),
        (service("depends_on: {db: {condition: x}}"), ["4:18 web depends on db, which is not declared"]),
        (service("links: [db]"), ["4:13 web names the service db, which is not declared"]),
        (service("network_mode: service:db"), ["4:19 web names the service db, which is not declared"]),
        (service("pid: service:db"), ["4:10 web names the service db, which is not declared"]),
        (service("volumes_from: [db]"), ["4:20 web names the service db, which is not declared"]),
        (
            service("build: {context: ., additional_contexts: {x: service:db}}"),
            ["4:50 web builds from the service db, which is not declared"],
        ),
        (service("depends_on: [web]"), ["4:18 these services wait for each other: web -> web"]),
    ],
)
def test_a_name_that_nothing_declares_is_told_where_it_stands(
    tmp_path: Path, text: str, findings: list[str]
) -> None:
    assert findings_of(tmp_path, text) == findings


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("services: {web: {command: x}}", ["1:12 web has neither an image nor a build"]),
        ("services: {web: {image: ''}}", ["1:25 the image of web is empty"]),
        (
            service("network_mode: host\nnetworks: [default]"),
            ["4:5 web has network_mode and networks, which exclude each other"],
        ),
        (
            service("build: {context: ., dockerfile: x, dockerfile_inline: y}"),
            ["4:40 the build of web has dockerfile and dockerfile_inline, which exclude each other"],
        ),
        (
            service("platform: linux/arm64\nbuild: {context: ., platforms: [linux/amd64]}"),
            ["5:25 web runs on linux/arm64, but is not built for it"],
        ),
        (
            service("healthcheck: {test: [curl, x]}"),
            ["4:25 the health check of web must start with CMD, CMD-SHELL or NONE"],
        ),
        (
            service("scale: 2\ndeploy: {replicas: 3}"),
            ["4:12 web has scale 2 and deploy.replicas 3, which must be the same"],
        ),
        (service("scale: -1"), ["4:12 web: scale must be 0 or more, not -1"]),
        (
            service("container_name: a\nscale: 2"),
            ["4:5 web has container_name and 2 replicas, but a container's name is unique"],
        ),
        (
            service("mem_reservation: 1m\ndeploy: {resources: {reservations: {memory: 2m}}}"),
            ["4:5 web has mem_reservation beside deploy.resources.reservations with another memory"],
        ),
        (
            service("develop: {watch: [{path: ., action: sync}]}"),
            ["4:41 web: the action sync needs a target"],
        ),
        (
            "services: {a: {image: x, container_name: n}, b: {image: x, container_name: n}}",
            ["1:76 the container_name n of b is that of a too"],
        ),
    ],
)
def test_what_excludes_each_other_is_told(tmp_path: Path, text: str, findings: list[str]) -> None:
    assert findings_of(tmp_path, text) == findings


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("image: My/App", '4:12 web: image must be an image reference, not "My/App"'),
        ("restart: sometimes", '4:14 web: restart must be a restart policy, not "sometimes"'),
        ("restart: always:3", '4:14 web: restart must be a restart policy, not "always:3"'),
        ("cap_add: [NET_ADMNI]", '4:15 web: cap_add.0 must be a capability of Linux, not "NET_ADMNI"'),
        ("stop_signal: SIGTREM", '4:18 web: stop_signal must be a signal, not "SIGTREM"'),
        ("stop_grace_period: 5 parsecs", '4:24 web: stop_grace_period must be a duration, not "5 parsecs"'),
        ("healthcheck: {interval: 10}", ""),
        (
            "healthcheck: {retries: -1}",
            "4:28 web: healthcheck.retries must be a whole number, 0 or more, not -1",
        ),
        ("mem_limit: 5x", '4:16 web: mem_limit must be a size, not "5x"'),
        ('memswap_limit: "-1"', '4:20 web: memswap_limit must be a number, not "-1"'),
        ("cpus: much", '4:11 web: cpus must be a number, not "much"'),
        ("pids_limit: ten", '4:17 web: pids_limit must be a whole number, not "ten"'),
        ("privileged: maybe", '4:17 web: privileged must be true or false, not "maybe"'),
        ('command: "sh -c \'x"', '4:14 web: command must be words whose quotes close, not "sh -c \'x"'),
        ("ulimits: {nofile: {soft: 9, hard: 3}}", "4:30 web: the soft limit of nofile is above the hard one"),
        ("ulimits: {nofile: 1.0}", "4:23 web: the limit nofile must be a whole number"),
        ('ports: ["99999:80"]', '4:13 web: "99999:80" is no port mapping'),
        ("ports: [{target: 99999}]", "4:22 web: 99999 is no port"),
        ("ports: [{target: 80, published: x}]", "4:37 web: x is no port"),
        ("ports: [{target: 80, host_ip: 1.2.3}]", "4:35 web: 1.2.3 is no IP address"),
        ("ports: [{published: 80}]", "4:13 web: a port without a target"),
        ("expose: [x]", "4:14 web: x is no port to expose"),
        ("extra_hosts: [host]", "4:19 web: an extra host is a name and an address"),
        ("mac_address: 02:42", "4:18 web: 02:42 is no MAC address"),
        ("networks: {default: {ipv4_address: 10.0.0.300}}", "4:40 web: 10.0.0.300 is no ipv4 address"),
        ('volumes: ["data:/b:ro:x"]', '4:15 web: "data:/b:ro:x" is no mount'),
        ("volumes: [{type: bind, source: /x}]", "4:15 web: a mount without a target"),
        ("volumes: [./a:/x, ./b:/x/]", "4:23 web: /x is mounted twice, and the first mount is lost"),
        ("tmpfs: /x\nvolumes: [./a:/x]", "5:15 web: /x is mounted twice, by tmpfs and by volumes"),
        ('devices: ["a:b:c:d"]', '4:15 web: "a:b:c:d" is no device'),
        ("gpus: [{count: some}]", '4:20 web: the count of devices must be a number or all, not "some"'),
        ("gpus: [{count: 1, device_ids: [a]}]", "4:13 web: count and device_ids exclude each other"),
        ("build: {context: ., ssh: [key]}", '4:31 web: "key" is no name=socket'),
        ("storage_opt: {size: [a]}", "4:25 web: storage_opt.size must be text, not ['a']"),
        ("secrets: [{source: s, mode: '9'}]", "secrets.0.mode must be an octal number"),
    ],
)
def test_a_value_that_means_nothing_is_told(tmp_path: Path, line: str, what: str) -> None:
    text = service(line, "secrets: {s: {file: ./s}}\n")
    if line.startswith("image"):
        text = text.replace("    image: a\n", "    hostname: a\n")
    found = findings_of(tmp_path, text)
    assert [what in finding for finding in found] == ([True] if what else [])


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (
            "volumes: {a: {external: true, driver: x}}",
            ["2:31 the volume a is external, so driver says nothing"],
        ),
        ("secrets: {a: {}}", ["2:11 the secret a has no content"]),
        (
            "secrets: {a: {file: x, environment: y}}",
            ["2:24 the secret a has file and environment, which exclude each other"],
        ),
        ("configs: {a: {labels: {x: y}}}", ["2:11 the config a has no content"]),
        ("networks: {a: {ipam: {config: [{subnet: 10.0.0.0}]}}}", ["2:41 10.0.0.0 is no subnet"]),
        ("networks: {a: {ipam: {config: [{gateway: x}]}}}", ["2:42 x is no IP address"]),
        ("networks: {a: {internal: maybe}}", ["2:26 networks.a.internal must be true or false, not maybe"]),
    ],
)
def test_what_is_declared_is_looked_at_though_nothing_uses_it(
    tmp_path: Path, text: str, findings: list[str]
) -> None:
    assert findings_of(tmp_path, f"services: {{web: {{image: a}}}}\n{text}\n") == findings


def test_a_cycle_is_told_once_where_it_closes(tmp_path: Path) -> None:
    text = "services:\n" + "".join(
        f"  {name}:\n    image: x\n    depends_on: [{after}]\n" for name, after in ("ab", "bc", "ca")
    )
    assert findings_of(tmp_path, text) == ["10:18 these services wait for each other: a -> b -> c -> a"]


def test_all_is_told_at_once_over_every_profile(tmp_path: Path) -> None:
    text = (
        "services: {a: {image: x, restart: r, profiles: [p]}, b: {image: x, depends_on: [c], networks: [n]}}"
    )
    assert len(findings_of(tmp_path, text)) == 3


def test_a_second_file_may_replace_a_mount(tmp_path: Path) -> None:
    files = []
    for name, source in (("compose.yaml", "./a"), ("override.yaml", "./b")):
        files.append(tmp_path / name)
        files[-1].write_text(f"services: {{web: {{image: x, volumes: ['{source}:/x']}}}}", encoding="utf-8")
    assert model_findings(load_model(files, variables={}, name="app")) == ()


def test_a_misspelt_name_is_guessed(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("services: {web: {image: a, networks: [bakc]}}\nnetworks: {back: }", encoding="utf-8")
    (finding,) = model_findings(load_model([file], variables={}, name="app"))
    assert finding.fix == "did you mean back?"
    assert finding.path == ("services", "web", "networks", "bakc")


def test_an_unset_variable_in_a_word_is_no_fault_of_the_word(tmp_path: Path) -> None:
    assert findings_of(tmp_path, "services: {web: {image: 'nginx:${TAG}'}}") == []
    assert len(findings_of(tmp_path, "services: {web: {image: 'nginx:${TAG:-a b}'}}")) == 1


def test_a_thousand_services_in_a_row_are_looked_at_in_time(tmp_path: Path) -> None:
    rows = "".join(f"  s{n}:\n    image: x\n    depends_on: [s{n + 1}]\n" for n in range(1000))
    assert findings_of(tmp_path, f"services:\n{rows}  s1000: {{image: x}}\n") == []
