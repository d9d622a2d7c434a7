"""The answers of the Elastic Cloud Server and the Image Management Service.

Sources: https://docs.otc.t-systems.com/elastic-cloud-server/api-ref/,
https://docs.otc.t-systems.com/image-management-service/api-ref/
"""

from __future__ import annotations

from pydantic import AliasChoices, Field, field_validator

from bot.cloud.models.loose import Fact, Map, Text, is_yes, tally


class Flavor(Fact):
    """`vcpus` and `ram` (MiB) come as strings."""

    id: Text = ""
    vcpus: int | None = None
    ram: int | None = None


class ImageRef(Fact):
    id: Text = ""


class ServerFact(Fact):
    """An ECS. "Stopped" takes both `status` SHUTOFF and no `task_state`."""

    id: str
    name: Text = ""
    status: Text = ""
    task_state: str | None = Field(default=None, validation_alias=AliasChoices("OS-EXT-STS:task_state", "task_state"))
    zone: Text = Field(default="", validation_alias=AliasChoices("OS-EXT-AZ:availability_zone", "zone"))
    locked: bool | None = False
    key_name: str | None = None
    flavor: Flavor | None = None
    image: ImageRef | None = None
    metadata: Map = Field(default_factory=dict)

    @field_validator("image", "flavor", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value if isinstance(value, dict) else None

    def meta(self, key: str) -> str:
        value = self.metadata.get(key)
        return "" if value is None else str(value)

    @property
    def image_id(self) -> str:
        return self.meta("metering.image_id") or (self.image.id if self.image else "")

    @property
    def is_locked(self) -> bool:
        return bool(self.locked) or bool(self.meta("lockSource"))

    @property
    def is_frozen(self) -> bool:
        return self.meta("EcmResStatus").lower() == "freeze" or is_yes(self.meta("__system__frozen"))


class ServerAnswer(Fact):
    server: ServerFact

    @property
    def said(self) -> str:
        return f"{self.server.status} {self.server.task_state or ''}".strip()


class ServersAnswer(Fact):
    count: int | None = None
    items: tuple[ServerFact, ...] = Field(validation_alias="servers")

    @property
    def said(self) -> str:
        return tally(one.status for one in self.items)


class ServerAction(Fact):
    action: Text = ""
    start_time: Text = ""


class ServerActionsAnswer(Fact):
    actions: tuple[ServerAction, ...] = Field(validation_alias="instanceActions")


class ImageFact(Fact):
    """An image's own words about its system, each with two underscores in front."""

    id: Text = ""
    name: Text = ""
    os_type: Text = Field(default="", validation_alias="__os_type")
    platform: Text = Field(default="", validation_alias="__platform")
    os_version: Text = Field(default="", validation_alias="__os_version")
    image_type: Text = Field(default="", validation_alias="__imagetype")
    support_fc_inject: Text = Field(default="", validation_alias="__support_fc_inject")


class ImagesAnswer(Fact):
    images: tuple[ImageFact, ...]
