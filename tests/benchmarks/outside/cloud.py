"""The cloud as bare answers: signs everybody in, lists groups, and shows each job RUNNING for ever.

It remembers when each job was looked at, which is how lateness is seen from outside, alike for every program.
`python -m tests.benchmarks.outside.cloud [SECONDS]` serves it, each answer so late.
`GET /_/gaps?interval=5` tells and forgets what was seen.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import uvloop

from tests.benchmarks.children import say_ready
from tests.benchmarks.figures import percentile
from tests.benchmarks.outside.http import listen, response

PROJECT_ID = "0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f6"
AUTH_TOKEN = "MIIbenchmark" + "x" * 1000  # as long as tokens of such clouds are


def environment(port: int) -> dict[str, str]:
    """The settings with which a bot works in this cloud."""
    root = f"http://127.0.0.1:{port}"
    return {
        "OS_AUTH_URL": f"{root}/iam/v3",
        "OS_USERNAME": "drbot",
        "OS_PASSWORD": "only-for-the-benchmark",
        "OS_USER_DOMAIN_NAME": "bench",
        "OS_PROJECT_NAME": "eu-de",
        "SDRS_ENDPOINT": f"{root}/sdrs",
        "ECS_ENDPOINT": f"{root}/ecs",
        "IMS_ENDPOINT": f"{root}/ims",
    }


def job_path(job_id: str) -> str:
    return f"/sdrs/v1/{PROJECT_ID}/jobs/{job_id}"


def job_id_of(number: int) -> str:
    return f"ff808082{number:024x}"


def job_document(job_id: str) -> dict[str, object]:
    """A job of one server with one disk, in the middle of its work."""
    begin = "2026-03-01T12:00:00.000Z"
    base = {"begin_time": begin, "end_time": None, "error_code": None, "fail_reason": None, "status": "RUNNING"}
    leaf = {**base, "job_id": "ff80808200000001", "job_type": "reverseReplicationPairNoCG", "entities": {}}
    part = {
        **base,
        "job_id": "ff80808200000002",
        "job_type": "reverseProtectedInstanceNoCG",
        "entities": {"sub_jobs": [leaf], "sub_jobs_total": 1},
    }
    entities = {"server_group_id": "group", "sub_jobs": [part], "sub_jobs_total": 1}
    return {**base, "job_id": job_id, "job_type": "reverseProtectionGroupNoCG", "entities": entities}


_HEAD, _TAIL = json.dumps(job_document("@@")).encode().split(b"@@")


class BareCloud:
    def __init__(self) -> None:
        self._looks: dict[bytes, array[float]] = {}
        self._since = time.perf_counter()

    def answer(self, method: bytes, path: bytes, body: bytes) -> bytes:
        at = path.rfind(b"/jobs/")
        if at >= 0:
            job_id = path[at + 6 :]
            self._looks.setdefault(job_id, array("d")).append(time.perf_counter())
            return response(_HEAD + job_id + _TAIL)
        if path.endswith(b"/auth/tokens"):
            return response(_token(), status=201, headers=f"X-Subject-Token: {AUTH_TOKEN}\r\n")
        if b"/projects" in path:
            return response(json.dumps({"projects": [{"id": PROJECT_ID, "name": "eu-de"}]}).encode())
        if b"/server-groups" in path:
            return response(b'{"count": 0, "server_groups": []}')
        if path.startswith(b"/_/gaps"):
            return response(self._gaps(float(path.rpartition(b"=")[2])))
        if path.startswith(b"/_/looked"):
            return response(json.dumps({job.decode(): list(seen) for job, seen in self._looks.items()}).encode())
        return response(b'{"error": {"code": "APIGW.0101", "message": "not found"}}', status=404)

    def _gaps(self, interval: float) -> bytes:
        """How late the looks were, from one look at a job to its next, and how many there were in how long."""
        now = time.perf_counter()
        late = [
            max(0.0, after - before - interval) for seen in self._looks.values() for before, after in pairwise(seen)
        ]
        told = {
            "jobs": len(self._looks),
            "looks": sum(at > self._since for seen in self._looks.values() for at in seen),
            "seconds": now - self._since,
            "late_p50": percentile(late, 0.5),
            "late_p99": percentile(late, 0.99),
        }
        for seen in self._looks.values():
            del seen[:-1]  # the last look is where the next gap begins
        self._since = now
        return json.dumps(told).encode()


def _token() -> bytes:
    now = datetime.now(UTC)
    stamp = "%Y-%m-%dT%H:%M:%S.%fZ"
    body = {
        "expires_at": (now + timedelta(days=1)).strftime(stamp),
        "issued_at": now.strftime(stamp),
        "project": {"id": PROJECT_ID, "name": "eu-de", "domain": {"id": "d", "name": "bench"}},
        "user": {"id": "u", "name": "drbot", "domain": {"id": "d", "name": "bench"}, "password_expires_at": ""},
        "roles": [{"id": "r", "name": "te_admin"}],
        "catalog": [],
        "methods": ["password"],
    }
    return json.dumps({"token": body}).encode()


async def main(seconds: float) -> None:
    server, port = await listen(BareCloud().answer, delay=lambda path: seconds)
    say_ready(port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
