"""The signature check agrees with every published vector."""

import hashlib

import pytest

from bot.demo.sdrs.signature import (
    Sent,
    Signed,
    canonical_query,
    canonical_request,
    is_genuine,
    read_authorization,
    signature_of,
)

DATE = "20200608T023900Z"
HOST = "service.endpoint.myhuaweicloud.com"
GROUP_PATH = "/v1/0123456789abcdef0123456789abcdef/server-groups/40df180b-9fe2-471a-8c64-1b758dc84189/action"

# (what, secret, request, signed headers, signature)
VECTORS = [
    (
        "a GET with a query (huaweicloud-sdk-python-v3, tests/test_signer.py)",
        "SecretKey",
        Sent(
            method="GET",
            path="/resources",
            query="size=1",
            headers={"host": HOST, "x-sdk-date": DATE},
            body=b"",
        ),
        ("host", "x-sdk-date"),
        "cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842",
    ),
    (
        "a GET (Huawei Cloud, API Request Signing Guide)",
        "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
        Sent(
            method="GET",
            path="/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
            query="limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
            headers={
                "content-type": "application/json",
                "host": "service.region.example.com",
                "x-sdk-date": "20191115T033655Z",
            },
            body=b"",
        ),
        ("content-type", "host", "x-sdk-date"),
        "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
    ),
    (
        "a reversal with a project id",
        "SecretKey",
        Sent(
            method="POST",
            path=GROUP_PATH,
            query="",
            headers={
                "content-type": "application/json",
                "host": "sdrs.eu-de.otc.t-systems.com",
                "x-project-id": "0123456789abcdef0123456789abcdef",
                "x-sdk-date": "20260801T120000Z",
            },
            body=b'{"reverse-server-group":{"priority_station":"target"}}',
        ),
        ("content-type", "host", "x-project-id", "x-sdk-date"),
        "3e198ce2a62073ae30f20ede4e025d48aa7e43fb4968f0d079020c9c3ce30ab3",
    ),
]


@pytest.mark.parametrize(("what", "secret", "sent", "headers", "signature"), VECTORS)
def test_the_signature_agrees_with_the_published_vector_of(
    what: str, secret: str, sent: Sent, headers: tuple[str, ...], signature: str
) -> None:
    date = sent.headers["x-sdk-date"]
    assert signature_of(canonical_request(sent, headers), secret=secret, date=date) == signature


def test_the_canonical_request_of_the_guide_has_the_published_hash() -> None:
    _, _, sent, headers, _ = VECTORS[1]
    digest = hashlib.sha256(canonical_request(sent, headers).encode()).hexdigest()
    assert digest == "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"


def test_the_query_is_sorted_and_encoded_as_published() -> None:
    query = "path=/tmp/123&multi=3&multi=1&multi=2&limit=1&enable=true&test=%E4%B8%80%20(%26%3D?!%23%25.*)"
    assert canonical_query(query) == (
        "enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29"
    )


def test_a_changed_body_path_query_header_or_secret_is_not_genuine() -> None:
    _, secret, sent, headers, signature = VECTORS[2]
    signed = Signed(access="AccessKey", scope="", headers=headers, signature=signature)
    changed = {
        "body": Sent(method="POST", path=sent.path, query="", headers=sent.headers, body=b"{}"),
        "path": Sent(method="POST", path="/v1/x", query="", headers=sent.headers, body=sent.body),
        "query": Sent(method="POST", path=sent.path, query="a=1", headers=sent.headers, body=sent.body),
        "header": Sent(
            method="POST", path=sent.path, query="", headers={**sent.headers, "host": "evil"}, body=sent.body
        ),
    }
    assert is_genuine(sent, signed, secret)
    assert not is_genuine(sent, signed, "another")
    assert [name for name, other in changed.items() if is_genuine(other, signed, secret)] == []


def test_the_scoped_form_signs_its_scope_with_a_derived_key() -> None:
    scope = "20200608/eu-de/sdrs/sdk_request"
    _, secret, sent, headers, _ = VECTORS[0]
    signature = signature_of(canonical_request(sent, headers), secret=secret, date=DATE, scope=scope)
    said = f"SDK-HMAC-SHA256 Credential=AK/{scope}, SignedHeaders=host;x-sdk-date, Signature={signature}"

    signed = read_authorization(said)

    assert signed is not None
    assert (signed.access, signed.scope) == ("AK", scope)
    assert is_genuine(sent, signed, secret)


@pytest.mark.parametrize(
    "header", ["", "Basic abc", "SDK-HMAC-SHA256 Access=AK", "SDK-HMAC-SHA256 Access=AK/x, SignedHeaders=a"]
)
def test_an_authorization_that_is_no_signature_is_not_read(header: str) -> None:
    assert read_authorization(header) is None
