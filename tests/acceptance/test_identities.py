"""Many projects side by side, most of them configured wrongly: each gives its own sentence, and the right one works."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from bot.demo.reading import words_of
from bot.demo.sdrs import Fault, Server, SimulatedCloud, describe
from tests.acceptance.conftest import an_evening
from tests.acceptance.people import Evening, Thing

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROJECT_ID = "0123456789abcdef0123456789abcdef"
WRONG = {
    "wrong-password": "refused the user “drbot” of the account “OTC-EU-DE-0000000001”: name, password or account",
    "wrong-domain": "refused the user “drbot” of the account “OTC0000”: name, password or account is wrong",
    "wrong-project": "No project is named “eu-fr”. The user can enter: eu-de (",
    "wrong-project-id": "cannot enter a project with the id “0123456789abcdef0123456789abcdef”",
    "wrong-agency": "the agency “nobody” of the account “OTC0000”",
    "wrong-key": "did not accept the token or the access key",
    "wrong-endpoint": "No connection to 127.0.0.1 could be made",
    "wrong-path": "The gateway knows no such API: the endpoint or the region is probably wrong.",
    "wrong-region": "The cloud offers the service SDRS in eu-de, not in eu-nl.",
    "no-identity": "Signing in to the cloud did not succeed. No connection to 127.0.0.1 could be made",
    "untrusted": "The certificate of 127.0.0.1 is not trusted",
    "proxied": "The proxy asks for a sign-in (HTTP status 407)",
}


def clouds(cloud: SimulatedCloud, tls_port: int, silent_port: int) -> dict[str, Any]:
    """A clouds.yaml with one good entry and one for each mistake."""
    facts = describe(cloud)
    auth = {
        "auth_url": facts["iam"],
        "username": facts["user"],
        "password": facts["password"],
        "user_domain_name": facts["domain"],
        "project_name": facts["project"],
    }
    key = {"auth_url": facts["iam"], "ak": facts["access_key"], "project_id": facts["project_id"]}
    nowhere = {"sdrs_endpoint_override": "http://127.0.0.1:9", "region_name": "eu-de"}
    agency = {"agency_name": "nobody", "agency_domain_name": "OTC0000"}
    by_id = {name: word for name, word in auth.items() if name != "project_name"} | {"project_id": PROJECT_ID}
    return {
        "good": {"auth": auth},
        "second": {"auth": auth | {"project_name": "eu-de_second"}},
        "wrong-password": {"auth": auth | {"password": "canary"}},
        "wrong-domain": {"auth": auth | {"user_domain_name": "OTC0000"}},
        "wrong-project": {"auth": auth | {"project_name": "eu-fr"}},
        "wrong-project-id": {"auth": by_id},
        "wrong-agency": {"auth": auth | agency},
        "wrong-key": {"auth": key | {"sk": "canary"}, "sdrs_endpoint_override": facts["sdrs"]},
        "wrong-endpoint": {"auth": auth, **nowhere},
        "wrong-path": {"auth": auth, "sdrs_endpoint_override": f"{facts['sdrs']}/nothing-here"},
        "wrong-region": {"auth": auth, "region_name": "eu-nl"},
        "no-identity": {"auth": auth | {"auth_url": "http://127.0.0.1:9/v3"}},
        "untrusted": {"auth": auth | {"auth_url": f"https://127.0.0.1:{tls_port}/v3"}},
        "silent": {"auth": auth, "sdrs_endpoint_override": f"http://127.0.0.1:{silent_port}"},
        "proxied": {"auth": auth | {"auth_url": "https://iam.eu-de.example.com/v3"}},
    }


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[int, int, int]]:
    """Ports of a server whose certificate nobody vouches for, of one that never answers, of a proxy that refuses."""

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: ASYNC221  # before anything else runs
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    secure = await asyncio.start_server(refuse, "127.0.0.1", 0, ssl=tls)
    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    proxy = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with secure, silent, proxy:
        yield secure.sockets[0].getsockname()[1], silent.sockets[0].getsockname()[1], proxy.sockets[0].getsockname()[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evening]:
    folder = tmp_path_factory.mktemp("clouds")
    file = folder / "clouds.yaml"
    async with listening(folder) as (tls_port, silent_port, proxy_port):

        def furnish(cloud: SimulatedCloud) -> None:
            entries = clouds(cloud, tls_port, silent_port)
            file.write_text(yaml.safe_dump({"clouds": entries}))
            cloud.add_project("eu-de_second").add_group("pg-second", servers=[Server(name="second-db")])
            for project in cloud.world.projects.values():
                project.add_group("pg-twin")

        environment = {
            "OS_CLIENT_CONFIG_FILE": str(file),
            "OS_CLOUD": ",".join(["good", "second", "silent", *WRONG]),
            **dict.fromkeys(("SDRS_ENDPOINT", "ECS_ENDPOINT", "IMS_ENDPOINT"), ""),  # the catalogue tells them
            "HTTPS_PROXY": f"http://user:canary@127.0.0.1:{proxy_port}",
        }
        async with an_evening(furnish, over_http=True, environment=environment) as evening:
            yield evening


async def form_of(evening: Evening, project: str) -> Thing:
    """The form asks which project first."""
    asker = evening.newcomer()
    await evening.command(asker)
    first = await evening.see(lambda: evening.view_of(asker, "Project"))
    assert await asker.submit(first, {"project": project}) is None
    form = await evening.see(lambda: evening.view_of(asker, "Why now"))
    if "is not available" not in words_of(form):
        names = [one["text"]["text"] for one in (await asker.options(form, "group", "pg-"))["options"]]
        await asker.close(form)
        return {"names": names, "words": words_of(form)}
    await asker.close(form)
    return form


async def test_the_form_asks_for_the_project_and_shows_its_groups_only(evening: Evening) -> None:
    assert (await form_of(evening, "second"))["names"] == ["pg-second", "pg-twin"]
    assert "pg-erp" in (await form_of(evening, "good"))["names"]


async def chosen(evening: Evening, project: str, words: str) -> Thing:
    """The form after `/failover` with these words, once the project is chosen."""
    asker = evening.newcomer()
    await evening.command(asker, words)
    first = await evening.see(lambda: evening.view_of(asker, "Project"))
    assert await asker.submit(first, {"project": project}) is None
    form = await evening.see(lambda: evening.view_of(asker, "→"))
    await asker.close(form)
    return form


async def test_the_group_that_the_command_names_is_chosen_when_the_project_is(evening: Evening) -> None:
    form = await chosen(evening, "second", "pg-second")
    assert "BREAK-GLASS" not in words_of(form)
    second = next(one for one in evening.on.cloud.world.projects.values() if one.name == "eu-de_second")
    assert second.group("pg-second").id in form["private_metadata"]


async def test_break_glass_stays_break_glass_when_the_project_is_asked_first(evening: Evening) -> None:
    assert "BREAK-GLASS" in words_of(await chosen(evening, "second", "break-glass pg-second"))


async def test_a_project_whose_cloud_does_not_answer_is_waited_for_under_a_loading_view(evening: Evening) -> None:
    asker = evening.newcomer()
    await evening.command(asker)
    first = await evening.see(lambda: evening.view_of(asker, "Project"))
    assert await asker.submit(first, {"project": "silent"}) is None  # answered within Slack's three seconds
    form = await evening.see(lambda: evening.view_of(asker, "Why now"))
    assert "The list of groups is not available." in words_of(form)
    await asker.close(form)


async def test_check_looks_in_every_project_and_guesses_nothing(evening: Evening) -> None:
    asker = evening.newcomer()
    await evening.command(asker, "check pg-second")
    checked = await evening.see(lambda: evening.view_of(asker, "Nothing was requested."))
    assert "pg-second" in words_of(checked)
    await asker.close(checked)
    await evening.command(asker, "check pg-twin")
    told = words_of(await evening.see(lambda: evening.view_of(asker, "Nothing was checked")))
    assert "pg-twin in good (" in told
    assert "pg-twin in second (" in told


@pytest.mark.parametrize("project", WRONG)
async def test_a_wrong_identity_is_told_in_the_form_with_its_own_sentence(evening: Evening, project: str) -> None:
    words = words_of(await form_of(evening, project))
    assert WRONG[project] in words, words
    assert "Copy the id from the console" in words
    assert "canary" not in words


async def test_no_secret_is_in_the_log(evening: Evening) -> None:
    assert "canary" not in evening.on.bot.last_words(10_000)


async def test_a_list_that_is_down_is_shown_with_its_age(evening: Evening) -> None:
    evening.on.cloud.faults.add(Fault(match="GET /sdrs/.*/server-groups$", status=503))
    form = await form_of(evening, "good")
    assert "pg-erp" in form["names"]
    assert "List from 20" in form["words"]
