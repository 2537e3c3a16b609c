"""Signatures, against the rules that receivers verify by, written down here once more."""

import base64
import hashlib
import hmac

import pytest

from app.webhooks import signing

OLD, NEW = signing.new_secret(), signing.new_secret()


class Refused(Exception):
    pass


def verify(secret: str, headers: dict[str, str], body: bytes, now: int) -> None:
    """What a receiver does: the clock within five minutes, and one signature of version 1 that is right."""
    kind, _, encoded = secret.partition("_")
    assert kind == "whsec"
    key = base64.b64decode(encoded, validate=True)
    assert 24 <= len(key) <= 64
    if abs(now - int(headers["webhook-timestamp"])) > 300:
        raise Refused("too old or too new")
    content = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    right = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    for given in headers["webhook-signature"].split(" "):
        version, _, signature = given.partition(",")
        if version == "v1" and hmac.compare_digest(signature, right):
            return
    raise Refused("no signature is right")


def test_the_published_example() -> None:
    """Of the Standard Webhooks documents."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [secret])
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("body", [b"{}", b"", '{"name":"Bücher, Größe, 價格"}'.encode(), b"x" * 20_480])
def test_each_secret_verifies(body: bytes) -> None:
    made = signing.headers("evt_1", 1_700_000_000, body, [NEW, OLD])
    assert made["webhook-id"] == "evt_1" and made["webhook-timestamp"] == "1700000000"
    for secret in (NEW, OLD):
        verify(secret, made, body, 1_700_000_100)
    for secret, sent, now in (
        (signing.new_secret(), body, 1_700_000_000),
        (NEW, body + b" ", 1_700_000_000),
        (NEW, body, 1_700_000_301),
    ):
        with pytest.raises(Refused):
            verify(secret, made, sent, now)
    with pytest.raises(Refused):
        verify(NEW, made | {"webhook-id": "evt_2"}, body, 1_700_000_000)


def test_the_other_header_signs_the_body_with_the_newest_secret() -> None:
    made = signing.headers("evt_1", 1, b'{"a":1}', [NEW, OLD])["X-Truto-Signature"]
    assert made == "format=sha256,v=" + hmac.new(NEW.encode(), b'{"a":1}', hashlib.sha256).hexdigest()


def test_secrets_are_long_and_never_the_same() -> None:
    made = {signing.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made} == {32}
