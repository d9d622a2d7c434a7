"""Builds every address from checked parts, so that no text of a person or a server can bend one."""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property, lru_cache
from urllib.parse import urlencode

import httpx
import yarl

from bot.cloud.access import Service

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"/v\d+(?:\.\d+)?(?:/(?P<project>[A-Za-z0-9_-]+))?/?$")
_IAM_LABEL = re.compile(r"iam(?:-[a-z]+)?")
_REGION = re.compile(r"eu-(?:de|nl|ch2)|[a-z]{2}-[a-z]+-\d+")
_OTC_REGIONS = frozenset({"eu-de", "eu-nl"})


class Address(httpx.URL):
    """Remembers what each call to it needs anew."""

    @cached_property
    def path(self) -> str:
        return super().path

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.netloc.decode()}"

    @cached_property
    def target(self) -> yarl.URL:
        """The same in aiohttp's words."""
        return yarl.URL(str(self), encoded=True)


def is_id(text: str) -> bool:
    """The form of every id of the cloud: ASCII letters, digits and hyphens."""
    return ID_PATTERN.fullmatch(text) is not None


def is_segment(text: str) -> bool:
    """Whether it may stand between two slashes of an address."""
    return _SEGMENT.fullmatch(text) is not None and ".." not in text


@lru_cache(maxsize=16384)  # thousands of jobs are looked at again and again, and a group several times
def join(root: str, *segments: str, params: tuple[tuple[str, str | int], ...] = ()) -> Address:
    """`root` plus path segments and what is asked. ValueError for a segment that is not a plain word."""
    if not all(map(is_segment, segments)):
        raise ValueError("not a plain path segment")
    address = "/".join((root.rstrip("/"), *segments))
    return Address(f"{address}?{urlencode(params)}" if params else address)


def root_of(url: str) -> tuple[str, str]:
    """An endpoint without version and project, and the project that it named: `…/v1/abc` gives (`…`, `abc`)."""
    match = _VERSION.search(url)
    return (url[: match.start()], match["project"] or "") if match else (url.rstrip("/"), "")


def flaw_of(url: str) -> str:
    """Why this may not be an endpoint; empty if it may."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return "is not an address"
    if parsed.scheme not in ("http", "https") or not parsed.host:
        return "must start with https:// and name a host"
    if parsed.userinfo or parsed.query or parsed.fragment:
        return "must hold no user, no password, no query and no fragment"
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        return "must use https (plain http only to this machine, 127.0.0.1 or localhost)"
    return ""


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def region_of(iam_root: str) -> str:
    """`eu-de` from `https://iam.eu-de.otc.t-systems.com`; empty when the host names none."""
    labels = httpx.URL(iam_root).host.split(".")
    has_region = len(labels) > 3 and _IAM_LABEL.fullmatch(labels[0]) and _REGION.fullmatch(labels[1])
    return labels[1] if has_region else ""


def region_in(project_name: str) -> str:
    """Projects are named after their region: `eu-de` and `eu-de_sub` lie in eu-de, `shop` tells nothing."""
    name = project_name.partition("_")[0]
    return name if _REGION.fullmatch(name) else ""


def iam_root_for(region: str) -> str:
    """Where the identity service of a region is, by the public naming of Open Telekom Cloud and Huawei Cloud."""
    base = "otc.t-systems.com" if region in _OTC_REGIONS else "myhuaweicloud.com"
    return f"https://iam.{region}.{base}" if region else f"https://iam.{base}"


def pattern_root(service: Service, *, iam_root: str, region: str) -> str:
    """The service beside the identity service, e.g. `https://sdrs.eu-de.otc.t-systems.com`; or empty."""
    labels = httpx.URL(iam_root).host.split(".")
    if not region or not _IAM_LABEL.fullmatch(labels[0]):
        return ""
    base = labels[2:] if labels[1] == region or _REGION.fullmatch(labels[1]) else labels[1:]
    return f"https://{service}.{region}.{'.'.join(base)}" if len(base) > 1 else ""


def belongs_to(iam_root: str, url: str) -> bool:
    """Whether a catalogue's address is of the same provider as the identity service, so that it may see a token."""
    ours, theirs = httpx.URL(iam_root), httpx.URL(url)
    if is_loopback(ours.host) or is_loopback(theirs.host):
        return is_loopback(ours.host) and is_loopback(theirs.host)
    return theirs.scheme == "https" and ours.host.split(".")[-2:] == theirs.host.split(".")[-2:]
