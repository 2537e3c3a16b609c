"""Tracking categories: reporting tags with their options, and locations."""

from connectors.kit.http import Flow
from connectors.kit.joined import Joined
from connectors.kit.operations import Context, Record
from connectors.zoho_books import locations, reporting_tags


class TrackingCategories(Joined):
    """A new category is a tag unless it says otherwise."""

    def choose(self, body: Record, ctx: Context) -> Flow[str]:
        return "tag"
        yield


RESOURCE = TrackingCategories.over(
    {"tag": reporting_tags.RESOURCE, "location": locations.RESOURCE}, by="category_type"
)
