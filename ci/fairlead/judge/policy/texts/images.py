"""Images."""

from __future__ import annotations

from fairlead.judge.policy.texts import DOCS, SERVICES, Text, cis

TEXTS = (
    Text(
        name="floating-tag",
        title="An image of others under a tag that moves",
        why="""\
`latest`, `stable`, `main` or no tag at all is whatever the registry points to at the moment of the pull.
Two servers run two versions, a restart after a prune brings a third one, and going back is impossible, because
nothing says what ran before. A tag that names no version, such as `alpine` or `slim`, moves as well.
In `host:5000/app` the number is a port: there is no tag.""",
        bad="services:\n  web:\n    image: nginx:latest\n",
        good="services:\n  web:\n    image: nginx:1.29.1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        sources=(cis("4.2", "5.28"), f"{DOCS}build/building/best-practices/#pin-base-image-versions"),
    ),
    Text(
        name="own-image-not-by-commit",
        title="An image of this repository that does not tell its commit",
        why="""\
A release is a commit. If its images carry `latest` or a version that somebody moves, nobody can say what runs,
and a rollback cannot name what to go back to. The tag comes from a variable of the deploy, and that variable must
fail when it is unset: `${TAG}` or `${TAG:-latest}` quietly deploys another image.
A digest, or a tag with a full commit id, is as good.""",
        bad="services:\n  web:\n    build: .\n    image: ghcr.io/acme/web:latest\n",
        good="services:\n  web:\n    build: .\n    image: ghcr.io/acme/web:${FAIRLEAD_TAG:?}\n",
        sources=(
            "https://slsa.dev/spec/v1.0/requirements",
            "https://docs.docker.com/reference/compose-file/interpolation/",
        ),
    ),
    Text(
        name="unpinned-image",
        title="An image of others without a digest",
        why="""\
A tag is a pointer that its owner, or whoever took the account over, can move: `1.29.1` today need not be the
`1.29.1` that was reviewed. With the digest beside the tag, what runs is what was looked at, and an update is a
change in the repository: Dependabot and Renovate make it.
A digest alone is safe, but nobody sees the version and no updater can follow it: that is a warning.

Fairlead resolves every tag to a digest when it deploys, records it in the release, and keeps it as long as the file
names the same tag. Who is content with that, and trusts what the tag pointed to on the first day, says
`validate: {pin: deploy}` in fairlead.yaml; then this rule is silent, and `floating-tag` still counts.""",
        bad="services:\n  db:\n    image: postgres:17.4\n",
        good="services:\n  db:\n    image: postgres:17.4@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        sources=(
            cis("4.2"),
            f"{DOCS}build/building/best-practices/#pin-base-image-versions",
            "https://docs.renovatebot.com/docker/#digest-pinning",
        ),
    ),
    Text(
        name="unknown-registry",
        title="An image from a registry that nobody allowed",
        why="""\
A mistyped or forgotten host is where dependency confusion begins: somebody else's registry answers with somebody
else's image. The large public registries and the repository's own are allowed; `validate.registries` in fairlead.yaml
names others, as narrow as `ghcr.io/acme`.""",
        bad="services:\n  web:\n    image: registry.example.net/acme/web:1.2.0\n",
        good="services:\n  web:\n    image: ghcr.io/acme/web:1.2.0\n",
        sources=(cis("4.2"), "NIST SP 800-190, 4.2"),
    ),
    Text(
        name="build-in-production",
        title="A server that builds, or asks about an image that can't change",
        why="""\
What is built on the server was never scanned, has no provenance, differs from server to server, and takes memory and
disk from what serves. The pipeline builds once; servers pull by digest.
`pull_policy: always`, `daily` or `weekly` on an image that is pinned asks the registry for what can't have changed, so
the service does not start while the registry is down.""",
        bad="services:\n  web:\n    build: .\n",
        good="services:\n  web:\n    build: .\n    image: ghcr.io/acme/web:${FAIRLEAD_TAG:?}\n",
        sources=("https://slsa.dev/spec/v1.0/levels", f"{SERVICES}#pull_policy"),
    ),
)
