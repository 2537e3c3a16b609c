import pytest

from app.core.errors import Problem
from app.unified.query import Query


def refusal(raw: bytes, read) -> Problem:
    with pytest.raises(Problem) as caught:
        query = Query(raw)
        read(query)
        query.finish()
    return caught.value


@pytest.mark.parametrize(
    "raw", [b"x[]=a&x[]=b", b"x[0]=a&x[1]=b", b"x=a&x=b", b"x=a,b", b"x=a%2Cb", b"x%5B%5D=a,b"]
)
def test_arrays_arrive_in_four_forms(raw: bytes) -> None:
    assert Query(raw).words("x") == ("a", "b")


def test_maps_keep_their_order_and_nesting() -> None:
    query = Query(
        b"remote_query[page_size]=7&remote_query[f][x]=1&remote_query[tag][]=a&remote_query[tag][]=b"
    )
    assert query.mapping("remote_query") == (("page_size", "7"), ("f[x]", "1"), ("tag", "a"), ("tag", "b"))


def test_an_empty_scalar_is_absent() -> None:
    query = Query(b"next_cursor=&limit=")
    assert query.text("next_cursor") is None
    assert query.number("limit", 100, 1, 200) == 100


def test_a_scalar_given_twice_is_refused() -> None:
    problem = refusal(b"limit=1&limit=2", lambda query: query.number("limit", 100, 1, 200))
    assert (problem.code, problem.extra["parameter"]) == ("duplicate_parameter", "limit")


def test_an_unknown_parameter_names_the_nearest() -> None:
    problem = refusal(b"limt=1&zzz=2", lambda query: query.text("limit"))
    assert problem.code == "unknown_parameter"
    assert problem.extra["did_you_mean"] == "limit"
    assert [error.pointer for error in problem.errors] == ["limt", "zzz"]


def test_a_large_number_is_clamped_and_a_wrong_one_refused() -> None:
    assert Query(b"limit=999999").number("limit", 100, 1, 200) == 200
    for wrong in (b"0", b"-1", b"1.5", b"1e2", b"ten", b"99999999999999999999", "٣".encode()):
        problem = refusal(b"limit=" + wrong, lambda query: query.number("limit", 100, 1, 200))
        assert problem.code == "parameter_invalid", wrong


@pytest.mark.parametrize("raw", [b"a=%ff", b"a=%00", b"%00=a", b"a=\xff", b"a=%1b"])
def test_what_is_not_text_is_refused(raw: bytes) -> None:
    assert refusal(raw, lambda query: query.text("a")).code == "parameter_invalid"


@pytest.mark.parametrize("raw", [b"[a]=1", b"a[b=1", b"a]b=1", b"=1", b"a[[b]]=1", b"a b=1"])
def test_what_is_no_name_is_refused(raw: bytes) -> None:
    assert refusal(raw, lambda query: query.text("a")).code == "unknown_parameter"


def test_a_list_for_a_scalar_is_refused() -> None:
    assert refusal(b"limit[]=5", lambda query: query.text("limit")).code == "parameter_invalid"


def test_plus_and_percent_mean_space_and_byte() -> None:
    assert Query(b"search=caf%C3%A9+au%2Blait").text("search") == "café au+lait"
