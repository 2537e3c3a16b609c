from typing import Any

import pytest

from connectors.kit.arrays import check_lines, merged
from connectors.kit.faults import FieldError, Rejected

PRESENT = [{"id": "1", "name": "a", "skype": "x"}, {"id": "2", "name": "b"}]


def merge(*changes: tuple[dict[str, Any], bool]) -> tuple[list[dict[str, Any]], list[FieldError]]:
    errors: list[FieldError] = []
    return merged(PRESENT, changes, ("id", "name"), "/people", errors), errors


def test_an_element_keeps_what_a_change_does_not_name() -> None:
    assert merge(({"id": "1", "name": "c"}, False)) == (
        [{"id": "1", "name": "c", "skype": "x"}, PRESENT[1]],
        [],
    )


def test_elements_without_a_key_are_added_and_the_rest_stay() -> None:
    assert merge(({"phone": "3"}, False))[0] == [*PRESENT, {"phone": "3"}]


def test_a_second_key_finds_too() -> None:
    assert merge(({"name": "b", "phone": "3"}, False))[0][1] == {"id": "2", "name": "b", "phone": "3"}


def test_deletion_removes_one() -> None:
    assert merge(({"id": "1"}, True)) == ([PRESENT[1]], [])


@pytest.mark.parametrize("deleted", [True, False])
def test_an_unknown_id_is_named(deleted: bool) -> None:
    _, errors = merge(({"id": "9"}, deleted))
    assert [(error.code, error.pointer) for error in errors] == [("reference_not_found", "/people/0")]


def test_the_present_list_is_not_touched() -> None:
    merge(({"id": "1", "name": "changed"}, False), ({"id": "2"}, True))
    assert PRESENT == [{"id": "1", "name": "a", "skype": "x"}, {"id": "2", "name": "b"}]


def test_a_complete_list_may_change_add_and_reorder() -> None:
    check_lines(PRESENT, [{"id": "2"}, {"name": "new"}, {"id": "1"}], "/lines", replace=False)


def test_a_complete_list_may_not_lose_a_line_unless_that_is_said() -> None:
    with pytest.raises(Rejected, match=r"2 \(b\)"):
        check_lines(PRESENT, [{"id": "1"}], "/lines", replace=False)
    check_lines(PRESENT, [{"id": "1"}], "/lines", replace=True)
    with pytest.raises(Rejected, match="no line 9"):
        check_lines(PRESENT, [{"id": "9"}], "/lines", replace=True)
