"""How findings get their severity, what a waiver takes out, and that two tellings of one thing agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairlead.app import extension
from fairlead.app.services import infer_services
from fairlead.composefile.loader import load_model
from fairlead.findings import Finding
from fairlead.judge.fix import fix_text
from fairlead.judge.policy import GRADES, Policy, Subject, apply_waivers, make_policy, policy_findings
from fairlead.judge.policy.health import sooner
from fairlead.judge.policy.rule import severity_of
from fairlead.judge.policy.subject import DEFAULT_REGISTRIES, OLDEST_COMPOSE, seconds_of
from fairlead.schemas import load_schema
from fairlead.settings.values import ValidateSettings

WEB = "name: demo\nservices:\n  web:\n    image: acme/web:1.0\n"


def subject(folder: Path, text: str, policy: Policy | None = None, **more: Any) -> Subject:
    file = folder / "compose.yaml"
    file.write_text(text)
    model = load_model([file], variables={})
    services = infer_services(model.value["services"], root=folder, deployed=False)
    return Subject(model, services, policy or make_policy(), **more)


def of(rule: str, findings: tuple[Finding, ...]) -> list[str]:
    return [finding.severity for finding in findings if finding.rule == rule]


def test_a_severity_of_fairlead_yaml_wins_over_the_rules_own(tmp_path: Path) -> None:
    chosen = make_policy(
        ValidateSettings(severity={"no-init": "error", "no-limits": "note", "writable-root": "off"})
    )
    found = policy_findings(subject(tmp_path, WEB, chosen))
    assert (of("no-init", found), of("no-limits", found), of("writable-root", found)) == (
        ["error"],
        ["note"],
        [],
    )
    assert of("new-privileges", found) == ["warning"]


def test_by_default_what_gives_away_is_an_error_and_what_would_be_better_a_warning(tmp_path: Path) -> None:
    """A file that nobody has written for this tool: the socket fails it, and hardening does not."""
    text = f"{WEB}    volumes: [/var/run/docker.sock:/var/run/docker.sock]\n"
    found = policy_findings(subject(tmp_path, text))
    assert [one.rule for one in found if one.severity == "error"] == ["engine-socket"]
    strict = policy_findings(subject(tmp_path, text, strict=True))
    assert {"engine-socket", "no-limits", "capabilities-kept"} < {
        one.rule for one in strict if one.severity == "error"
    }
    assert [one.what for one in found] == [one.what for one in strict]


@pytest.mark.parametrize("rule", sorted(GRADES))
def test_the_rank_decides_the_severity(rule: str) -> None:
    """Above rank 2 nothing is an error, but with --strict, and what a deploy needs; below, all is as the letter says."""
    letter = {"E": "error", "W": "warning", "I": "note"}[GRADES[rule][0]]
    is_grave = int(GRADES[rule][-1]) <= 2
    assert severity_of(rule, strict=True) == letter
    assert severity_of(rule, strict=True, deployed=True) == letter
    if is_grave or letter != "error":
        assert severity_of(rule) == severity_of(rule, deployed=True) == letter
    else:
        assert severity_of(rule) == "warning"
        assert severity_of(rule, deployed=True) == ("error" if "r" in GRADES[rule] else "warning")
    assert severity_of(rule, development=True) == ("note" if "d" in GRADES[rule] else severity_of(rule))


def test_what_a_release_needs_is_an_error_where_fairlead_deploys_it(tmp_path: Path) -> None:
    text = f"{WEB}    ports: ['8000:8000']\n"
    found = policy_findings(subject(tmp_path, text, deployed=True))
    failing = {one.rule for one in found if one.severity == "error"}
    assert failing == {"no-healthcheck", "restart-policy", "unpinned-image"}


def test_a_range_of_ports_is_one_finding_a_rule(tmp_path: Path) -> None:
    text = f"{WEB}    ports: ['20000-29999:20000-29999']\n  other: {{image: 'acme/x:1', ports: ['20000-29999:20000-29999']}}\n"
    found = policy_findings(subject(tmp_path, text))
    assert len(of("published-port", found)) == 2
    assert len(of("port-clash", found)) == 1
    assert "20000-29999:20000-29999" in next(one.what for one in found if one.rule == "published-port")


@pytest.mark.parametrize(
    ("source", "severity"),
    [
        *((one, "warning") for one in ("/srv/app", "/opt/app/data", "/home/me/app", "~/app", "/volume1/x")),
        *((one, "error") for one in ("/", "/srv", "/home/me", "~", "~/.ssh", "/home/me/.kube", "/var/log")),
    ],
)
def test_a_folder_made_for_an_app_is_no_leak_and_a_whole_home_is(
    source: str, severity: str, tmp_path: Path
) -> None:
    found = policy_findings(subject(tmp_path, f"{WEB}    volumes: ['{source}:/data']\n"))
    assert [*of("bind-mount", found), *of("sensitive-host-path", found)] == [severity]


def test_a_proxy_of_the_socket_is_not_told_to_put_one_before_it(tmp_path: Path) -> None:
    text = "services:\n  socket:\n    image: tecnativa/docker-socket-proxy:0.3\n    volumes: [/var/run/docker.sock:/var/run/docker.sock:ro]\n"
    (found,) = [one for one in policy_findings(subject(tmp_path, text)) if one.rule == "engine-socket"]
    assert found.severity == "error"
    assert "put a filtering proxy" not in found.fix


@pytest.mark.parametrize(("image", "number"), [("n8nio/n8n:1.99.1", False), ("ghcr.io/own/web:1", True)])
def test_a_number_for_the_user_is_proposed_for_own_images_only(
    image: str, number: bool, tmp_path: Path
) -> None:
    policy = Policy(own_registry="ghcr.io/own")
    text = f"services:\n  web: {{image: '{image}'}}\n"
    (found,) = [one for one in policy_findings(subject(tmp_path, text, policy)) if one.rule == "runs-as-root"]
    assert ("10001" in found.fix) == number


def test_a_chosen_severity_also_holds_in_development(tmp_path: Path) -> None:
    chosen = make_policy(ValidateSettings(severity={"no-limits": "error"}))
    found = policy_findings(subject(tmp_path, WEB, chosen, development=True))
    assert (of("no-limits", found), of("writable-root", found)) == (["error"], ["note"])


def test_without_fairlead_yaml_the_defaults_hold() -> None:
    assert make_policy() == Policy()
    assert make_policy(ValidateSettings()) == Policy()
    assert (Policy().registries, Policy().compose) == (DEFAULT_REGISTRIES, OLDEST_COMPOSE)


def test_capabilities_of_one_role_leave_those_of_the_others() -> None:
    policy = make_policy(ValidateSettings(capabilities={"ops": ("NET_RAW",)}))
    assert set(policy.capabilities) == {"proxy", "state", "ops"}


def test_a_waiver_takes_out_what_it_names_and_says_why(tmp_path: Path) -> None:
    text = f"{WEB}    x-fairlead: {{waive: {{no-init: {{reason: the image brings tini, until: 2026-06-15}}}}}}\n  other: {{image: 'acme/x:1'}}\n"
    app = subject(tmp_path, text)
    kept, waived = apply_waivers(policy_findings(app), app.model, today="2026-06-15")
    (one,) = waived
    assert (one.finding.path, one.reason, one.until) == (
        ("services", "web"),
        "the image brings tini",
        "2026-06-15",
    )
    assert str(one.location).endswith("compose.yaml:5:26")
    assert [finding.path for finding in kept if finding.rule == "no-init"] == [("services", "other")]
    assert not [finding for finding in kept if finding.rule == "waiver"]


def test_a_waiver_of_the_file_takes_it_out_of_every_service(tmp_path: Path) -> None:
    text = f"{WEB}  other: {{image: 'acme/x:1'}}\nx-fairlead: {{waive: {{no-init: {{reason: every image of ours brings tini}}}}}}\n"
    app = subject(tmp_path, text)
    kept, waived = apply_waivers(policy_findings(app), app.model)
    assert len(waived) == 2
    assert of("no-init", kept) == []


def test_a_waiver_that_is_over_takes_nothing_out(tmp_path: Path) -> None:
    text = (
        f"{WEB}    x-fairlead: {{waive: {{no-init: {{reason: the image brings tini, until: 2026-06-15}}}}}}\n"
    )
    app = subject(tmp_path, text)
    kept, waived = apply_waivers(policy_findings(app), app.model, today="2026-06-16")
    assert waived == ()
    assert len(of("no-init", kept)) == 1
    (fault,) = [finding for finding in kept if finding.rule == "waiver"]
    assert "ended on 2026-06-15" in fault.what


@pytest.mark.parametrize("rule", [rule for rule, grade in GRADES.items() if "!" in grade])
def test_what_decides_whether_a_file_works_cannot_be_waived(rule: str, tmp_path: Path) -> None:
    app = subject(
        tmp_path, f"{WEB}    x-fairlead: {{waive: {{{rule}: {{reason: we know better than this}}}}}}\n"
    )
    found = Finding("it is wrong", rule=rule, path=("services", "web"))
    kept, waived = apply_waivers((found,), app.model)
    assert waived == ()
    assert found in kept
    assert [finding.what for finding in kept if finding.path[-2:] == ("waive", rule)]


def test_x_fairlead_is_told_to_an_editor_as_it_is_checked() -> None:
    """The schema that is published and the table that checks have the same keys, and the same choices."""
    schema = load_schema("x-fairlead")
    top, volume = schema["$defs"]["top"], schema["$defs"]["volume"]
    for properties, keys in (
        (schema["properties"], extension.SERVICE_KEYS),
        (top["properties"], extension.TOP_KEYS),
        (volume["properties"], extension.VOLUME_KEYS),
        (schema["$defs"]["backup"]["properties"], extension.BACKUP_KEYS),
        (schema["$defs"]["waive"]["additionalProperties"]["properties"], extension.WAIVER_KEYS),
        (schema["properties"]["health"]["oneOf"][1]["properties"], extension.HEALTH_KEYS),
    ):
        assert set(properties) == set(keys)
        for name, how in properties.items():
            _, fits = keys[name]
            assert all(fits(choice) for choice in how.get("enum", ()))
            assert "enum" not in how or not fits("none of these")
            if how.get("type") == "integer":
                assert [fits(how["minimum"] + by) for by in (-1, 0)] == [False, True]
                assert [fits(how["maximum"] + by) for by in (0, 1)] == [True, False]


@given(st.floats(0.001, 7200), st.floats(0.001, 7200))
def test_what_is_proposed_for_a_slow_check_is_something_else_and_holds(
    interval: float, timeout: float
) -> None:
    """Never the value that stands there already, and never one that would be told again."""
    if timeout < interval <= 30:
        return
    change = sooner(interval, timeout)
    values = {
        "interval": interval,
        "timeout": timeout,
        **{key: seconds_of(text) for key, text in change.items()},
    }
    assert change
    assert all(values[key] != {"interval": interval, "timeout": timeout}[key] for key in change)
    assert (values["timeout"] or 0) < (values["interval"] or 0) <= 30


def test_a_timeout_as_long_as_the_interval_is_not_proposed_again(tmp_path: Path) -> None:
    """`timeout: 5s` stands there: the interval is what is wrong."""
    text = f"{WEB}    healthcheck: {{test: [CMD, /check], interval: 5s, timeout: 5s}}\n"
    (fix,) = [one.fix for one in policy_findings(subject(tmp_path, text)) if "as long as" in one.what]
    assert "timeout: 5s" not in fix
    assert "interval: 10s" in fix


@pytest.mark.parametrize(
    ("image", "test", "proposed"),
    [
        ("python:3.13-slim", "[CMD, curl, -f, 'http://localhost:8000/healthz']", "localhost:8000/healthz"),
        ("node:22-alpine", "curl -f http://127.0.0.1:3000/up || exit 1", "127.0.0.1:3000/up"),
        ("python:3.13-slim", "[CMD, curl, -f, localhost]", "http://localhost:8000/"),
        # Whatever could be a password, or end a quote, is left out.
        ("python:3.13-slim", "[CMD, curl, -f, 'http://me:c4n4ry@localhost/']", "'http://localhost:8000/'"),
        ("python:3.13-slim", "[CMD, curl, -f, 'http://localhost/?token=c4n4ry']", "'http://localhost:8000/'"),
    ],
)
def test_a_check_by_curl_is_said_anew_in_what_the_image_has(
    image: str, test: str, proposed: str, tmp_path: Path
) -> None:
    """Ready to be pasted: it is a list of words, and asks what was asked."""
    text = f"services:\n  web:\n    image: {image}\n    healthcheck: {{test: {test}}}\n"
    (one,) = (found for found in policy_findings(subject(tmp_path, text)) if "needs curl" in found.what)
    words = yaml.safe_load(one.fix.partition("test: ")[2])
    assert words[:2] == ["CMD", image.partition(":")[0].replace("python", "python3")]
    assert proposed in words[-1]
    assert "c4n4ry" not in one.fix


@pytest.mark.parametrize(
    ("service", "mended"),
    [
        ("build: .", True),
        ("image: 'postgres:17'", True),
        # Its entrypoint is an init that dies of another one; and who knows what an unknown image brings.
        ("image: 'acme/s6-app:1'", False),
        ("build: .\n    init: false", False),
    ],
)
def test_an_init_is_written_only_where_it_is_known_to_be_fine(
    service: str, mended: bool, tmp_path: Path
) -> None:
    text = f"services:\n  web:\n    {service}\n"
    (found,) = [one for one in policy_findings(subject(tmp_path, text)) if one.rule == "no-init"]
    assert (found.repair is not None) == mended


def test_bounds_of_a_log_are_added_to_what_is_there(tmp_path: Path) -> None:
    text = f"{WEB}    logging: {{driver: json-file, options: {{labels: team, max-size: '-1'}}}}\n"
    found = [one for one in policy_findings(subject(tmp_path, text)) if one.rule == "unbounded-logs"]
    repairs = [one.repair for one in found if one.repair is not None]
    assert [(one.path[-1], one.text) for one in repairs] == [("max-size", "10m"), ("max-file", '"3"')]
    assert fix_text(text, found).text == text.replace("max-size: '-1'", 'max-size: 10m, max-file: "3"')
