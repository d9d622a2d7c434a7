"""Image Management Service: what system an image holds.

Source: https://docs.otc.t-systems.com/image-management-service/api-ref/
"""

from __future__ import annotations

from bot.cloud import models
from bot.cloud.access import Service
from bot.cloud.addresses import is_id
from bot.cloud.session import Session

CACHE_SIZE = 2000


class Ims:
    """Reads raise CloudError. Images hardly change, so each is asked for once in a process."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, models.ImageFact | None] = {}

    async def image(self, image_id: str) -> models.ImageFact | None:
        """…/image_management/querying_images.html; None when the image is gone, which private images often are."""
        if not is_id(image_id):
            return None
        if image_id not in self._known:
            answer = await self._session.read(
                models.ImagesAnswer, "Reading an image", Service.IMS, "v2", "cloudimages", params={"id": image_id}
            )
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[image_id] = next((image for image in answer.images if image.id in (image_id, "")), None)
        return self._known[image_id]
