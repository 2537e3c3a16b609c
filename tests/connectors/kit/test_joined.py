"""Two collections behind one resource: lists with one cursor, records found on either side."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.kit.actions import Action
from connectors.kit.codec import DATE, ID, TEXT
from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.http import Reply, Request
from connectors.kit.joined import Joined
from connectors.kit.mapping import ALWAYS, CREATE, Table, computed, field, names, unmapped
from connectors.kit.operations import Filter, ListQuery, Op, Page, Sort
from connectors.kit.resource import Resource
from tests.support.driving import drive
from tests.support.scripted import CONTEXT, run
from unified_models.payments import Payment

payment = names(Payment)


def side(word: str, path: str, *, memo: bool, **more: Any) -> Resource:
    table = Table(
        Payment,
        (
            field(payment.id, "id", ID),
            computed(payment.payment_for, lambda native, ctx: word, write=CREATE),
            field(
                payment.reference, "ref", TEXT, write=ALWAYS, sort="ref" if memo else None,
                filters={Op.EQ: "ref"},
            ),
            field(payment.transaction_date, "date", DATE, write=ALWAYS, sort="date"),
            field(payment.memo, "memo", TEXT, write=ALWAYS, filters={Op.EQ: "memo"})
            if memo
            else unmapped(payment.memo, "keeps none"),
        ),
    )  # fmt: skip
    act = {"close": Action(name="close", doc="Closes it.", path=f"{path}/{{id}}/close")} if memo else {}
    return Resource(name="payments", path=path, one="one", many="rows", table=table, actions=act, **more)


IN, OUT = side("invoice", "/in", memo=True), side("bill", "/out", memo=False)
BOTH = Joined.over({"invoice": IN, "bill": OUT}, by="payment_for")
USUAL = Joined.over({"invoice": IN, "bill": OUT}, by="payment_for", usual="invoice")
GONE = Fault(Kind.NOT_FOUND, 404, "1002", "not there")


class Shelf:
    """A provider with numbered pages of both collections, sorted as asked."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = {f"/{name}": found for name, found in rows.items()}
        self.seen: list[str] = []

    def __call__(self, request: Request) -> Reply:
        query = dict(request.query)
        self.seen.append(request.path)
        rows = self.rows[request.path]
        if "sort_column" in query:
            back = query["sort_order"] == "D"
            rows = sorted(rows, key=lambda row: row[query["sort_column"]], reverse=back)
        size, page = int(query["per_page"]), int(query["page"])
        shown = rows[(page - 1) * size : page * size]
        return Reply(200, body={"rows": shown, "page_context": {"has_more_page": page * size < len(rows)}})


def listed(shelf: Callable[[Request], Reply], query: ListQuery, resource: Resource = BOTH) -> Page:
    return drive(resource.list(query, CONTEXT), shelf)


def ids(page: Page) -> list[str]:
    return [answer.record["id"] for answer in page.answers]


def rows(*spelled: str) -> list[dict[str, Any]]:
    """ "a3" is of the third."""
    return [{"id": each, "ref": each, "date": f"2026-01-{int(each[1:]):02d}"} for each in spelled]


@pytest.mark.parametrize(
    ("here", "there", "pages"),
    [
        (3, 4, [["a1", "a2"], ["a3", "b1"], ["b2"], ["b3", "b4"]]),
        (2, 3, [["a1", "a2"], ["b1", "b2"], ["b3"]]),
        (1, 1, [["a1", "b1"]]),
        (0, 3, [["b1", "b2"], ["b3"]]),
        (2, 0, [["a1", "a2"]]),
    ],
)
def test_sides_follow_each_other_under_one_cursor(here: int, there: int, pages: list[list[str]]) -> None:
    """The page on which one side ends is filled by the next."""
    sides = {
        "in": rows(*(f"a{n + 1}" for n in range(here))),
        "out": rows(*(f"b{n + 1}" for n in range(there))),
    }
    shelf = Shelf(**sides)
    page = listed(shelf, ListQuery(limit=2))
    found, backwards = [ids(page)], [page.previous]
    while page.next is not None:
        page = listed(shelf, ListQuery(limit=2, position=page.next))
        found.append(ids(page))
        backwards.append(page.previous)
    assert [page for page in found if page] == pages
    assert backwards[0] is None
    back = [ids(listed(shelf, ListQuery(limit=2, position=each))) for each in backwards if each is not None]
    assert back == found[:-1]
    words = {"a": "invoice", "b": "bill"}
    assert all(answer.record["payment_for"] == words[answer.record["id"][0]] for answer in page.answers)


def test_a_sides_pages_keep_their_size_after_a_filled_page() -> None:
    shelf = Shelf(**{"in": rows("a1"), "out": rows(*(f"b{n}" for n in range(1, 26)))})
    page, calls = listed(shelf, ListQuery(limit=10)), 0
    while page.next is not None:
        page, calls = listed(shelf, ListQuery(limit=10, position=page.next)), calls + 1
    assert (ids(page)[-1], calls) == ("b25", 3)


def test_an_empty_side_gives_no_empty_page() -> None:
    shelf = Shelf(**{"in": [], "out": rows("b1")})
    page = listed(shelf, ListQuery())
    assert (ids(page), page.next, page.previous) == (["b1"], None, None)
    assert listed(Shelf(**{"in": [], "out": []}), ListQuery()) == Page([], absent=page.absent)


def test_a_sorted_list_weaves_the_sides() -> None:
    shelf = Shelf(**{"in": rows("a1", "a4", "a5", "a9"), "out": rows("b2", "b3", "b6", "b7", "b8")})
    for descending in (False, True):
        query = ListQuery(limit=3, sort=Sort("transaction_date", descending))
        page = listed(shelf, query)
        found = ids(page)
        while page.next is not None:
            assert page.answers
            page = listed(shelf, ListQuery(limit=3, sort=query.sort, position=page.next))
            found += ids(page)
        expected = ["a1", "b2", "b3", "a4", "a5", "b6", "b7", "b8", "a9"]
        assert found == (expected[::-1] if descending else expected)


def test_a_filter_names_the_side() -> None:
    shelf = Shelf(**{"in": rows("a1"), "out": rows("b1")})
    only = listed(shelf, ListQuery(filters=(Filter("payment_for", Op.EQ, "bill"),)))
    assert (ids(only), shelf.seen) == (["b1"], ["/out"])
    assert ids(listed(shelf, ListQuery(), USUAL)) == ["a1"]
    both = Filter("payment_for", Op.IN, ("invoice", "bill"))
    assert ids(listed(shelf, ListQuery(filters=(both,)), USUAL)) == ["a1", "b1"]
    none = (Filter("payment_for", Op.EQ, "bill"), Filter("payment_for", Op.EQ, "invoice"))
    assert listed(shelf, ListQuery(filters=none)).answers == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        (ListQuery(filters=(Filter("memo", Op.EQ, "x"),)), "/memo"),
        (ListQuery(sort=Sort("reference")), "/sort_by/reference"),
        (ListQuery(filters=(Filter("payment_for", Op.EQ, "loan"),)), "/payment_for"),
        (ListQuery(position={"side": "loan"}), "/next_cursor"),
        (ListQuery(position={"invoice": 7}, sort=Sort("transaction_date")), "/next_cursor"),
    ],
)
def test_what_one_side_cannot_do_is_refused_before_any_call(query: ListQuery, pointer: str) -> None:
    with pytest.raises(Rejected) as refused:
        run(BOTH.list(query, CONTEXT))
    assert [error.pointer for error in refused.value.errors] == [pointer]
    shelf = Shelf(**{"in": rows("a1")})
    only = (*query.filters, Filter("payment_for", Op.EQ, "invoice"))
    if pointer in ("/memo", "/sort_by/reference"):
        assert listed(shelf, ListQuery(filters=only, sort=query.sort)).answers is not None


def test_a_record_is_looked_for_on_both_sides() -> None:
    answer, provider = run(BOTH.get("7", CONTEXT), [GONE, {"one": {"id": "7"}}])
    assert (answer.record["payment_for"], provider.calls) == ("bill", ["GET /in/7", "GET /out/7"])
    with pytest.raises(Fault) as gone:
        run(BOTH.get("7", CONTEXT), [GONE, GONE])
    assert gone.value is GONE
    _, provider = run(BOTH.on("bill").get("7", CONTEXT), [{"one": {"id": "7"}}])
    assert provider.calls == ["GET /out/7"]


def test_another_fault_is_no_reason_to_look_elsewhere() -> None:
    with pytest.raises(Fault) as fault:
        run(BOTH.get("7", CONTEXT), [Fault(Kind.MINUTE)])
    assert fault.value.kind is Kind.MINUTE


def test_a_write_goes_where_the_record_is() -> None:
    record = {"one": {"id": "7", "ref": "x"}}
    answer, provider = run(BOTH.update("7", {"reference": "x"}, CONTEXT), [GONE, record, record])
    assert (answer.outcome, provider.calls) == ("updated", ["PUT /in/7", "GET /out/7", "PUT /out/7"])
    _, provider = run(BOTH.delete("7", CONTEXT), [GONE, record, {}])
    assert provider.calls == ["DELETE /in/7", "GET /out/7", "DELETE /out/7"]


def test_a_change_only_one_side_can_take_starts_there() -> None:
    backwards = Joined.over({"bill": OUT, "invoice": IN}, by="payment_for")
    done = {"one": {"id": "7", "memo": "x"}}
    _, provider = run(backwards.update("7", {"memo": "x"}, CONTEXT), [done])
    assert provider.calls == ["PUT /in/7"]
    with pytest.raises(Rejected):
        run(backwards.update("7", {"memo": "x"}, CONTEXT), [GONE, {"one": {"id": "7"}}])
    with pytest.raises(Rejected):
        run(BOTH.update("7", {"amount": 1}, CONTEXT))


def test_an_action_runs_only_where_there_is_one() -> None:
    _, provider = run(BOTH.act("close", "7", {}, CONTEXT), [{}, {"one": {"id": "7"}}])
    assert provider.calls == ["POST /in/7/close", "GET /in/7"]
    with pytest.raises(Fault) as gone:
        run(BOTH.act("close", "7", {}, CONTEXT), [GONE])
    assert gone.value.kind is Kind.NOT_FOUND


def test_a_create_says_its_side() -> None:
    made = {"one": {"id": "7"}}
    for resource, body, path in ((BOTH, {"payment_for": "bill"}, "/out"), (USUAL, {}, "/in")):
        answer, provider = run(resource.create(body, CONTEXT), [made])
        assert (answer.outcome, provider.calls) == ("created", [f"POST {path}"])
    with pytest.raises(Rejected) as refused:
        run(BOTH.create({"reference": "x"}, CONTEXT))
    assert (refused.value.errors[0].code, refused.value.errors[0].pointer) == ("required", "/payment_for")
    with pytest.raises(Rejected) as refused:
        run(BOTH.create({"payment_for": "loan"}, CONTEXT))
    assert refused.value.errors[0].allowed == ("invoice", "bill")


def test_ids_tell_the_side_where_their_patterns_do() -> None:
    tags, places = (
        side("invoice", "/in", memo=True, ids="[0-9]+"),
        side("bill", "/out", memo=False, ids="loc_.+"),
    )
    joined = Joined.over({"invoice": tags, "bill": places}, by="payment_for")
    _, provider = run(joined.get("loc_1", CONTEXT), [{"one": {"id": "loc_1"}}])
    assert provider.calls == ["GET /out/loc_1"]
    with pytest.raises(Fault) as gone:
        run(joined.get("x", CONTEXT))
    assert gone.value.kind is Kind.NOT_FOUND


def test_it_describes_what_any_side_can() -> None:
    told = BOTH.describe()
    assert told["filters"]["payment_for"] == ["eq", "in"]
    assert told["filters"] == {"payment_for": ["eq", "in"], "reference": ["eq"]}
    assert told["sort"] == ["transaction_date"]
    usual = USUAL.describe()
    assert (usual["filters"]["memo"], usual["sort"]) == (["eq"], ["reference", "transaction_date"])
    assert "memo" not in BOTH.filters
    assert BOTH.narrowed("invoice").filters["memo"] == {Op.EQ}
    assert BOTH.narrowed("loan") is BOTH.narrowed(None) is BOTH
    assert IN.narrowed("invoice") is IN
    assert told["side"] == {"field": "payment_for", "default": None}
    assert told["sides"]["bill"]["fields"]["memo"] == {"supported": False, "reason": "keeps none"}
    assert told["fields"]["memo"]["supported"]
