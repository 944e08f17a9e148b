"""What the client says of hostnames that the edge of a host would refuse."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from fairlead.app.network.sites import parse_front
from fairlead.errors import InputError
from fairlead.settings.load import load_settings
from fairlead.settings.values import Environment


def test_the_client_says_what_the_agent_would_refuse(tmp_path: Path) -> None:
    """A url behind the edge names a host as the agent takes it; else it is told before anything is built."""
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    form = "app: board\nenvironments:\n  a:\n    hosts: [deploy@app.example.com]\n    url: '{}'\n    edge: true\n"
    for url, good in (
        ("https://board.example.com", True),
        ("https://Board.Example.COM/", True),
        ("https://a..b.example.com", False),
        ("https://-a.example.com", False),
        ("http://[::1]", False),
        (f"https://{'a' * 64}.example.com", False),
        ("https://b\u00fccher.example.com", False),
        ("https://board.example.com.", False),
    ):
        (tmp_path / "fairlead.yaml").write_text(form.format(url))
        if not good:
            with pytest.raises(Exception, match=r"fairlead\.yaml"):
                load_settings(tmp_path, {})
            continue
        assert load_settings(tmp_path, {}).environment().url == "https://board.example.com"


NEARLY = some.text("[]:.0159aFg-@/ \u2100", max_size=9)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(NEARLY)
@example("[")
@example("[1:2]")
@example("a:0")
@example("a:99999")
@example("a:080")
def test_a_url_that_loads_leads_somewhere_and_any_other_is_told_at_its_place(
    tmp_path: Path, rest: str
) -> None:
    """Brackets around no address and ports that are none have the form of a url; whoever reads one may rely on it."""
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    url = f"https://{rest}"
    one = {"hosts": ["deploy@app.example.com"], "url": url}
    for raw in (
        {"environments": {"a": one}},
        {"environments": {"a": {**one, "edge": True}}},
        {"environments": {"a": one, "b": {**one, "url": f"{url}x", "domains": {"web": [rest]}}}},
    ):
        (tmp_path / "fairlead.yaml").write_text(yaml.safe_dump({"app": "board", **raw}))
        for environment in loaded(tmp_path):
            front = parse_front(environment.url)
            assert front is None or (front.host and 0 < front.port < 65536)


def loaded(folder: Path) -> Iterable[Environment]:
    """The environments; none of a file that is refused, which is to say where."""
    try:
        return load_settings(folder, {}).environments.values()
    except InputError as error:
        faults = error.findings
    assert faults
    assert all(finding.location for finding in faults)
    return ()


@pytest.mark.parametrize(
    "url", ["https://[1:2]", "https://board.example.com:99999", "http://board.example.com:0"]
)
def test_a_board_that_is_nowhere_is_told(url: str, tmp_path: Path) -> None:
    (tmp_path / "fairlead.yaml").write_text(yaml.safe_dump({"app": "board", "events": {"url": url}}))
    with pytest.raises(InputError) as caught:
        load_settings(tmp_path, {})
    assert f"{url}: there is no such address or port" in [finding.what for finding in caught.value.findings]
