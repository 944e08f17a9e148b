"""Is this commit newer than the one that serves? Git's history knows better than clocks do. Pure."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.errors import InputError

IsAncestor = Callable[[str, str], bool | None]
"""Whether the first commit is an ancestor of the second; None where the history at hand cannot tell."""


def plan_order(revision: str, serving: str | None, is_ancestor: IsAncestor, *, allow_older: bool) -> bool:
    """Whether the server may put this commit in place of an apparently newer one.

    Where history knows that ours is newer, commit times have no say (a rebase, a clock that was wrong);
    where history cannot tell, the server compares the times.

    Raises:
        InputError: ours is an ancestor of what serves: deploying it would undo newer commits.
    """
    if allow_older or serving is None or serving == revision:
        return allow_older
    if is_ancestor(serving, revision):
        return True
    if is_ancestor(revision, serving):
        raise InputError(
            f"the commit {revision[:12]} is older than {serving[:12]}, which serves",
            why="a deploy that was overtaken by a newer one must not undo it",
            fix="`fairlead rollback --to COMMIT` (on GitHub: the workflow Rollback) goes back to what has served; --allow-older "
            "deploys it all the same",
        )
    return False
