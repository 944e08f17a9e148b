from __future__ import annotations

from pathlib import Path

from fairlead.image.build.secrets import redact_build_secrets
from fairlead.report.redact import masked
from fairlead.settings.images import BuildSecret


def test_the_values_of_build_secrets_are_masked_line_by_line(tmp_path: Path) -> None:
    file, bundle = tmp_path / "token", tmp_path / "ca.crt"
    file.write_text("first-c4nary\nsecond-c4nary\n")
    bundle.write_text("certificate\n" * 5000)
    secrets = (
        BuildSecret(name="a", env="TOKEN"),
        BuildSecret(name="b", file=file),
        BuildSecret(name="c", file=bundle),
        BuildSecret(name="d", file=tmp_path / "missing"),
        BuildSecret(name="e", env="UNSET"),
    )
    redact_build_secrets(secrets, {"TOKEN": "third-c4nary"})
    assert (
        masked("#7 0.1 first-c4nary second-c4nary third-c4nary certificate")
        == "#7 0.1 *** *** *** certificate"
    )
