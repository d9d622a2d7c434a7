"""Signatures are compared with published vectors, and with a client that is not ours."""

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud.signing import Scope, canonical_query, sign

PROJECT = "0123456789abcdef0123456789abcdef"
GUIDE_KEY = {"access_key": "QTWAOYTTINDUT2QVKYUC", "secret_key": "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"}
SDK_KEY = {"access_key": "AccessKey", "secret_key": "SecretKey"}
SDK_HEADERS = {"Host": "service.endpoint.myhuaweicloud.com", "X-Sdk-Date": "20200608T023900Z"}


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        pytest.param(
            {**SDK_KEY, "method": "GET", "path": "/resources", "query": "size=1", "headers": SDK_HEADERS},
            "cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842",
            id="a read without a body",
        ),
        pytest.param(
            {
                **SDK_KEY,
                "method": "POST",
                "path": "/resources",
                "query": "size=1",
                "headers": SDK_HEADERS,
                "body": b'{"name":"test","id":1}',
            },
            "436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f",
            id="an order with a body",
        ),
        pytest.param(
            {
                **GUIDE_KEY,
                "method": "GET",
                "path": "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
                "query": "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
                "headers": {
                    "Content-Type": "application/json",
                    "Host": "service.region.example.com",
                    "X-Sdk-Date": "20191115T033655Z",
                },
            },
            "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
            id="the guide's example",
        ),
        pytest.param(
            {
                **SDK_KEY,
                "method": "POST",
                "path": f"/v1/{PROJECT}/server-groups/40df180b-9fe2-471a-8c64-1b758dc84189/action",
                "headers": {
                    "Host": "sdrs.eu-de.otc.t-systems.com",
                    "X-Sdk-Date": "20260801T120000Z",
                    "X-Project-Id": "0123456789abcdef0123456789abcdef",
                    "Content-Type": "application/json",
                },
                "body": b'{"reverse-server-group":{"priority_station":"target"}}',
            },
            "3e198ce2a62073ae30f20ede4e025d48aa7e43fb4968f0d079020c9c3ce30ab3",
            id="the planned failover",
        ),
    ],
)
def test_signature_matches_the_published_vector(request_, signature):
    assert sign(**request_).signature == signature


def test_canonical_request_of_the_guide_has_the_published_hash():
    import hashlib

    signed = sign(
        **GUIDE_KEY,
        method="GET",
        path="/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
        query="limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
        headers={
            "content-type": "application/json",
            "host": "service.region.example.com",
            "x-sdk-date": "20191115T033655Z",
        },
    )
    digest = hashlib.sha256(signed.canonical_request.encode()).hexdigest()
    assert digest == "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"


def test_query_is_sorted_and_encoded_like_the_published_one():
    pairs = [("limit", "1"), ("enable", "true"), ("test", "一 (&=?!#%.*)"), ("path", "/tmp/123")]
    pairs += [("multi", value) for value in "123"]
    assert canonical_query(pairs) == (
        "enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29"
    )


def test_signature_without_a_date_is_refused():
    with pytest.raises(KeyError, match="x-sdk-date"):
        sign(**SDK_KEY, method="GET", path="/", headers={"Host": "example.com"})


def test_headers_with_an_underscore_are_not_signed():
    with_one = sign(**SDK_KEY, method="GET", path="/", headers={**SDK_HEADERS, "X_Trace": "1"})
    assert with_one == sign(**SDK_KEY, method="GET", path="/", headers=SDK_HEADERS)


def test_scoped_signature_names_day_region_and_service():
    scope = Scope(region="eu-de", service="sdrs")
    signed = sign(**SDK_KEY, method="GET", path="/", headers=SDK_HEADERS, scope=scope)
    assert "Credential=AccessKey/20200608/eu-de/sdrs/sdk_request, SignedHeaders=host;x-sdk-date" in signed.authorization
    assert signed.signature != sign(**SDK_KEY, method="GET", path="/", headers=SDK_HEADERS).signature


values = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=8)


@given(
    method=st.sampled_from(["GET", "POST"]),
    segments=st.lists(st.text("abcXYZ019-_.~", min_size=1, max_size=8), max_size=4),
    query=st.dictionaries(st.text("abcdef", min_size=1, max_size=4), values, max_size=4),
    body=st.binary(max_size=40).map(lambda b: b.hex()),
)
def test_every_signature_equals_the_one_of_the_public_sdk(method, segments, query, body):
    path = "/" + "/".join(segments)
    theirs = SdkRequest(
        method=method,
        schema="https",
        host="sdrs.eu-de.otc.t-systems.com",
        resource_path=path,
        query_params=sorted(query.items()),
        header_params={"X-Sdk-Date": "20260801T120000Z", "Host": "sdrs.eu-de.otc.t-systems.com"},
        body=body,
    )
    Signer(BasicCredentials("AccessKey", "SecretKey")).sign(theirs)
    ours = sign(
        **SDK_KEY,
        method=method,
        path=path,
        query=canonical_query(query.items()),
        headers={"X-Sdk-Date": "20260801T120000Z", "Host": "sdrs.eu-de.otc.t-systems.com"},
        body=body.encode(),
    )
    assert theirs.header_params["Authorization"] == ours.authorization
