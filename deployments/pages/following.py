"""The status page of one case: what a complainant may know, and what they may do about it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from complaints.adapters.delivering import Delivery, content_of
from complaints.adapters.linking import open_link
from complaints.answers import Question, parse_answer
from complaints.case import Case
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnsweredAlready, AnswerRefused, NotAsked, StageError
from complaints.errors.intake import ContributionTooLate, DeliveryIdTaken
from complaints.letter_words import show_date
from complaints.progress import Progress, progress
from complaints.settings import settings
from complaints.words import Channel, Satisfaction
from deployments.door import aftermath
from deployments.pages.attaching import SENDER, examine, limits
from deployments.pages.complaining import COMPLAINANT, not_stored, refuse_early
from deployments.pages.fields import Wrong
from deployments.pages.page import Page
from deployments.pages.protection import Ticket
from deployments.pages.reading import Sent
from tasks.contributions import receive_materials, withdraw
from tasks.desk import store

DONE: Final = frozenset({"materials", "withdrawn", "survey", "already"})
"""What the page can thank for."""

_LONGEST_WORDS: Final = 40_000
_FIELDS: Final = ("words", "survey", "lesson")
_FORMS: Final = ("materials", "withdrawal", "survey")

Action = Callable[["Followed", Sent, Ticket], Response]


class Followed:
    """A case as its complainant sees it."""

    def __init__(self, page: Page, case: Case, token: str) -> None:
        self.page, self.case = page, case
        self.path = f"/c/{case.reference}/{token.lower()}"
        self.progress: Progress = progress(case, store().now(), page.language)

    def show(
        self,
        template: str = "status",
        status: int = 200,
        *,
        typed: Mapping[str, str] | None = None,
        wrong: Sequence[Wrong] = (),
        done: str | None = None,
        headers: Mapping[str, str] | None = None,
        chosen: bool = False,
    ) -> Response:
        """Show the page, with what was typed where a form must be corrected."""
        page, given = self.page, typed or {}
        return page.show(
            template,
            status,
            headers,
            progress=self.progress,
            here=f"{page.root}{self.path}",
            dates=self._dates(),
            letters=self._letters(),
            tickets={form: page.give_ticket(self._form(form)) for form in _FORMS},
            typed={name: given.get(name, "") for name in _FIELDS},
            errors=wrong,
            done=done,
            limits=limits(),
            chosen_files=chosen,
        )

    def show_sent(self) -> Response:
        """Show what to keep after sending: the reference and the link."""
        link, here = f"{settings().pages_url}{self.path}", f"{self.page.root}{self.path}"
        return self.page.show("sent", reference=self.case.reference, link=link, here=here)

    def act(self, form: str, sent: Sent, action: Action) -> Response:
        """Do what a form of the page asks for, once, or show the form again with the reason."""
        ticket = self.page.read_ticket(self._form(form), sent.typed)
        template = "withdrawal" if form == "withdrawal" else "status"
        if refusal := refuse_early(self.page, sent, ticket):
            wrong, status, headers = refusal
            chosen = bool(sent.files)
            return self.show(template, status, typed=sent.typed, wrong=[wrong], headers=headers, chosen=chosen)
        if ticket is None:  # refused above
            return self.show(template)
        try:
            return action(self, sent, ticket)
        except (ComplaintError, SQLAlchemyError, OSError) as error:
            wrong, headers = not_stored(self.page, error)
            return self.show(template, 503, typed=sent.typed, wrong=[wrong], headers=headers, chosen=bool(sent.files))

    def go(self, done: str = "") -> Response:
        """Send the browser back to the page."""
        return self.page.go(self.path + (f"?done={done}" if done else ""))

    def _form(self, form: str) -> str:
        return f"{form} {self.case.reference}"

    def _letters(self) -> list[tuple[str, str, str]]:
        """Return date, title and, of a letter that has not left, where it is."""
        shown = [(one.sent_at or one.written_at, one) for one in self.progress.letters]
        language = self.page.language
        return [(show_date(at, language) if at else "", one.title, one.kept or "") for at, one in shown]

    def _dates(self) -> list[tuple[str, str]]:
        names = ("received_at", "acknowledged_at", "answer_due_on", "answered_at", "closed_at")
        known = [(name, getattr(self.progress, name)) for name in names]
        return [(name, show_date(moment, self.page.language)) for name, moment in known if moment]


def follow(page: Page, reference: str, token: str) -> Followed | None:
    """Return the case of a secret link, or None where there is none such."""
    case = open_link(store(), reference, token)
    return Followed(page, case, token) if case else None


def add_materials(followed: Followed, sent: Sent, ticket: Ticket) -> Response:
    """Take words and files in."""
    say, words = followed.page.say, sent.typed.get("words", "").strip()
    attachments, wrong = examine(sent.files, followed.page.language, say)
    wrong = [*_wrong_words(followed, "words", words), *wrong]
    if not words and not sent.files:
        wrong = [Wrong("words", say("need_materials"))]
    if wrong:
        return followed.show(status=422, typed=sent.typed, wrong=wrong, chosen=bool(sent.files))
    delivery = Delivery(SENDER, ticket.id, content_of(words, [one.examined.sha256 for one in attachments]))
    uploads = [one.upload for one in attachments]
    try:
        with store().open_case(followed.case.reference) as desk:
            receive_materials(desk, words, uploads, SENDER, Channel.WEB, COMPLAINANT, delivery)
    except ContributionTooLate:
        return followed.go()  # closed meanwhile: the page says so
    except DeliveryIdTaken:
        wrong = [Wrong("", say("form_used"))]
        return followed.show(status=409, typed=sent.typed, wrong=wrong, chosen=bool(sent.files))
    aftermath.changed(followed.case.reference)
    return followed.go("materials")


def take_withdrawal(followed: Followed, sent: Sent, ticket: Ticket) -> Response:
    """End the procedure, where it has not come too far for that."""
    words = sent.typed.get("words", "").strip()
    if wrong := _wrong_words(followed, "words", words):
        return followed.show("withdrawal", 422, typed=sent.typed, wrong=wrong)
    try:
        with store().open_case(followed.case.reference) as desk:
            if not desk.case.withdrawn and not progress(desk.case, desk.now, followed.page.language).may_withdraw:
                return followed.go()
            withdraw(desk, COMPLAINANT, Channel.WEB, words or None)
    except StageError:
        return followed.go()  # closed meanwhile: the page says so
    aftermath.changed(followed.case.reference)
    return followed.go("withdrawn")


def take_opinion(followed: Followed, sent: Sent, ticket: Ticket) -> Response:
    """Record how satisfied the complainant is, unless somebody has answered that already."""
    say, chosen, lesson = followed.page.say, sent.typed.get("survey", ""), sent.typed.get("lesson", "").strip()
    wrong = _wrong_words(followed, "lesson", lesson)
    if chosen not in (Satisfaction.SATISFIED, Satisfaction.NEUTRAL, Satisfaction.DISSATISFIED):
        wrong = [Wrong("survey", say("need_satisfaction")), *wrong]
    elif chosen == Satisfaction.DISSATISFIED and not lesson:
        wrong = [Wrong("lesson", say("need_reason"))]
    if wrong and followed.progress.survey_open:
        return followed.show(status=422, typed=sent.typed, wrong=wrong)
    try:
        with store().open_case(followed.case.reference) as desk:
            answer = parse_answer(Question.FOLLOW_UP, {"satisfaction": chosen, "lesson": lesson})
            desk.case.answer(Question.FOLLOW_UP, answer, COMPLAINANT, desk.now)
    except (AnsweredAlready, NotAsked, AnswerRefused):
        return followed.go("already")
    aftermath.changed(followed.case.reference)
    return followed.go("survey")


def _wrong_words(followed: Followed, field: str, words: str) -> list[Wrong]:
    """Return what is wrong with words that somebody typed."""
    say = followed.page.say
    if len(words) > _LONGEST_WORDS:
        return [Wrong(field, say("too_long", most=_LONGEST_WORDS))]
    if any(one < " " and one not in "\n\r\t" for one in words):
        return [Wrong(field, say("wrong_characters"))]
    return []
