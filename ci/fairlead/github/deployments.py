"""The environment's page on GitHub: a deployment for the commit that serves, and for none that does not.

A job that names an environment gets a deployment from GitHub, of the commit of its run, with its url, its log and its
end: nothing is added to that one. What GitHub cannot know is which commit serves after a rollback, or after a deploy
of a job without an environment. That is what stands here, and it is put right from whatever was there before.
https://docs.github.com/en/rest/deployments/deployments and /statuses
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairlead.github.api import Writing, call, entries, fields, open_session
from fairlead.github.context import GitHubContext

if TYPE_CHECKING:
    import requests

SUCCESS, FAILURE, INACTIVE = "success", "failure", "inactive"
_ACTIVE = {SUCCESS, "in_progress", "queued", "pending"}
_WRITING = Writing("the deployment", "deployments: write")
_LOOKED_AT = 10
"""So many of the newest: those before them were put right when they were among the newest."""
_RUN = "fairlead_run"


class Deployments:
    """The deployments of one environment, written by one job."""

    def __init__(self, session: requests.Session, context: GitHubContext, environment: str, url: str) -> None:
        self._session = session
        self._context = context
        self._environment = environment
        self._url = url
        self._base = f"{context.api_url}/repos/{context.repository}/deployments"

    def tell(self, revision: str, state: str) -> str:
        """Say how the deploy of this job stands; the address of its deployment.

        Raises:
            CommandFailedError: GitHub refused or could not be reached.
        """
        own = next((one for one in self._newest() if self._is_own(one)), None) or self._make(revision)
        self._set(own, state)
        return str(own["url"])

    def settle(self, serving: str) -> str:
        """See to it that the one active deployment is that of the commit that serves; its address.

        Args:
            serving: the commit; empty where nothing serves, and then no deployment is active.

        Raises:
            CommandFailedError: GitHub refused or could not be reached.
        """
        newest = self._newest()
        states = {one["id"]: self._state(one) for one in newest}
        right = next((one for one in newest if one["sha"] == serving and states[one["id"]] == SUCCESS), None)
        begun = next((one for one in newest if self._is_own(one) and states[one["id"]] in _ACTIVE), None)
        before = right
        if right is None and serving:
            before = right = begun if begun is not None and begun["sha"] == serving else None
            right = right or self._make(serving)
            self._set(right, SUCCESS)
        for one in newest:
            if right is not None and one["id"] == right["id"]:
                continue
            if (state := self._end(one, states[one["id"]], before)) is not None:
                self._set(one, state)
        return str(right["url"]) if right is not None else ""

    def _end(self, one: Mapping[str, Any], state: str, serving: Mapping[str, Any] | None) -> str | None:
        """What a deployment becomes that is not of the commit that serves; None where it stays as it is."""
        if state not in _ACTIVE:
            return None
        if self._is_own(one):
            return FAILURE
        # Those that are under way are another job's to end. One that began before what serves was left by a job that
        # was cancelled, or could not ask; was it not, then that job tells anew how it ended.
        is_left = serving is not None and _is_ours(one) and one["id"] < serving["id"]
        return INACTIVE if state == SUCCESS or is_left else None

    def _newest(self) -> list[dict[str, Any]]:
        from urllib.parse import quote

        query = f"environment={quote(self._environment, safe='')}&per_page={_LOOKED_AT}"
        found = entries(_WRITING, call(self._session, _WRITING, "GET", f"{self._base}?{query}"))
        return [_deployment(one) for one in found[:_LOOKED_AT]]

    def _state(self, deployment: Mapping[str, Any]) -> str:
        url = f"{self._base}/{deployment['id']}/statuses?per_page=1"
        statuses = entries(_WRITING, call(self._session, _WRITING, "GET", url))
        return str(fields(_WRITING, statuses[0], state=str)["state"]) if statuses else "pending"

    def _make(self, revision: str) -> dict[str, Any]:
        body = {
            "ref": revision,
            "environment": self._environment,
            "auto_merge": False,
            # Whether it may be deployed was decided before: it serves.
            "required_contexts": [],
            "payload": {_RUN: self._context.run_id},
        }
        return _deployment(call(self._session, _WRITING, "POST", self._base, body))

    def _set(self, deployment: Mapping[str, Any], state: str) -> None:
        body = {
            "state": state,
            "log_url": self._context.run_url,
            # Which ones are inactive is said here, one by one: GitHub leaves those of production as they are.
            "auto_inactive": False,
            **({"environment_url": self._url} if self._url and state != FAILURE else {}),
        }
        call(self._session, _WRITING, "POST", f"{self._base}/{deployment['id']}/statuses", body)

    def _is_own(self, deployment: Mapping[str, Any]) -> bool:
        return _is_ours(deployment) and deployment["payload"][_RUN] == self._context.run_id


def _is_ours(deployment: Mapping[str, Any]) -> bool:
    """Whether Fairlead made it, in whichever job."""
    payload = deployment.get("payload")
    return isinstance(payload, dict) and isinstance(payload.get(_RUN), str)


def _deployment(answer: Any) -> dict[str, Any]:
    return fields(_WRITING, answer, id=int, sha=str, url=str)


def open_deployments(context: GitHubContext, token: str, environment: str, url: str) -> Deployments:
    """The deployments of an environment, as the job's token may write them.

    Args:
        context: the job.
        token: its token, with `deployments: write`.
        environment: as GitHub and fairlead.yaml call it.
        url: where users reach it; empty where that is not known.
    """
    return Deployments(open_session(token), context, environment, url)
