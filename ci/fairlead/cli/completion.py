"""``fairlead completion``: the script that lets a shell complete Fairlead's verbs and options."""

from __future__ import annotations

import click

from fairlead import report
from fairlead.cli.options.shared import examples


@click.command(
    epilog=examples(
        ('eval "$(fairlead completion bash)"', "in ~/.bashrc"),
        ('eval "$(fairlead completion zsh)"', "in ~/.zshrc"),
        ("fairlead completion fish | source", "in ~/.config/fish/config.fish"),
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    from fairlead.cli import root

    script = get_completion_class(shell)
    assert script is not None
    # The base's `source`: that of bash starts the bash of this machine to ask its version first.
    source = ShellComplete.source(script(root.command, {}, "fairlead", root.COMPLETE_VARIABLE))
    report.current().result({"schema": "fairlead.completion/v1", "shell": shell, "script": source}, source)
