"""Text as it can be written down: JSON and command lines may carry half a surrogate pair, UTF-8 cannot."""

from __future__ import annotations


def whole(text: str) -> str:
    """Half a surrogate pair becomes `�`. Text from outside passes here before anything stores, sends or digests it."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
