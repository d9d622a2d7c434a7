"""The vendor's public client in threads, each with its share of the jobs: `… PORT JOBS SECONDS THREADS`."""

from __future__ import annotations

import sys
import threading
import time

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdksdrs.v1 import SdrsClient, ShowJobStatusRequest

from tests.benchmarks.children import say_ready
from tests.benchmarks.outside.cloud import PROJECT_ID, job_id_of


def follow(port: int, jobs: range, interval: float) -> None:
    credentials = BasicCredentials("access-key", "secret-key", PROJECT_ID)
    client = (
        SdrsClient.new_builder().with_credentials(credentials).with_endpoint(f"http://127.0.0.1:{port}/sdrs").build()
    )
    due = time.monotonic()
    while True:
        for number in jobs:
            client.show_job_status(ShowJobStatusRequest(job_id=job_id_of(number)))
        due = max(time.monotonic(), due + interval)
        time.sleep(due - time.monotonic())


def main(port: int, jobs: int, interval: float, threads: int) -> None:
    shares = [range(first, jobs, threads) for first in range(min(threads, jobs))]
    for share in shares:
        threading.Thread(target=follow, args=(port, share, interval), daemon=True).start()
    say_ready()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
