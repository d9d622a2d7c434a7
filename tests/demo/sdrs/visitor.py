"""Speaks to the simulated cloud over HTTP like any client would, with a token and nothing else."""

from dataclasses import dataclass
from typing import Any

import httpx

from bot.demo.sdrs import DEFAULT_DOMAIN, Group, Machine, Project, SimulatedCloud, User

Json = dict[str, Any]


def password_body(user: User, *, project: Json | None = None, **changes: Json) -> Json:
    who = {"name": user.name, "password": user.password, "domain": {"name": DEFAULT_DOMAIN}}
    auth: Json = {"identity": {"methods": ["password"], "password": {"user": who | changes}}}
    if project is not None:
        auth["scope"] = {"project": project}
    return {"auth": auth}


@dataclass(kw_only=True)
class Visitor:
    """One user in one project."""

    cloud: SimulatedCloud
    project: Project
    http: httpx.AsyncClient
    token: str = ""

    async def log_in(self, user: User) -> httpx.Response:
        body = password_body(user, project={"id": self.project.id})
        answer = await self.http.post(f"{self.cloud.iam_url}/v3/auth/tokens", json=body)
        self.token = answer.headers["X-Subject-Token"]
        return answer

    async def sdrs(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return await self._call(method, f"{self.cloud.sdrs_url}/v1/{self.project.id}{path}", **kwargs)

    async def ecs(self, method: str, path: str, version: str = "v1", **kwargs: Any) -> httpx.Response:
        return await self._call(method, f"{self.cloud.ecs_url}/{version}/{self.project.id}{path}", **kwargs)

    async def ims(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self._call("GET", f"{self.cloud.ims_url}{path}", **kwargs)

    async def _call(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        return await self.http.request(method, url, headers={"X-Auth-Token": self.token}, **kwargs)

    async def act(self, group: Group, body: Json) -> httpx.Response:
        return await self.sdrs("POST", f"/server-groups/{group.id}/action", json=body)

    async def reverse(self, group: Group, station: str = "target") -> httpx.Response:
        return await self.act(group, {"reverse-server-group": {"priority_station": station}})

    async def job(self, job_id: str) -> Json:
        answer: Json = (await self.sdrs("GET", f"/jobs/{job_id}")).json()
        return answer

    async def power(self, body: Json) -> httpx.Response:
        return await self.ecs("POST", "/cloudservers/action", json=body)

    async def server(self, machine: Machine) -> Json:
        answer: Json = (await self.ecs("GET", f"/cloudservers/{machine.id}")).json()["server"]
        return answer


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def stop(*machines: Machine) -> None:
    for machine in machines:
        machine.status = "SHUTOFF"
