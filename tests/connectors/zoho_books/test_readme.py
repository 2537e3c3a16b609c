"""The connector's README tells what the rows say."""

from app.commands.docs import inserted, readme_of, told
from connectors.zoho_books import CONNECTOR


def test_the_coverage_table_is_up_to_date() -> None:
    page = readme_of(CONNECTOR).read_text()
    assert inserted(page, told(CONNECTOR)) == page, "run `ledgerway docs coverage`"


def test_every_resource_and_every_gap_is_in_it() -> None:
    page = readme_of(CONNECTOR).read_text()
    for (model, name), resource in CONNECTOR.resources.items():
        assert f"## {model}/{name}" in page
        for field, described in resource.describe()["fields"].items():
            assert f"`{field}`" in page
            if not described["supported"]:
                assert described["reason"] in page
