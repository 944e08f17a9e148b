"""The file itself."""

from __future__ import annotations

from fairlead.judge.policy.texts import DEPLOY, Text, measured

_REFERENCE = "https://docs.docker.com/reference/compose-file/"

TEXTS = (
    Text(
        name="yaml-trap",
        title="A value without quotes that is no text where a text is meant",
        why="""\
`VERSION: 1.10` is the number 1.1, `MODE: 0755` is 493, `MAJOR: 3.0` is 3: the container gets that. `yes`, `no`, `on`,
`off`, dates and `12:30` are text for Compose and something else for every YAML 1.1 parser that reads the file too: editors,
linters, scripts. Quotes end the question.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    environment: {VERSION: 1.10}\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    environment: {VERSION: "1.10"}\n',
        sources=(
            "https://yaml.org/type/",
            measured("a container sees VERSION=1.1 for `1.10`, MODE=493 for `0755`"),
        ),
    ),
    Text(
        name="unset-variable",
        title="A variable that may be missing without a word",
        why="""\
An unset `${VAR}` is an empty text and a line in a log: an image without a tag, a site without a name, a password that
is empty. `${VAR:?}` fails instead, `${VAR:-default}` says what holds. A `.env` on the machine that looks is no answer: the
server may not have it. Variables that fairlead.yaml declares for its environments are always set, and let through.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    environment: {SITE: $SITE}\n",
        good='services:\n  web:\n    image: acme/web:1.0\n    environment: {SITE: "${SITE:?the host name}"}\n',
        sources=(f"{_REFERENCE}interpolation/",),
    ),
    Text(
        name="swarm-only",
        title="A key that only a swarm looks at",
        why="""\
`update_config` reads like a rolling update with a rollback, `placement` like a promise. Outside a swarm Compose ignores
them without a word, and the update is a stop and a start.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    deploy: {update_config: {order: start-first}}\n",
        good="services:\n  web:\n    image: acme/web:1.0\n",
        sources=(DEPLOY, measured("`update_config` has no effect on `up`")),
    ),
    Text(
        name="obsolete",
        title="A key that says nothing any more, or a name that the folder gives",
        why="""\
`version:` has been ignored since Compose 2 and prints a warning at each command. Without `name:` the project is called
after its folder: from another clone, `up` starts a second stack beside the first, with empty volumes.""",
        bad='version: "3.8"\nservices:\n  web:\n    image: acme/web:1.0\n',
        good="name: board\nservices:\n  web:\n    image: acme/web:1.0\n",
        sources=(f"{_REFERENCE}version-and-name/",),
    ),
    Text(
        name="compose-too-old",
        title="A key that the Compose of a host does not know yet",
        why="""\
An older Compose refuses the whole file because of a key that it does not know, on the server, at deploy time. The
oldest supported version is 2.24; hosts that have a newer one say so: `validate: {compose: "2.40"}` in fairlead.yaml.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    post_start: [{command: [/app, warm-up]}]\n",
        good="services:\n  web:\n    image: acme/web:1.0\n",
        sources=(
            "https://github.com/docker/compose/releases",
            "The schemas in compose-go at the version that each release of Compose requires",
        ),
    ),
    Text(
        name="unknown-extension-field",
        title="A key of x-fairlead that nobody reads",
        why="""\
Compose lets every `x-` key through, so a misspelt one is as good as none: `x-fairlead: {waive: …}` with a typing
mistake waives nothing, `rol: worker` leaves the role to be inferred.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    x-fairlead: {rol: app}\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    x-fairlead: {role: app}\n",
        sources=("docs/configuration.md, x-fairlead",),
    ),
    Text(
        name="x-fairlead",
        title="A value of x-fairlead that can't be meant",
        why="""\
What `x-fairlead` says decides how a service is started, probed and switched to. A role that does not exist, a port out
of range or an image that fairlead.yaml does not have would be found out during the deploy.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    x-fairlead: {role: database}\n",
        good="services:\n  web:\n    image: acme/web:1.0\n    x-fairlead: {role: state}\n",
        sources=("docs/configuration.md, x-fairlead",),
    ),
    Text(
        name="waiver",
        title="A waiver without a reason, over, or for nothing",
        why="""\
A waiver is a decision: it says why a rule does no harm here, and until when. One without a reason can't be checked, one
that is over was never decided again, one that waives nothing hides the next finding of that rule. Rules without which
nothing else is known to hold, such as `schema`, can't be waived.""",
        bad="""\
services:
  web:
    image: acme/web:1.0
    privileged: true
    x-fairlead: {waive: {privileged: {}}}
""",
        good="""\
services:
  web:
    image: acme/web:1.0
    privileged: true
    x-fairlead: {waive: {privileged: {reason: "loads the driver of the card reader; a host of its own", until: 2099-06-30}}}
""",
        sources=("docs/configuration.md, x-fairlead",),
    ),
)
