"""Which variables a program that Fairlead starts gets to see.

In a job every secret is a variable of this process: the SSH key, the registry's password, the values of the app.
A scanner, a builder or git need none of them, and each is code of somebody else's that may print or send what it
sees. So a program gets what is listed here, and a secret only where the call that starts it asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

PASS_ENV = "FAIRLEAD_PASS_ENV"  # noqa: S105 - the name of a variable
"""The user's own additions, for a helper that nobody foresaw: names, or beginnings such as ``ACME_*``."""

EVERYONE = (
    # Where programs are, whose files they read, where they may put theirs.
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_*"),
    # How they run here: a machine whose libraries lie elsewhere, a container with little memory.
    *("LD_LIBRARY_PATH", "GODEBUG", "GOMAXPROCS", "GOMEMLIMIT"),
    # In what language and time they speak, and to what terminal.
    *("LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS"),
    # The only way out, where there is a proxy; and whom to believe on the way.
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NIX_SSL_CERT_FILE"),
    # Which engine, builder and registry configuration: places, not logins.
    *(
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "DOCKER_CERT_PATH",
        "DOCKER_TLS",
        "DOCKER_TLS_VERIFY",
    ),
    *("DOCKER_API_VERSION", "DOCKER_DEFAULT_PLATFORM", "DOCKER_CONTENT_TRUST"),
    *("BUILDX_BUILDER", "BUILDX_CONFIG", "BUILDX_EXPERIMENTAL", "BUILDX_NO_DEFAULT_*", "BUILDX_GIT_INFO"),
    *("BUILDX_GIT_CHECK_DIRTY", "BUILDKIT_HOST", "BUILDKIT_PROGRESS", "BUILDKIT_COLORS"),
    *("BUILDKIT_TTY_LOG_LINES", "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"),
    *("REGISTRY_AUTH_FILE", "CONTAINERS_*"),
)

SSH = ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "KRB5CCNAME")
"""Of ssh: who signs with the user's keys."""

ENGINE = ("SSH_AUTH_SOCK",)
"""Of docker and buildx: an engine may be reached by ``ssh://``, which they start themselves."""

BUILDER = ("DOCKER_AUTH_CONFIG",)
"""Of a build: the logins of ``docker login``, which some keep in a variable instead of a file."""

GIT = (
    "GIT_CONFIG_*",
    "GIT_SSL_*",
    "GIT_EXEC_PATH",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
)
"""Of git: its configuration (``safe.directory``). Those that point it at another repository are left out:
set inside hooks and by wrappers, they mean another folder."""

PIP = ("PIP_*", "NETRC", "PYTHON*", "VIRTUAL_ENV")
"""Of pip: where packages come from; each is held to its hash."""

PYTHON = ("PYTHON*", "VIRTUAL_ENV", "FAIRLEAD_CACHE", "FAIRLEAD_LAB_*")
"""Of a Python of our own."""

GO = ("GOPROXY", "GOROOT", "NETRC")
"""Of go: where modules come from. What would take them unverified is left out: ``GONOSUMDB``, ``GOPRIVATE``,
``GONOSUMCHECK``, ``GOINSECURE``, ``GOFLAGS``."""

APT = ("APT_CONFIG",)
"""Of apt."""

DAEMON = ("DOCKER_RAMDISK",)
"""Of the engine, where there is no systemd to start it."""

CLOUD_LOGINS: Mapping[str, tuple[str, ...]] = {
    "ecr-login": ("AWS_*",),
    "gcr": ("GOOGLE_*", "CLOUDSDK_*"),
    "gcloud": ("GOOGLE_*", "CLOUDSDK_*"),
    "acr-env": ("AZURE_*", "ACR_*"),
    "acr": ("AZURE_*", "ACR_*"),
    "pass": ("PASSWORD_STORE_*", "GNUPGHOME", "GPG_TTY"),
    "secretservice": ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY"),
}
"""What the credential helpers of Docker's configuration log in with, by name."""

OWN_SECRETS = (
    *("FAIRLEAD_SSH_KEY", "FAIRLEAD_REGISTRY_PASSWORD", "FAIRLEAD_REGISTRY_USERNAME", "FAIRLEAD_SECRET*"),
    "FAIRLEAD_JOB_TOKEN",
    *("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_*", "SSH_AUTH_SOCK"),
)
"""What is never a variable of a compose file, whatever it asks for: logins of Fairlead's and of the job's."""


def interpolated(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that docker-compose may put into a compose file: the user's, without ``OWN_SECRETS``."""
    return {name: value for name, value in variables.items() if not _is_named(name, OWN_SECRETS)}


def _is_named(name: str, wanted: Collection[str]) -> bool:
    return any(name.startswith(one[:-1]) if one[1:].endswith("*") else name == one for one in wanted)


def child_environment(
    environ: Mapping[str, str],
    also: Collection[str] = (),
    extra: Mapping[str, str | None] | None = None,
) -> dict[str, str]:
    """The environment of a program.

    Args:
        environ: of this process.
        also: names that this call needs on top of those that everyone gets; ``AWS_*`` is each that begins so.
        extra: values that this call gives; None takes one away.
    """
    wanted = (*EVERYONE, *also, *environ.get(PASS_ENV, "").replace(",", " ").split())
    passed: dict[str, str | None] = {
        name: value for name, value in environ.items() if _is_named(name, wanted)
    }
    passed.update(extra or {})
    return with_safe_git({name: value for name, value in passed.items() if value is not None})


def with_safe_git(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which git takes no tracked folder that looks like a repository for one.

    Such a folder brings a configuration along, and that names commands. Said last, it wins over what the user's
    own entries say; programs that start git themselves hand it on.
    """
    said = environ.get("GIT_CONFIG_COUNT", "")
    count = int(said) if said.isdecimal() else 0
    return {
        **environ,
        "GIT_CONFIG_COUNT": str(count + 1),
        f"GIT_CONFIG_KEY_{count}": "safe.bareRepository",
        f"GIT_CONFIG_VALUE_{count}": "explicit",
    }
