"""A browser without a screen: keeps cookies, follows redirects, submits the one form of a page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

_LONGEST_WALK = 20


@dataclass
class Form:
    """A form as a person sees it: where it goes, what it already holds, and what can be chosen."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict[str, str])
    choices: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    buttons: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.data: dict[str, str] = {}
        self._form: Form | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        self.data |= {
            name.removeprefix("data-"): value for name, value in at.items() if name.startswith("data-")
        }
        if tag == "form":
            self._form = Form(action=at.get("action", ""))
            self.forms.append(self._form)
        if self._form is None:
            return
        name, value = at.get("name", ""), at.get("value", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self._choose(self._form, self._select, value, "selected" in at)
        elif tag == "button" and name:
            self._form.buttons.append((name, value))
        elif tag == "input" and name:
            if at.get("type") in ("radio", "checkbox"):
                self._choose(self._form, name, value or "on", "checked" in at)
            elif at.get("type") == "submit":
                self._form.buttons.append((name, value))
            else:
                self._form.fields[name] = value

    @staticmethod
    def _choose(form: Form, name: str, value: str, chosen: bool) -> None:
        form.choices.setdefault(name, []).append(value)
        if chosen or name not in form.fields:
            form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None


@dataclass
class Page:
    """What is on the screen now. `data` holds every `data-*` attribute of the page."""

    url: str
    status: int
    text: str
    forms: list[Form]
    data: dict[str, str]

    @property
    def form(self) -> Form:
        if len(self.forms) != 1:
            raise WalkFailed(
                f"{self.url} (status {self.status}) offers {len(self.forms)} forms, one was expected"
            )
        return self.forms[0]


class WalkFailed(Exception):
    """The pages did not lead where a person would expect."""


class Browser:
    """Walks pages over HTTP. `stop_at` is an address prefix that ends the walk unopened."""

    def __init__(self, stop_at: str | None = None) -> None:
        self._client = httpx.Client(follow_redirects=False, timeout=30, trust_env=False)
        self._stop_at = stop_at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def cookies(self) -> dict[str, str]:
        """What the pages have stored so far."""
        return dict(self._client.cookies)

    def open(self, url: str) -> Page:
        return self._arrive(self._client.get(url))

    def submit(self, page: Page, *, button: tuple[str, str] | None = None, **chosen: str) -> Page:
        """Send the page's form as it stands, with some fields changed and maybe a named button pressed."""
        fields = page.form.fields | chosen | (dict([button]) if button else {})
        return self._arrive(self._client.post(urljoin(page.url, page.form.action or page.url), data=fields))

    def _arrive(self, answer: httpx.Response) -> Page:
        for _ in range(_LONGEST_WALK):
            if not answer.is_redirect:
                reader = _Reader()
                reader.feed(answer.text)
                return Page(str(answer.url), answer.status_code, answer.text, reader.forms, reader.data)
            target = urljoin(str(answer.url), answer.headers["location"])
            if self._stop_at and target.startswith(self._stop_at):
                return Page(target, answer.status_code, "", [], {})
            if urlsplit(target).scheme not in ("http", "https"):
                raise WalkFailed(f"{answer.url} redirects to {target}")
            answer = self._client.get(target)
        raise WalkFailed(f"{answer.url}: too many redirects")
