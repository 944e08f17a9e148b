"""What is secret in the environment of a command, by its name."""

from __future__ import annotations

from fairlead.release.secrets import values_in


def test_values_of_the_environment() -> None:
    environ = {
        "FAIRLEAD_SECRET_DB": "one",
        "FAIRLEAD_SECRETS": '{"api": "two", "empty": ""}',
        "FAIRLEAD_REGISTRY_PASSWORD": "three",
        "FAIRLEAD_SSH_KEY": "four",
        "FAIRLEAD_SECRET_EMPTY": "",
        "FAIRLEAD_REGISTRY": "ghcr.io/acme",
        "PATH": "/bin",
    }
    assert sorted(values_in(environ)) == ["four", "one", "three", "two"]


def test_a_bundle_that_does_not_hold_is_told_of_where_it_is_read() -> None:
    text = "password correct-horse\n\n token=battery \n"
    assert values_in({"FAIRLEAD_SECRETS": text}) == ["password correct-horse", "token=battery"]
