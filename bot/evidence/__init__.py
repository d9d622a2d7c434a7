"""The evidence of a request: all that is known of it as one list, told so that a stranger to the case can follow."""

from bot.evidence.case import Case, gather
from bot.evidence.item import Item, as_csv, as_jsonl, stamp
from bot.evidence.items import guide, items_of, record_item, who

__all__ = ["Case", "Item", "as_csv", "as_jsonl", "gather", "guide", "items_of", "record_item", "stamp", "who"]
