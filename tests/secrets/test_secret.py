"""A secret shows itself to nobody who does not ask by name."""

import copy
import json
import logging
import pickle

import msgspec
import pytest
from pydantic import BaseModel

from app.core.secrets import Secret


class Holder(BaseModel):
    token: Secret


SECRET = Secret("hunter2")


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        "{} {!r}".format(*[SECRET] * 2),
        str([SECRET]),
        repr({"a": SECRET}),
        pickle.loads(pickle.dumps(SECRET)),
        repr(Holder(token=SECRET)),
        Holder(token=SECRET).model_dump_json(),
        str(Holder(token=SECRET).model_dump()),
    ],
)
def test_it_is_shown_as_a_word(shown: str) -> None:
    assert "hunter2" not in shown and "[secret]" in shown


def test_codecs_do_not_write_it() -> None:
    for encode in (json.dumps, msgspec.json.encode):
        with pytest.raises(TypeError) as caught:
            encode({"a": SECRET})
        assert "hunter2" not in str(caught.value)


def test_logs_do_not_write_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("x").warning("token %s", SECRET)
    assert "hunter2" not in caplog.text and "[secret]" in caplog.text


def test_reveal_is_the_way_out() -> None:
    assert SECRET.reveal() == b"hunter2"
    assert Holder.model_validate({"token": "hunter2"}).token == SECRET
    assert Secret(b"hunter2") == SECRET and Secret("other") != SECRET and SECRET != "hunter2"
    assert copy.deepcopy(SECRET) == SECRET and len({SECRET, Secret("hunter2")}) == 1
    assert not Secret("") and SECRET


def test_it_has_no_attribute_that_gives_it_away() -> None:
    assert not hasattr(SECRET, "__dict__")
    shown = [getattr(SECRET, name, None) for name in dir(SECRET) if not name.startswith("_")]
    assert "hunter2" not in str(shown)
