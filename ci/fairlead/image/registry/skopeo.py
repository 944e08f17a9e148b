"""The command lines of skopeo."""

from __future__ import annotations

from pathlib import Path

from fairlead.image.registry.credentials import is_loopback, registry_host


def inspect_argv(
    skopeo: Path, reference: str, login: Path | None, registries_conf: str = ""
) -> tuple[str, ...]:
    """Print the manifest or index of a reference, byte for byte.

    ``registries_conf`` names mirrors; skopeo knows the option only, not the variable of its sister programs.
    """
    return (
        *_skopeo(skopeo),
        *(("--registries-conf", registries_conf) if registries_conf else ()),
        "inspect",
        "--raw",
        *_login(login),
        *_tls("--tls-verify", reference),
        f"docker://{untagged(reference)}",
    )


def config_argv(
    skopeo: Path, reference: str, login: Path | None, platform: str, registries_conf: str = ""
) -> tuple[str, ...]:
    """Print the configuration of the image of one platform."""
    system, architecture, *variant = platform.split("/")
    return (
        *_skopeo(skopeo),
        *(("--registries-conf", registries_conf) if registries_conf else ()),
        *("--override-os", system),
        *("--override-arch", architecture),
        *(("--override-variant", variant[0]) if variant else ()),
        "inspect",
        "--config",
        *_login(login),
        *_tls("--tls-verify", reference),
        f"docker://{untagged(reference)}",
    )


def push_argv(skopeo: Path, layout: Path, reference: str, login: Path | None) -> tuple[str, ...]:
    """Copy everything that the index of a layout leads to; nothing is converted, so that no digest changes."""
    return (*_copy(skopeo, reference, login), "--all", f"oci:{layout}", f"docker://{reference}")


def pull_argv(skopeo: Path, reference: str, layout: Path, login: Path | None) -> tuple[str, ...]:
    """Copy everything that an index leads to into a layout, digests kept."""
    return (
        *_copy(skopeo, "", login),
        *_tls("--src-tls-verify", reference),
        "--all",
        f"docker://{untagged(reference)}",
        f"oci:{layout}",
    )


def tag_argv(skopeo: Path, source: str, reference: str, login: Path | None) -> tuple[str, ...]:
    """Give an index that the registry has, with all that it leads to, another tag: one write."""
    return (
        *_copy(skopeo, reference, login),
        *("--multi-arch", "index-only"),
        *_tls("--src-tls-verify", source),
        f"docker://{source}",
        f"docker://{reference}",
    )


def login_argv(skopeo: Path, host: str, username: str, login: Path) -> tuple[str, ...]:
    """Try a login, and write it into a file; its password comes on standard input."""
    return (
        str(skopeo),
        "login",
        *("--authfile", str(login)),
        *("--username", username),
        "--password-stdin",
        *_tls("--tls-verify", f"{host}/image"),
        host,
    )


def untagged(reference: str) -> str:
    """A reference with a digest, without the tag that skopeo would refuse beside it."""
    name, at, digest = reference.partition("@")
    if not at:
        return reference
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}@{digest}"


def _skopeo(skopeo: Path) -> tuple[str, ...]:
    # Its policy is about signatures, which are not skopeo's to judge here; and the file is missing on many machines.
    return (str(skopeo), "--insecure-policy")


def _copy(skopeo: Path, target: str, login: Path | None) -> tuple[str, ...]:
    # With a format named, a failed upload is told as such; else skopeo goes on to try Docker's own format,
    # and complains that it must not convert.
    return (
        *_skopeo(skopeo),
        "copy",
        "--preserve-digests",
        *("--format", "oci"),
        *("--retry-times", "2"),
        *_login(login),
        *(_tls("--dest-tls-verify", target) if target else ()),
    )


def _login(login: Path | None) -> tuple[str, ...]:
    return ("--authfile", str(login)) if login else ()


def _tls(option: str, reference: str) -> tuple[str, ...]:
    return (f"{option}=false",) if is_loopback(registry_host(reference)) else ()
