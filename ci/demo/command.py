"""``fairlead demo``: tell the story, scene by scene, and say how long it took and what to try next."""

from __future__ import annotations

import time

import click

from demo.repository import ENVIRON_FILE
from demo.story import SCENES, Stage, say, set_the_stage
from fairlead.cli.options.shared import examples


@click.command("demo", epilog=examples(("fairlead demo", "minutes, the first time")))
def command() -> None:
    """Tell a story: a commit to production and back, in the lab on this machine.

    Fairlead's own reference app is built, scanned, published and deployed to a server in a box; a broken
    release does not get through, and a rollback is over at once. All of it is told on the screen.
    """
    started = time.monotonic()
    title("The stage: a registry and a server in a box")
    stage = set_the_stage()
    for number, (name, scene) in enumerate(SCENES, 1):
        title(f"{number}/{len(SCENES)}  {name}")
        scene(stage)
    title(f"Done in {time.monotonic() - started:.0f} s")
    say(render_end(stage))


def render_end(stage: Stage) -> str:
    """The addresses, and the next thing to try."""
    return (
        f"The board:     https://{stage.address}/    (its certificate is the server's own: {stage.ca})\n"
        f"The server:    fairlead lab ssh            (look at /srv/fairlead/board)\n"
        f"The registry:  {stage.lab.registry}\n"
        f"The app:       {stage.repository.root}\n"
        "\n"
        "Try next:\n"
        f"  cd {stage.repository.root}\n"
        f"  . ./{ENVIRON_FILE}                             # the lab's registry, keys and secrets; the command\n"
        "  fairlead history                         # what happened here\n"
        f"  fairlead rollback --to {stage.releases[1]}            # and forward again\n"
        "  sed -i 's/second edition/third edition/' app/web/templates/base.html\n"
        "  git commit --all --message 'Third edition' && fairlead ship\n"
        "  fairlead lab down                        # remove all of it (`make test` takes the server, too)\n"
        "\n"
        "Your own app: `fairlead init` in its repository, then docs/servers.md."
    )


def title(text: str) -> None:
    """Begin a scene."""
    say()
    click.secho(f"== {text} {'=' * max(3, 76 - len(text))}", bold=True, fg="cyan")
