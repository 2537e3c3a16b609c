"""The code of a country, by any of its codes and names."""

import pytest

from connectors.kit.countries import code_of


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("DE", "DE"), ("deu", "DE"), ("Germany", "DE"), ("U.S.A", "US"), ("USA", "US"), ("United States", "US"),
        ("India", "IN"), (" united kingdom ", "GB"), ("UK", "GB"), ("Côte d’Ivoire", "CI"), ("Türkiye", "TR"),
        ("Trinidad & Tobago", "TT"), ("United Arab Emirates", "AE"), ("Guinea-Bissau", "GW"),
    ],
)  # fmt: skip
def test_a_country_has_one_code(told: str, code: str) -> None:
    assert code_of(told) == code


@pytest.mark.parametrize("told", ["", "Atlantis", None, 7, {}])
def test_what_is_no_country_has_none(told: object) -> None:
    assert code_of(told) is None
