import pytest

from connectors.kit.faults import Fault, Kind
from connectors.zoho_books.field_names import definitions
from tests.support.scripted import CONTEXT, run


def test_a_flag_may_be_spelled_as_a_number() -> None:
    row = {"customfield_id": 7, "api_name": "cf_a", "label": "A", "data_type": "string", "is_mandatory": 1}
    (found,), provider = run(definitions("contact")(CONTEXT), [{"customfields": [row]}])
    assert provider.last.query == (("entity", "contact"),)
    assert (found["id"], found["type"], found["is_required"]) == ("7", "text", True)


@pytest.mark.parametrize(("kind", "seen"), [(Kind.NOT_FOUND, Kind.METHOD), (Kind.FORBIDDEN, Kind.FORBIDDEN)])
def test_a_list_nobody_has_is_no_missing_record(kind: Kind, seen: Kind) -> None:
    with pytest.raises(Fault) as fault:
        run(definitions("contact")(CONTEXT), [Fault(kind, 404)])
    assert fault.value.kind is seen
