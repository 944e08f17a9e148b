"""What a deploy says of a certificate that cannot be had."""

from __future__ import annotations

from tests.integration.host.stage import Stage

_CERTIFIED = """\
{
	acme_ca https://127.0.0.1:1/dir
	https_port 8080
	auto_https disable_redirects
	storage file_system /tmp/certificates
}
import /fairlead/switch.caddy
stage.example.com {
	import switch web 8000
}
"""


def test_a_deploy_says_why_its_page_has_no_certificate_and_what_to_do(stage: Stage) -> None:
    """Here: the authority is out of reach. It is no fault of the release."""
    sheet = stage.sheet(1)
    sheet.web()
    sheet.proxy(_CERTIFIED)
    sheet.extra["url"] = f"https://stage.example.com:{stage.port}"
    assert stage.deploy(sheet).status == "live"
    told = next(event["text"] for event in stage.events if "stage.example.com has no cert" in str(event))
    assert "this host does not reach the authority (Caddy's log: " in told
    assert "dial tcp 127.0.0.1:1: connect: connection refused" in told
    assert "let the host out" in told
    assert "could not be probed in public" in told
