"""The accounts server's pages: one to consent on, one to say what is wrong with the request."""

from collections.abc import Mapping, Sequence

from jinja2 import Environment, StrictUndefined

from .grants import Denied
from .people import Client, User
from .wire import HTML, Reply

_LAYOUT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{ title }}</title>
<style>
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f3f4f6;color:#1f2430}
main{max-width:27rem;margin:0 auto;padding:1.5rem 1rem 3rem}
.card{background:#fff;border:1px solid #dde0e6;border-radius:12px;padding:1.5rem;margin-top:1rem}
.place{font-size:.8rem;color:#5c6370;letter-spacing:.04em;text-transform:uppercase}
h1{font-size:1.3rem;line-height:1.3;margin:.25rem 0 1rem;overflow-wrap:anywhere}
h2,legend{font-size:.9rem;font-weight:600;margin:1.25rem 0 .5rem;padding:0}
ul{margin:0;padding-left:1.2rem}li{overflow-wrap:anywhere}
fieldset{border:0;margin:0;padding:0}
label{display:flex;gap:.75rem;align-items:center;padding:.6rem .75rem;border:1px solid #dde0e6;
 border-radius:8px;margin-bottom:.5rem;cursor:pointer}
label:has(:checked){border-color:#1858c9;background:#f0f5ff}
summary{padding:.6rem 0;cursor:pointer;color:#5c6370}
small{display:block;color:#5c6370;overflow-wrap:anywhere}
.choice{display:flex;gap:.75rem;margin-top:1.5rem}
button{flex:1;font:inherit;font-weight:600;padding:.75rem;border-radius:8px;border:1px solid #b9bec8;
 background:#fff;color:inherit;cursor:pointer;min-height:44px}
button[value=accept]{background:#1858c9;border-color:#1858c9;color:#fff}
:focus-visible{outline:3px solid #8db4ff;outline-offset:2px}
@media (prefers-color-scheme:dark){body{background:#15181e;color:#e8eaee}.card{background:#1e222a}
.card,label,button{border-color:#3a404c}button{background:#262b35}label:has(:checked){background:#1d2a44}
.place,small,summary{color:#a3a9b5}}
</style></head><body><main><div class="card">
<div class="place">Zoho Accounts · sandbox · {{ location }}</div>
"""

_CONSENT = """{% macro choice(user) %}<label><input type="radio" name="user" value="{{ user.email }}"
 {%- if user == chosen %} checked{% endif %} required>
<span>{{ user.name }}<small>{{ user.email }} · {{ user.location }} ·
 {{ user.organizations | length }} organisation{{ "" if user.organizations | length == 1 else "s" }}</small></span>
</label>
{% endmacro %}<h1>{{ client.name }} would like to access your data</h1>
<form method="post" action="/oauth/v2/auth">
{% for name, value in hidden.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}<fieldset><legend>Continue as</legend>
{% for user in users if user.location == location %}{{ choice(user) }}{% endfor %}
<details{% if chosen.location != location %} open{% endif %}><summary>Somebody in another data centre</summary>
{% for user in users if user.location != location %}{{ choice(user) }}{% endfor %}</details></fieldset>
<h2>It asks for</h2><ul>{% for scope in scopes %}<li>{{ scope }}</li>{% endfor %}</ul>
{% if offline %}<p><small>It may act while you are away.</small></p>{% endif %}
<div class="choice"><button name="decision" value="accept">Accept</button>
<button name="decision" value="deny">Reject</button></div></form>
"""

_ERROR = """<h1>{{ headline }}</h1><p>{{ advice }}</p><p><small>error: {{ error }}</small></p>
"""

_END = "</div></main></body></html>\n"

_environment = Environment(autoescape=True, undefined=StrictUndefined)
_consent = _environment.from_string(_LAYOUT + _CONSENT + _END)
_error = _environment.from_string(_LAYOUT + _ERROR + _END)

ADVICE: Mapping[str, tuple[str, str]] = {
    "invalid_client": (
        "Invalid client",
        "No application with this client id is registered in this data centre.",
    ),
    "invalid_redirect_uri": (
        "Invalid redirect URI",
        "The redirect URI is not one the application has registered.",
    ),
    "invalid_scope": (
        "Scope does not exist",
        "Scopes are separated by commas, such as ZohoBooks.invoices.READ.",
    ),
    "invalid_response_type": ("Invalid response type", "Only response_type=code is offered."),
    "invalid_user": ("Unknown user", "Nobody in the sandbox has this e-mail address."),
    "Access Denied": ("Too many requests", "Try again in a minute."),
}


def consent_page(
    location: str,
    client: Client,
    scopes: Sequence[str],
    users: Sequence[User],
    chosen: User,
    hidden: Mapping[str, str],
    *,
    offline: bool,
) -> Reply:
    """The page with its one form. `chosen` is the user ticked beforehand."""
    text = _consent.render(
        title="Allow access",
        location=location,
        client=client,
        scopes=scopes,
        users=users,
        chosen=chosen,
        hidden=hidden,
        offline=offline,
    )
    return _page(text, 200)


def error_page(location: str, denied: Denied) -> Reply:
    """What a person sees when the request itself is wrong: there is nowhere safe to send him back to."""
    headline, advice = ADVICE[denied.error]
    text = _error.render(
        title=headline, location=location, headline=headline, advice=advice, error=denied.error
    )
    return _page(text, 400)


def _page(text: str, status: int) -> Reply:
    headers = {
        "content-type": HTML,
        "cache-control": "no-store",
        "server": "ZGS",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
    }
    return Reply(status, text.encode(), headers)
