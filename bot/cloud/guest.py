"""What is known about the system inside a server: its OS, its credential, whether Cloudbase-Init runs there. Pure."""

from __future__ import annotations

from bot.cloud.models import ImageFact, ServerAction, ServerFact, is_yes
from bot.domain.facts import Credential, Known, Os

CLOUDBASE_INIT_TAG = "cloudbase-init"
WAVE_TAG = "dr-wave"
MAX_WAVE = 999


def os_of(server: ServerFact | None, image: ImageFact | None) -> tuple[Os, str]:
    """The OS and its name as the cloud writes it. The image knows best; a deleted one leaves the server's metadata."""
    kind = (image.os_type if image else "") or (server.meta("os_type") if server else "")
    names = [image.os_version, image.platform, image.name] if image else []
    names += [server.meta("image_name")] if server else []
    shown = next((name for name in names if name), kind)
    words = " ".join([kind, *names]).lower()
    if "coreos" in words:
        return Os.COREOS, shown
    match kind.lower():
        case "windows":
            return Os.WINDOWS, shown
        case "linux":
            return Os.LINUX, shown
        case _:
            return (Os.WINDOWS if "windows" in words else Os.UNKNOWN), shown


def cloudbase_init(os: Os, tag: str, server: ServerFact | None, image: ImageFact | None) -> Known:
    """The best evidence first: a person's word (the tag), what the image supports, whether it is a public one.

    `__support_fc_inject` is named the wrong way round: "true" means that the image does *not* take injected
    passwords and keys. Public Windows images carry Cloudbase-Init, some community ones do not.
    """
    if os in (Os.LINUX, Os.COREOS):
        return Known.NO
    if tag.strip().lower() in (Known.YES, Known.NO):
        return Known(tag.strip().lower())
    if image is not None and is_yes(image.support_fc_inject):
        return Known.NO
    kind = (server.meta("metering.imagetype") if server else "") or (image.image_type if image else "")
    name = (image.name if image else "") or (server.meta("image_name") if server else "")
    return Known.YES if kind == "gold" and not name.startswith("Community_") else Known.UNKNOWN


def credential_of(server: ServerFact | None) -> Credential:
    """How people sign in to the server that was production when its instance was created; its twin may not show it."""
    if server is None:
        return Credential.UNKNOWN
    return Credential.KEY_PAIR if server.key_name else Credential.PASSWORD


def started_before(actions: tuple[ServerAction, ...] | None) -> Known:
    """Whether a server was ever started, from its history; None is a history that could not be read."""
    if actions is None:
        return Known.UNKNOWN
    return Known.YES if any(entry.action.lower() in ("start", "os-start") for entry in actions) else Known.NO


def wave_of(tag: str) -> int:
    """The start order from a tag; 1 when it is no number."""
    return min(int(tag), MAX_WAVE) if tag.isascii() and tag.isdigit() and len(tag) < 6 else 1
