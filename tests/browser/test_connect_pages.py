"""The connect flow in a real browser on a phone: what a person needs to see, reach and read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import Admin
from tests.support.chromium import Tab, binary
from tests.support.product import Product

pytestmark = pytest.mark.skipif(binary() is None, reason="Chromium is not on this machine")

PHONE, SMALL, DESK = (390, 844), (320, 640), (1280, 800)

CONTRASTS = """
(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = parts(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const texts = [...document.body.querySelectorAll('*')]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.offsetParent);
  return texts.map((e) => {
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    return [e.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
  });
})()
"""
"""[text, contrast] of everything written on the page."""


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Tab]:
    with Tab(tmp_path / "profile", width=PHONE[0], height=PHONE[1]) as tab:
        yield tab


def is_usable(tab: Tab, *buttons: str) -> None:
    """Language, one heading first, named controls, nothing beside the screen, readable in either scheme."""
    assert tab.look("document.documentElement.lang") == "en"
    assert tab.look("document.title.length > 3")
    assert tab.look("document.querySelectorAll('h1').length") == 1
    assert tab.look("document.querySelectorAll('main').length") == 1
    assert tab.look("document.querySelectorAll('form').length") <= 1
    named = tab.named()
    assert [name for role, name in named if role == "button"] == list(buttons)
    unnamed = [role for role, name in named if role in ("button", "link", "radio", "checkbox") and not name]
    assert unnamed == []
    for width, height in (SMALL, PHONE, DESK):
        tab.resize(width, height)
        assert tab.look("document.documentElement.scrollWidth <= innerWidth"), f"cut off at {width}"
    tab.resize(*PHONE)
    small = tab.look(
        "[...document.querySelectorAll('button, label.choice, a')].filter((e) => e.offsetHeight < 24).length"
    )
    assert small == 0, "too small for a finger"
    for dark in (False, True):
        tab.resize(*PHONE, dark=dark)
        pale = [(text, ratio) for text, ratio in tab.look(CONTRASTS) if ratio < 4.5]
        assert pale == [], f"hard to read, dark={dark}"
    tab.resize(*PHONE)


def focus_by_keyboard(tab: Tab, tag: str) -> None:
    """Tab until an element of `tag` has the focus, visibly."""
    for _ in range(20):
        tab.key("Tab", code=9)
        if tab.look("document.activeElement.tagName") == tag.upper():
            assert tab.look("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no {tag} can be reached")


def sign_in(tab: Tab, user: str, decision: str = "accept") -> None:
    """What a person does at the provider."""
    tab.tap(f'input[value="{user}"]')
    tab.leave(lambda: tab.tap(f'button[value="{decision}"]'))


def test_one_organisation_without_scripts_and_by_keyboard(product: Product, phone: Tab) -> None:
    phone.without_scripts()
    phone.open(product.link("phone"))
    is_usable(phone, "Continue to Zoho Books")
    assert "tests" in phone.look("document.querySelector('.who').textContent"), "who asks"
    assert phone.look("document.querySelectorAll('li').length") > 0, "what is granted"
    focus_by_keyboard(phone, "button")
    phone.leave(lambda: phone.key("Enter", code=13, text="\r"))
    assert phone.url.startswith(product.sandbox.origin("us"))
    sign_in(phone, "dana@us.example")
    assert phone.look("document.body.dataset.result") == "success"
    is_usable(phone)
    [account] = product.accounts("phone")
    assert account["organization"]["name"] in phone.look("document.body.innerText")


def test_choosing_among_several(product: Product, phone: Tab, tmp_path: Path) -> None:
    phone.open(product.link("chooser", companies="many"))
    phone.leave(lambda: phone.tap("button"))
    sign_in(phone, "sam@us.example")
    assert phone.url.endswith("/connect-account/organizations"), "the code is no longer in the address"
    is_usable(phone, "Connect")
    named = phone.named()
    assert [name for role, name in named if role == "group"] == ["Your organisations"]
    boxes = [name for role, name in named if role == "checkbox"]
    assert len(boxes) == 2 and all("USD" in name for name in boxes)

    phone.tap("label.choice:has(:checked)")
    phone.leave(lambda: phone.tap("button"))
    assert phone.look("document.querySelector('[role=alert]').textContent") == (
        "Choose the organisation to connect."
    )
    is_usable(phone, "Connect")

    phone.tap("label.choice:nth-of-type(1)")
    phone.tap("label.choice:nth-of-type(2)")
    phone.leave(lambda: phone.tap("button"))
    assert phone.look("document.body.dataset.result") == "success"
    assert len(product.accounts("chooser")) == 2
    phone.picture(tmp_path / "done.png")
    assert (tmp_path / "done.png").read_bytes().startswith(b"\x89PNG")


def test_declining_and_trying_again(product: Product, phone: Tab) -> None:
    phone.open(product.link("wavers", redirect_uri="http://127.0.0.1:9/back"))
    phone.leave(lambda: phone.tap("button"))
    sign_in(phone, "dana@us.example", "deny")
    is_usable(phone, "Try again")
    assert phone.look("document.querySelector('a.back').href").startswith(
        "http://127.0.0.1:9/back?result=error"
    )
    phone.leave(lambda: phone.tap("button"))
    assert phone.url.startswith(product.sandbox.origin("us")), "a browser's own headers pass our checks"


def test_a_dead_link_says_what_to_do(product: Product, phone: Tab) -> None:
    phone.open(f"{product.bases[0]}/connect-account?link_token=lwl_nonsense")
    is_usable(phone)
    assert "new one" in phone.look("document.body.innerText")


def test_a_page_elsewhere_cannot_start_a_flow(product: Product, phone: Tab, admin: Admin) -> None:
    url = product.link("tricked")
    phone.open(url)
    csrf = phone.look("document.querySelector('[name=csrf]').value")
    html = (
        f"<form method=post action='{product.bases[0]}/connect-account'>"
        f"<input name=csrf value='{csrf}'>"
        f"<input name=link_token value='{url.partition('link_token=')[2]}'></form>"
    )
    phone.open(f"{product.sandbox.origin('us')}/nowhere")
    before = admin.last()
    phone.leave(lambda: phone.look(f"document.body.innerHTML = {html!r}; document.forms[0].submit()"))
    assert phone.look("document.body.dataset.code") == "csrf_failed"
    assert admin.calls(after=before, server="accounts") == []
