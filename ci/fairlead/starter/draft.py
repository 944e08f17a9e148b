"""A fairlead.yaml from what a repository shows, with a comment on each thing that was inferred. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.errors import InputError
from fairlead.schemas import load_schema
from fairlead.secret_signs.names import is_secret_name
from fairlead.secret_signs.ways import secret_way
from fairlead.settings.urls import split_url
from fairlead.starter.beside import Others
from fairlead.starter.look import Sight
from fairlead.starter.place import Place, describe_place, is_taken, plan_place
from fairlead.starter.scalars import comment, quoted, scalar

_APP = re.compile(r"[^a-z0-9-]+")
_NOT_OF_PATH = re.compile(r"[^a-z0-9._-]+")
_LONGEST_APP = 31
_SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Draft:
    """The text of a fairlead.yaml, and what was inferred, a line each."""

    text: str
    inferred: tuple[str, ...]


@dataclass(frozen=True)
class _Image:
    name: str
    dockerfile: str
    services: tuple[str, ...]
    why: str


def plan_draft(sight: Sight, host: str = "", url: str = "", others: Others | None = None) -> Draft:
    """Write the file that a careful colleague would.

    Args:
        sight: what the repository shows.
        host: the server, ``deploy@app.example.com``; without it, a name to be changed.
        url: the address that people open; without it that of the host.
        others: what the other files of the repository deploy, and where to.
    """
    others = others or Others()
    app, why_app = _free_name(sight, host, others)
    images = plan_images(sight)
    inferred = [f"app: {app}, {why_app}"]
    lines = [
        "# How this app is built, checked and deployed. Every key: docs/configuration.md of Fairlead.",
        f"app: {app}",
    ]
    if sight.slug:
        registry, why = _registry(sight)
        lines.append(f"registry: {registry}")
        inferred.append(f"registry: {registry}, {why}")
    else:
        lines += [
            "# Where images go; there is no git remote to infer it from.",
            "# registry: ghcr.io/OWNER/REPOSITORY",
        ]
    lines += [
        "# Images are for machines like the one that builds them. Where servers are another kind (`uname -m` there: x86_64 is",
        "# linux/amd64, aarch64 is linux/arm64), name it: it is emulated, which is slow, or the Dockerfile runs nothing of it.",
        "# platforms: [linux/amd64]",
    ]
    lines += _render_images(images, sight)
    inferred += [f"image {image.name}: {image.dockerfile}, {image.why}" for image in images]
    inferred += [
        f"image of {', '.join(build.services)}: {build.dockerfile}, the build: in {sight.compose} is what is built"
        for build in sight.builds
    ]
    if sight.compose:
        lines.append(f"compose: [{scalar(sight.compose)}]")
        inferred.append(f"compose: {sight.compose}, with {len(sight.services)} services")
        lines += [f"# Found as well, not used: {', '.join(sight.others)}"] if sight.others else []
        lines += _render_overlays(sight)
        inferred += [
            f"{name} is not used: put it behind {sight.compose} under compose: where servers run both"
            for name in sight.overlays
        ]
    else:
        lines += ["# No compose file was found; a deploy needs one.", "# compose: [compose.yaml]"]
    place = plan_place(app, host, url, others)
    lines += _render_environment(sight, place, is_named=bool(host))
    inferred += describe_place(place)
    inferred += [f"variable {name}: wanted at {place}{_as_secret(name)}" for name, place in sight.variables]
    inferred += [f"secret {name}: declared in {sight.compose}" for name in sight.secrets]
    lines += _render_handovers(sight)
    inferred += [f"proxy: {one.file}:{one.line}: `{one.after}` would switch it" for one in sight.handovers]
    # A file of the repository may have a name with a line end in it, and comments name files.
    return Draft("".join(f"{comment(line)}\n" for line in lines), tuple(inferred))


def check_place(host: str, url: str) -> None:
    """Refuse what fairlead.yaml would not take, before it is written.

    Raises:
        InputError: the server or the address is none.
    """
    definitions = load_schema("fairlead")["$defs"]
    server = definitions["environment"]["properties"]["hosts"]["items"]
    for option, text, form in (("--host", host, server), ("--url", url, definitions["url"])):
        if text and not re.search(form["pattern"], text):
            raise InputError(f"{option} is `{text}`", fix=f"write {form['x-expected']}")


def plan_images(sight: Sight) -> tuple[_Image, ...]:
    """The images that the compose file does not build itself: what it names, else the Dockerfiles."""
    if sight.builds:
        return ()
    named: dict[str, list[str]] = {}
    for service, image in sight.own_images:
        named.setdefault(image, []).append(service)
    images = [
        _Image(name, dockerfile, tuple(services), f"the image of {', '.join(services)}")
        for name, services in named.items()
        if (dockerfile := _dockerfile_for(name, sight))
    ]
    if images or named:
        return tuple(images)
    return tuple(
        _Image(_image_name(name, sight), name, (), "a Dockerfile of the repository")
        for name in sight.dockerfiles
        if not name.endswith((".dockerignore", "~"))
    )


def _render_overlays(sight: Sight) -> list[str]:
    """The line for who merges a file of production with the base, which only its author knows."""
    return [
        f"# Merged in this order on a server: compose: [{scalar(sight.compose)}, {scalar(name)}]"
        for name in sight.overlays
    ]


def _dockerfile_for(image: str, sight: Sight) -> str:
    for candidate in (f"Dockerfile.{image}", f"{image}/Dockerfile", "Dockerfile"):
        if (sight.root / candidate).is_file():
            return candidate
    return ""


def _image_name(dockerfile: str, sight: Sight) -> str:
    _, _, suffix = dockerfile.partition(".")
    return _clean_image(suffix) if suffix else next(_app_names(sight))[0]


def _clean_image(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "app"


def _registry(sight: Sight) -> tuple[str, str]:
    """Where images go: below the repository's own path a folder of its own for each app of the repository."""
    parts = [_NOT_OF_PATH.sub("-", part.lower()).strip("-._") for part in sight.folder.split("/")]
    why = "from the git remote and the folder" if any(parts) else "from the git remote"
    return "/".join(["ghcr.io", sight.slug, *filter(None, parts)]), why


def _free_name(sight: Sight, host: str, others: Others) -> tuple[str, str]:
    """The best name that no other app of the repository has on that server."""
    names = list(_app_names(sight))
    name, why = next((one for one in names if not is_taken(one[0], host, others)), names[0])
    return name, why if name == names[0][0] else f"{why}, as {names[0][0]} is another app's on that server"


def _app_names(sight: Sight) -> Iterator[tuple[str, str]]:
    """Names for the app and where each is from, the best first."""
    repository = sight.slug.rpartition("/")[2]
    # Two apps of one repository would get one name from it, and replace each other on a host.
    inside = f"{repository}/{sight.folder}" if repository and sight.folder else ""
    for raw, why in (
        (sight.project, f"the name: of {sight.compose}"),
        (inside, "the name of the repository and the folder in it"),
        (repository, "the name of the repository"),
        (sight.folder, "the folder in the repository"),
        (sight.root.name, "the name of the folder"),
    ):
        name = _APP.sub("-", raw.lower()).strip("-").lstrip("0123456789-")
        # What tells one folder from another stands at its end.
        name = (
            name[-_LONGEST_APP:].lstrip("0123456789-") if raw == inside else name[:_LONGEST_APP].rstrip("-")
        )
        if name:
            yield name, why
    yield "app", "for want of a better name"


def _render_images(images: tuple[_Image, ...], sight: Sight) -> list[str]:
    if sight.builds:
        return [
            f"# Images: what the build: of the services in {sight.compose} says. Only what it cannot say goes under images:."
        ]
    if not images:
        return ["# This repository builds no image of its own.", "# images: {app: {dockerfile: Dockerfile}}"]
    lines = ["images:"]
    for image in images:
        fields = [f"dockerfile: {scalar(image.dockerfile)}"]
        if image.services:
            fields.append(f"services: [{', '.join(scalar(name) for name in image.services)}]")
        lines.append(f"  {image.name}: {{{', '.join(fields)}}}")
    return lines


def _render_environment(sight: Sight, place: Place, *, is_named: bool) -> list[str]:
    told = [] if is_named else ["    # Change both: where to, by ssh, and the address that people open."]
    lines = [
        "environments:",
        "  production:",
        *told,
        f"    hosts: [{quoted(place.host) if ':' in place.host else place.host}]",
        *_render_address(place, is_named=is_named),
    ]
    lines += _render_variables(sight)
    secrets = [name for name in sight.secrets if _SECRET_NAME.fullmatch(name)]
    if secrets:
        lines.append(
            "    # Values come from FAIRLEAD_SECRET_<NAME>, --secrets-dir, or the file that the compose file names."
        )
        lines.append(f"    secrets: [{', '.join(scalar(name) for name in secrets)}]")
    return lines


def _render_variables(sight: Sight) -> list[str]:
    """What the compose file wants, for somebody to fill in: an empty value would count as given, and win over ``.env``."""
    lines: list[str] = []
    plain = [(name, place) for name, place in sight.variables if not is_secret_name(name)]
    if plain:
        lines += [
            "    # Wanted by the compose file; the shell's own environment does not reach it. Fill in what a server is to have:",
            "    # variables:",
            *(f"    #   {name}: VALUE  # {place}" for name, place in plain),
        ]
    secret = [(name, place) for name, place in sight.variables if is_secret_name(name)]
    if secret:
        lines += [
            "    # Wanted by the compose file, and named like secrets: their values do not belong into this file. In each service that",
            "    # gets one, name the variable of the container and the secret that has its value; where it is a part of a longer value,",
            "    # such as an address, that whole value is the secret (docs/secrets.md of Fairlead).",
            *(f"    # TODO {name} ({place}): {secret_way(name)}" for name, place in secret),
        ]
    return lines


def _as_secret(name: str) -> str:
    return ", named like a secret: to be given as one (docs/secrets.md)" if is_secret_name(name) else ""


def _render_address(place: Place, *, is_named: bool) -> list[str]:
    """The address; behind the edge of the server, where other apps of the repository are there too."""
    lines = [f"    url: {place.url}"]
    if place.made_up and is_named:
        lines.insert(0, "    # Change it: a hostname of this app's own, which leads to that server.")
    if not place.edge:
        return lines
    where = ", ".join(dict.fromkeys(one.place.path for one in place.beside))
    return [
        *lines,
        f"    # Deployed there too: {where}. Behind the edge of the server they share ports 80 and 443, told apart by hostname.",
        "    edge: true",
        f"    # hostnames: [www.{split_url(place.url).hostname}] # further names of it",
    ]


def _render_handovers(sight: Sight) -> list[str]:
    """What a Caddyfile of the repository's own would say to be the app's proxy."""
    lines: list[str] = []
    for file in dict.fromkeys(one.file for one in sight.handovers):
        lines += [
            f"# {file} leads to services itself. As it is, its service is rolled behind a proxy that Fairlead adds. To be the",
            "# proxy, let it say `import /fairlead/switch.caddy` at its top, and (`fairlead explain proxy`):",
        ]
        lines += [
            f"#   line {one.line}: `{one.after}` in place of `{one.before}`"
            for one in sight.handovers
            if one.file == file
        ]
    return lines
