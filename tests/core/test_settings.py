"""Settings: what each mode accepts, and messages that name the variable and hide its value."""

import json

import pytest

from app.core.connectors import ConnectorSettings, connector_settings
from app.core.settings import Settings, SettingsError, load_settings, origin_of
from connectors.kit.auth import Client, DataCenter
from connectors.kit.limits import Budget, Limits
from connectors.kit.registry import load

CONNECTOR = load()[0]
PREFIX = CONNECTOR.settings_prefix
CENTERS = f"LEDGERWAY_{PREFIX}_DATA_CENTERS"
LIMITS = f"LEDGERWAY_{PREFIX}_LIMITS"
LOCAL = "http://127.0.0.1:9001"
HOST = CONNECTOR.auth.hosts[0].lstrip(".")


def own(mode: str = "development") -> ConnectorSettings:
    return connector_settings(Settings(mode=mode), PREFIX)  # pyright: ignore[reportArgumentType]


def centers(monkeypatch: pytest.MonkeyPatch, **doors: str) -> None:
    monkeypatch.setenv(
        CENTERS, json.dumps({name: {"accounts": url, "api": url} for name, url in doors.items()})
    )


def test_an_empty_machine() -> None:
    settings = load_settings()
    assert settings.mode == "development" and settings.public_url == "http://127.0.0.1:8080"
    assert settings.database_url.get_secret_value() == "sqlite:///./data/ledgerway.db"


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGERWAY_PUBLIC_URL", "https://gateway.example/")
    monkeypatch.setenv("LEDGERWAY_RETURN_URLS", "https://a.example/x, https://b.example")
    monkeypatch.setenv("LEDGERWAY_EGRESS_ALLOW", "10.0.0.0/8")
    settings = load_settings()
    assert settings.public_url == "https://gateway.example" and settings.secure
    assert settings.return_urls == ("https://a.example/x", "https://b.example")
    assert str(settings.egress_networks[0]) == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEDGERWAY_MODE", "hidden"),
        ("LEDGERWAY_PUBLIC_URL", "ftp://hidden"),
        ("LEDGERWAY_PUBLIC_URL", "https://user:hidden@x.example"),
        ("LEDGERWAY_EGRESS_ALLOW", "hidden"),
        ("LEDGERWAY_EXPORT_STORES", "s3://bucket/hidden,s3://user:hidden@bucket"),
        ("LEDGERWAY_BODY_LIMIT", "hidden"),
    ],
)
def test_the_message_names_the_variable_not_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert name in str(caught.value) and "hidden" not in str(caught.value)


def test_the_database_password_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGERWAY_DATABASE_URL", "postgres://u:hidden@h/d")
    assert "hidden" not in repr(load_settings())


def test_clients_by_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"LEDGERWAY_{PREFIX}_CLIENT_ID", "1000.X")
    assert own().client("us") is None
    monkeypatch.setenv(f"LEDGERWAY_{PREFIX}_CLIENT_SECRET", "hidden-one")
    monkeypatch.setenv(f"LEDGERWAY_{PREFIX}_CLIENT_SECRET_EU", "hidden-two")
    settings = own()
    assert settings.client("us") == Client("1000.X", "hidden-one")
    assert settings.client("eu") == Client("1000.X", "hidden-two")
    assert "hidden" not in repr(settings)


def test_data_centers_on_loopback_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    centers(monkeypatch, eu=f"{LOCAL}/", test="http://localhost:1")
    settings = own()
    assert settings.data_centers is not None
    assert settings.data_centers["eu"] == DataCenter("eu", LOCAL, LOCAL)
    merged = settings.overlay(CONNECTOR.auth.data_centers)
    assert list(merged)[:2] == ["eu", "test"]  # the table's first was not set, so these come first
    assert merged["eu"].api == LOCAL and merged["us"] == CONNECTOR.auth.data_centers["us"]
    centers(monkeypatch, eu=LOCAL, us=LOCAL)
    assert next(iter(own().overlay(CONNECTOR.auth.data_centers))) == "us"


@pytest.mark.parametrize(
    ("mode", "url"),
    [
        ("development", "http://192.168.1.5:9001"),
        ("development", "https://evil.example"),
        ("development", f"https://{HOST}.evil.example"),
        ("development", f"http://{HOST}"),
        ("development", f"https://evil{HOST}"),
        ("production", LOCAL),
        ("production", f"http://x.{HOST}"),
        ("production", "https://evil.example"),
        ("production", f"https://user:hidden@x.{HOST}"),
        ("production", f"https://x.{HOST}/path"),
    ],
)
def test_hosts_that_are_not_the_providers(monkeypatch: pytest.MonkeyPatch, mode: str, url: str) -> None:
    centers(monkeypatch, new=url)
    with pytest.raises(SettingsError) as caught:
        own(mode)
    assert CENTERS in str(caught.value) and "hidden" not in str(caught.value)


def test_production_takes_additional_centers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    centers(monkeypatch, new=f"https://x.{HOST}")
    found = own("production").data_centers
    assert found is not None and found["new"].api == f"https://x.{HOST}"
    centers(monkeypatch, us=f"https://x.{HOST}")
    with pytest.raises(SettingsError, match="built in"):
        own("production")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"us": 1}', '{"us": {"accounts": "x"}}', '{"U S": {"accounts": "a", "api": "b"}}'],
)
def test_data_centers_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(CENTERS, text)
    with pytest.raises(SettingsError, match=CENTERS):
        own()


def test_limits_in_development_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMITS, '{"minute": 5, "concurrent": 2, "day": 50}')
    budget = Budget(Limits(1, 1, 1), {}, lambda _: None)
    assert own().budget(budget, None) == Limits(5, 2, 50)
    with pytest.raises(SettingsError, match=LIMITS):
        own("production")


@pytest.mark.parametrize("text", ["{", '{"minute": 1}', '{"minute": true, "concurrent": 1, "day": 1}'])
def test_limits_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(LIMITS, text)
    with pytest.raises(SettingsError, match=LIMITS):
        own()


def test_without_settings_the_plan_decides() -> None:
    budget = Budget(Limits(1, 1, 1), {"big": Limits(9, 9, 9)}, lambda _: None)
    assert own().budget(budget, "Big") == Limits(9, 9, 9)


@pytest.mark.parametrize(
    ("given", "origin"),
    [("HTTPS://A.example:443/", "https://a.example:443"), ("http://[::1]:5", "http://[::1]:5")],
)
def test_origins(given: str, origin: str) -> None:
    assert origin_of(given) == origin
