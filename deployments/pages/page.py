"""A page: its language, its headers, and what every template can ask for."""

from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from complaints.letters import environment
from complaints.settings import settings
from complaints.words import EN, LANGUAGES, ZH
from deployments.pages.protection import Ticket, browser_mark, client_of, give_ticket, read_ticket
from deployments.pages.words import Say, speaker
from tasks.desk import store

_BROWSER: Final = "redress_form"
_LANGUAGE: Final = "redress_lang"
_A_YEAR: Final = 365 * 24 * 3600
_TICKETS: Final = "tickets of the complainants' forms"

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",  # an address may hold the secret of a case
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class Page:
    """The page that answers one request."""

    def __init__(self, request: Request) -> None:
        self.request, self.seconds_to_wait = request, 0  # before its client may send another form
        self._known_browser = request.cookies.get(_BROWSER, "")[:64]
        self.browser = self._known_browser or browser_mark()

    @cached_property
    def language(self) -> str:
        """The language: what was chosen on a page, else what the browser prefers, else Chinese."""
        for chosen in (self.request.query_params.get("lang"), self.request.cookies.get(_LANGUAGE)):
            if chosen in LANGUAGES:
                return chosen
        return _preferred(self.request.headers.get("accept-language", ""))

    @cached_property
    def say(self) -> Say:
        """Gives the words of the page."""
        return speaker(self.language)

    @property
    def client(self) -> str:
        """Who asks, as attempts are counted."""
        return client_of(self.request, settings().trusted_proxies)

    @property
    def root(self) -> str:
        """The path under which the pages are reached, without a slash at the end."""
        return urlsplit(settings().pages_url).path

    def give_ticket(self, form: str, ticket: Ticket | None = None) -> str:
        """Return a ticket for a form of this page."""
        return give_ticket(self._key, self.browser, form, ticket)

    def read_ticket(self, form: str, typed: Mapping[str, str]) -> Ticket | None:
        """Return the ticket that came with a form, or None where it was not given to this browser for it."""
        return read_ticket(self._key, self._known_browser, form, typed.get("ticket", ""))

    @property
    def _key(self) -> bytes:
        return store().master.mark(_TICKETS)

    def show(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """Return a page.

        Args:
            template: Name of a file under ``templates/pages``, without its end.
            status: Of HTTP.
            headers: Further ones.
            values: What the template can ask for beside what every one can.
        """
        firm, suffix = settings().firm, "zh" if self.language == ZH else "en"
        words = {
            "language": self.language,
            "say": self.say,
            "root": self.root,
            "may_switch": self.request.method == "GET",
            "errors": (),
            "firm": {
                "name": getattr(firm, f"name_{suffix}"),
                "address": getattr(firm, f"address_{suffix}"),
                "telephone": firm.telephone,
                "email": firm.email,
            },
        }
        content = environment().get_template(f"pages/{template}.html").render(words | values)
        response = HTMLResponse(content, status, {**HEADERS, "Content-Language": self.language, **(headers or {})})
        return self._with_cookies(response)

    def say_no(
        self, title: str, text: str, status: int, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """Return a page that only says why there is nothing else."""
        words = self.say(text, telephone=settings().firm.telephone, **values)
        return self.show("message", status, headers, title=self.say(title), text=words)

    def go(self, path: str) -> Response:
        """Send the browser to another page, so that loading that one again sends nothing twice."""
        return self._with_cookies(RedirectResponse(f"{self.root}{path}", 303, HEADERS))

    def _with_cookies(self, response: Response) -> Response:
        options: dict[str, Any] = {
            "path": f"{self.root}/",
            "secure": settings().pages_url.startswith("https:"),
            "httponly": True,
            "samesite": "lax",  # a link in a letter brings it along, another site's form does not
        }
        if not self._known_browser:
            response.set_cookie(_BROWSER, self.browser, **options)
        if self.request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(_LANGUAGE, self.language, max_age=_A_YEAR, **options)
        return response


def _preferred(accepted: str) -> str:
    """Return the first language of a browser's list that the pages have; Chinese where there is none."""
    weighed = []
    for position, one in enumerate(accepted.split(",")[:20]):
        tag, _, weight = one.strip().lower().partition(";q=")
        try:
            weighed.append((-float(weight or 1), position, tag))
        except ValueError:
            continue
    for _, _, tag in sorted(weighed):
        if tag.split("-")[0] in ("zh", "en"):
            return ZH if tag.startswith("zh") else EN
    return ZH


def style_sheet() -> Response:
    """Return the style sheet, followed by the firm's own ``pages.css`` of the home folder where there is one."""
    content = (resources.files("templates") / "pages" / "style.css").read_text(encoding="utf-8")
    own = settings().home / "pages.css"
    if own.is_file():
        content += own.read_text(encoding="utf-8")
    headers = HEADERS | {"Cache-Control": "public, max-age=3600"}
    return Response(content, 200, headers, media_type="text/css")
