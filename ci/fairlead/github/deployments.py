"""The environment's page on GitHub: a deployment for the commit that serves, and for none that does not.

A job that names an environment gets a deployment from GitHub, of the commit of its run, with its url, its log and its
end: nothing is added to that one. What GitHub cannot know is which commit serves after a rollback, or after a deploy
of a job without an environment. That is what stands here, and it is put right from whatever was there before.
https://docs.github.com/en/rest/deployments/deployments and /statuses
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairlead.github.api import Writing, call, open_session
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

        Raises:
            CommandFailedError: GitHub refused or could not be reached.
        """
        newest = self._newest()
        states = {one["id"]: self._state(one) for one in newest}
        right = next((one for one in newest if one["sha"] == serving and states[one["id"]] == SUCCESS), None)
        begun = next((one for one in newest if self._is_own(one) and states[one["id"]] in _ACTIVE), None)
        if right is None:
            right = begun if begun is not None and begun["sha"] == serving else self._make(serving)
            self._set(right, SUCCESS)
        for one in newest:
            if one["id"] == right["id"] or states[one["id"]] not in _ACTIVE:
                continue
            if self._is_own(one):
                self._set(one, FAILURE)
            elif states[one["id"]] == SUCCESS:
                # Those that are under way are another job's to end.
                self._set(one, INACTIVE)
        return str(right["url"])

    def _newest(self) -> list[dict[str, Any]]:
        from urllib.parse import quote

        query = f"environment={quote(self._environment, safe='')}&per_page={_LOOKED_AT}"
        found: list[dict[str, Any]] = call(self._session, _WRITING, "GET", f"{self._base}?{query}").json()
        return found[:_LOOKED_AT]

    def _state(self, deployment: Mapping[str, Any]) -> str:
        url = f"{self._base}/{deployment['id']}/statuses?per_page=1"
        statuses = call(self._session, _WRITING, "GET", url).json()
        return str(statuses[0]["state"]) if statuses else "pending"

    def _make(self, revision: str) -> dict[str, Any]:
        body = {
            "ref": revision,
            "environment": self._environment,
            "auto_merge": False,
            # Whether it may be deployed was decided before: it serves.
            "required_contexts": [],
            "payload": {_RUN: self._context.run_id},
        }
        made: dict[str, Any] = call(self._session, _WRITING, "POST", self._base, body).json()
        return made

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
        payload = deployment.get("payload")
        return isinstance(payload, dict) and payload.get(_RUN) == self._context.run_id


def open_deployments(context: GitHubContext, token: str, environment: str, url: str) -> Deployments:
    """The deployments of an environment, as the job's token may write them.

    Args:
        context: the job.
        token: its token, with `deployments: write`.
        environment: as GitHub and fairlead.yaml call it.
        url: where users reach it; empty where that is not known.
    """
    return Deployments(open_session(token), context, environment, url)
