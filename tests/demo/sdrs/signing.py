"""Signs requests with the vendor's published signer, so that the simulated cloud is not checked against itself."""

from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer


async def signed_request(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    access_key: str,
    secret_key: str,
    at: datetime,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> httpx.Response:
    parts = urlsplit(url)
    said = {"X-Sdk-Date": at.strftime("%Y%m%dT%H%M%SZ"), "Content-Type": "application/json"}
    request = SdkRequest(
        method=method,
        schema=parts.scheme,
        host=parts.netloc,
        resource_path=parts.path,
        query_params=parse_qsl(parts.query),
        header_params=said | (headers or {}),
        body=body.decode(),
    )
    signed = Signer(BasicCredentials(access_key, secret_key, "unused")).sign(request)
    return await http.request(method, url, headers=signed.header_params, content=body)
