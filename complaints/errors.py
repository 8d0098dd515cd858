"""Errors that a person can act on: each sentence says what is wrong and what to do.

An error keeps its fields, not its sentence, so that it survives pickling (Prefect stores a failed
run's exception). No sentence ever repeats personal data.
"""


class ComplaintError(Exception):
    """Base of everything Redress refuses; shown to people as one line."""


class RetryableError(ComplaintError):
    """The same step may succeed later without anybody changing anything."""


class StageError(ComplaintError):
    """A case was asked to make a move that its stage does not allow."""

    def __init__(self, reference: str, stage: str, move: str) -> None:
        super().__init__(reference, stage, move)
        self.reference, self.stage, self.move = reference, stage, move

    def __str__(self) -> str:
        return f"Case {self.reference} is at stage '{self.stage}'; the move '{self.move}' is not allowed from there."


class MergeRefused(ComplaintError):
    """Two cases must stay apart, at least as they stand."""

    def __init__(self, reference: str, into: str, reason: str) -> None:
        super().__init__(reference, into, reason)
        self.reference, self.into, self.reason = reference, into, reason

    def __str__(self) -> str:
        return f"Case {self.reference} cannot be merged into {self.into}: {self.reason}."


class NotMerged(ComplaintError):
    """A merger was to be undone that there is none of."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"Case {self.reference} is not merged into another; there is nothing to undo."


class AnswerRefused(ComplaintError):
    """An answer of an operator cannot be recorded; the question is asked again with this reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class AnsweredAlready(ComplaintError):
    """Somebody else's answer to the same question stands in the ledger; the first valid one wins."""

    def __init__(self, reference: str, question: str, by: str) -> None:
        super().__init__(reference, question, by)
        self.reference, self.question, self.by = reference, question, by

    def __str__(self) -> str:
        return f"Case {self.reference}: '{self.question}' was already answered by {self.by}; nothing was changed."


class NotAsked(ComplaintError):
    """A question was answered that the case does not ask at its stage."""

    def __init__(self, reference: str, question: str, asked: str) -> None:
        super().__init__(reference, question, asked)
        self.reference, self.question, self.asked = reference, question, asked

    def __str__(self) -> str:
        now = f"it asks for '{self.asked}'" if self.asked else "it waits for nobody"
        return (
            f"Case {self.reference} does not ask for '{self.question}' now; {now}. See: redress show {self.reference}"
        )


class UnknownCase(ComplaintError):
    """No case has this reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"There is no case {self.reference}. 'redress list' shows the references."


class CaseConflict(RetryableError):
    """Two writers changed one case at the same time; the other one won."""

    def __init__(self, reference: str, version: int) -> None:
        super().__init__(reference, version)
        self.reference, self.version = reference, version

    def __str__(self) -> str:
        return (
            f"Case {self.reference} was changed by somebody else after it was read (at entry {self.version}); "
            "nothing was saved. Read it again and repeat the step."
        )


class SettingError(ComplaintError):
    """A setting is missing or wrong."""

    def __init__(self, setting: str, reason: str, cure: str) -> None:
        super().__init__(setting, reason, cure)
        self.setting, self.reason, self.cure = setting, reason, cure

    def __str__(self) -> str:
        return f"{self.setting}: {self.reason}. {self.cure}"


class MasterKeyMissing(SettingError):
    """Sealed data exists, but the master key that opens it is not there."""


class MasterKeyWrong(SettingError):
    """The master key is not the one that this database was sealed with."""


class KeyDestroyed(ComplaintError):
    """The case's own key was destroyed: the person was erased, as the retention rule asks."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"The personal data of case {self.reference} was erased and cannot be read any more."


class SealBroken(ComplaintError):
    """A case's data cannot be read: it was altered, or belongs elsewhere."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"Data of case {self.reference} was altered. Run 'redress verify {self.reference}'."


class LetterIncomplete(ComplaintError):
    """A letter lacks an element that its regime requires, so it must not be sent."""

    def __init__(self, letter: str, missing: tuple[str, ...], rule: str) -> None:
        super().__init__(letter, missing, rule)
        self.letter, self.missing, self.rule = letter, missing, rule

    def __str__(self) -> str:
        return f"The letter '{self.letter}' lacks {', '.join(self.missing)} ({self.rule}); it was not sent."


class NumberTaken(ComplaintError):
    """The sender's number belongs to a case with other content."""

    def __init__(self, number: str, reference: str) -> None:
        super().__init__(number, reference)
        self.number, self.reference = number, reference

    def __str__(self) -> str:
        return (
            f"number: case {self.reference} already has this number with other content; "
            "send a new complaint under a number of its own"
        )


class TransferTaken(NumberTaken):
    """The authority's number belongs to a case with other content, whoever sent that."""

    def __str__(self) -> str:
        return (
            f"transfer.number: case {self.reference} was opened under this number of the authority with other content; "
            "correct the number, or add what is new to that case as materials"
        )


class ReportOwed(ComplaintError):
    """A case cannot be closed: the authority that forwarded the matter has not been told what became of it."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return (
            f"Case {self.reference} cannot be closed: the authority that forwarded it waits for the report. Let the "
            f"letter 'report_back' go out, or say why there is none: redress no-report {self.reference} REASON"
        )


class NoReportOwed(ComplaintError):
    """No authority waits for a report on a case."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"Case {self.reference} owes no authority a report. See: redress explain {self.reference}"


class DeliveryIdTaken(ComplaintError):
    """The sender's id of a delivery belongs to a case with other content."""

    def __init__(self, delivery_id: str, reference: str) -> None:
        super().__init__(delivery_id, reference)
        self.delivery_id, self.reference = delivery_id, reference

    def __str__(self) -> str:
        return (
            f"delivery id: case {self.reference} was already delivered under this id with other content; "
            "send it under a webhook-id of its own, or an Idempotency-Key"
        )


class ContributionTooLate(ComplaintError):
    """Something came in for a case that is closed."""

    def __init__(self, reference: str, stage: str) -> None:
        super().__init__(reference, stage)
        self.reference, self.stage = reference, stage

    def __str__(self) -> str:
        return (
            f"Case {self.reference} is {self.stage} and takes no more materials; where they tell something new, file "
            "them as a new complaint that names this case, or ask the firm to take the case up again"
        )


class LetterUnderWay(RetryableError):
    """Something is reported of a letter of which the ledger does not say yet that it has left."""

    def __init__(self, reference: str, number: str) -> None:
        super().__init__(reference, number)
        self.reference, self.number = reference, number

    def __str__(self) -> str:
        return f"letter: {self.number} of case {self.reference} is just being sent; report it again in a minute"


class UnknownLetter(ComplaintError):
    """A case has sent no such letter."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return (
            f"letter: case {self.reference} has no letter with this number or Message-ID; "
            "give one of them as it stands on the letter"
        )


class MailUnavailable(RetryableError):
    """The mail server did not take the letter, and certainly has not; it may later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The mail server did not take the letter: {self.reason}."


class MailRefused(ComplaintError):
    """The letter can never be delivered to this address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The letter was refused: {self.reason}."


class MailUncertain(ComplaintError):
    """The connection broke after the letter was handed over: nobody knows whether it was taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"It is not known whether the mail server took the letter: {self.reason}."


class MailBeyondLimits(ComplaintError):
    """A mail that came in is larger, or more deeply nested, than is taken apart."""

    def __init__(self, unit: str, limit: int) -> None:
        super().__init__(unit, limit)
        self.unit, self.limit = unit, limit

    def __str__(self) -> str:
        return f"The mail has more than {self.limit} {self.unit}; it was kept, but not taken apart."


class MailboxUnavailable(RetryableError):
    """The mailbox that complaints come to cannot be read now; nothing in it was touched."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The mailbox cannot be read now: {self.reason}. What is in it stays there and is taken in later."


class MailboxRefused(SettingError):
    """The mailbox that complaints come to does not let us in, and will not until somebody changes something."""


class MailNotTaken(RetryableError):
    """Some mails could not be stored now; they lie in the mailbox and are taken in by a later run."""

    def __init__(self, count: int, reasons: tuple[str, ...]) -> None:
        super().__init__(count, reasons)
        self.count, self.reasons = count, reasons

    def __str__(self) -> str:
        why = ", ".join(self.reasons)
        return f"{self.count} mails could not be stored now ({why}); they stay in the mailbox and are taken in later."


class RuleFileInvalid(ComplaintError):
    """A file of rules (a pack, a calendar) cannot be used."""

    def __init__(self, file: str, line: int, field: str, reason: str) -> None:
        super().__init__(file, line, field, reason)
        self.file, self.line, self.field, self.reason = file, line, field, reason

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.field + ': ' if self.field else ''}{self.reason}"


class DeadlineError(ComplaintError):
    """A due time cannot be computed from what was given."""


class NaiveInstant(DeadlineError):
    """An instant has no time zone."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: has no time zone; write it with its UTC offset, such as 2026-03-02T09:00:00+08:00"


class BudgetNotPositive(DeadlineError):
    """A time budget is zero or negative."""

    def __init__(self, field: str, value: int) -> None:
        super().__init__(field, value)
        self.field, self.value = field, value

    def __str__(self) -> str:
        return f"{self.field}: {self.value} is no time limit; give a whole number above zero"


class PauseReversed(DeadlineError):
    """A pause ends before it begins."""

    def __init__(self, begins: str, ends: str) -> None:
        super().__init__(begins, ends)
        self.begins, self.ends = begins, ends

    def __str__(self) -> str:
        return f"pauses: the pause from {self.begins} ends before it begins ({self.ends}); exchange the two"


class PausesOverlap(DeadlineError):
    """Two pauses of one clock overlap."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first, second)
        self.first, self.second = first, second

    def __str__(self) -> str:
        return f"pauses: those from {self.first} and from {self.second} overlap; write them as one"


class CalendarNotPublished(DeadlineError):
    """A calendar knows nothing of a year that a time limit reaches."""

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(calendar, year)
        self.calendar, self.year = calendar, year

    def __str__(self) -> str:
        return (
            f"calendar: '{self.calendar}' has no data for {self.year}; "
            "bring the year in with 'redress calendar import FILE'"
        )


class NoWorkingTime(DeadlineError):
    """A calendar has no working days or hours in which a limit could run out."""

    def __init__(self, calendar: str) -> None:
        super().__init__(calendar)
        self.calendar = calendar

    def __str__(self) -> str:
        return f"calendar: '{self.calendar}' has no working time for years on end; give it working weekdays and windows"


class BudgetTooLarge(DeadlineError):
    """A time budget reaches beyond what a calendar can hold."""

    def __init__(self, field: str, value: int) -> None:
        super().__init__(field, value)
        self.field, self.value = field, value

    def __str__(self) -> str:
        return f"{self.field}: {self.value} reaches beyond the calendar; give a shorter time limit"


class UnknownClock(DeadlineError):
    """A case has no such clock."""

    def __init__(self, reference: str, clock: str, known: tuple[str, ...]) -> None:
        super().__init__(reference, clock, known)
        self.reference, self.clock, self.known = reference, clock, known

    def __str__(self) -> str:
        return f"clock: case {self.reference} has no clock '{self.clock}'; it has: {', '.join(self.known) or 'none'}"


class ClockNotRunning(DeadlineError):
    """A clock does not run, or no longer."""

    def __init__(self, reference: str, clock: str) -> None:
        super().__init__(reference, clock)
        self.reference, self.clock = reference, clock

    def __str__(self) -> str:
        return f"clock: '{self.clock}' of case {self.reference} does not run. See: redress explain {self.reference}"


class ClockStandsAlready(ClockNotRunning):
    """A clock that stands still cannot be paused again."""

    def __str__(self) -> str:
        return (
            f"clock: '{self.clock}' of case {self.reference} stands still already; two pauses may not overlap. "
            f"Let it go on first: redress resume {self.reference} {self.clock}"
        )


class ClockStandsNot(ClockNotRunning):
    """A clock that runs cannot be resumed."""

    def __str__(self) -> str:
        return f"clock: '{self.clock}' of case {self.reference} does not stand still; there is nothing to resume"


class PauseNotAllowed(DeadlineError):
    """The rule knows no such reason for a pause."""

    def __init__(self, clock: str, pause: str, allowed: tuple[str, ...], article: str) -> None:
        super().__init__(clock, pause, allowed, article)
        self.clock, self.pause, self.allowed, self.article = clock, pause, allowed, article

    def __str__(self) -> str:
        known = ", ".join(self.allowed) or "nothing"
        return f"pause: '{self.clock}' ({self.article}) may not stand still for '{self.pause}'; allowed is: {known}"


class PauseWithoutProof(DeadlineError):
    """The rule asks for a document."""

    def __init__(self, clock: str, pause: str) -> None:
        super().__init__(clock, pause)
        self.clock, self.pause = clock, pause

    def __str__(self) -> str:
        return f"proof: '{self.clock}' stands still for '{self.pause}' only with the number of a document; give it"


class PauseWithoutApproval(DeadlineError):
    """The rule asks for an approver, and not the one who asks."""

    def __init__(self, clock: str, pause: str, role: str) -> None:
        super().__init__(clock, pause, role)
        self.clock, self.pause, self.role = clock, pause, role

    def __str__(self) -> str:
        return f"approver: '{self.pause}' must be approved by {self.role}, another person than the one who asks"


class ExtensionRefused(DeadlineError):
    """The rule does not allow this extension now."""

    def __init__(self, clock: str, tier: str, reason: str) -> None:
        super().__init__(clock, tier, reason)
        self.clock, self.tier, self.reason = clock, tier, reason

    def __str__(self) -> str:
        return f"extension: '{self.clock}' cannot be extended by '{self.tier}': {self.reason}"


class ExtensionWithoutApproval(DeadlineError):
    """The rule asks for an approver, and not the one who asks."""

    def __init__(self, clock: str, tier: str, role: str) -> None:
        super().__init__(clock, tier, role)
        self.clock, self.tier, self.role = clock, tier, role

    def __str__(self) -> str:
        return f"approver: '{self.tier}' must be approved by {self.role}, another person than the one who asks"


class ExtensionWithoutNotice(DeadlineError):
    """The rule asks for a notice to the complainant, which has not gone out."""

    def __init__(self, clock: str, tier: str, letter: str) -> None:
        super().__init__(clock, tier, letter)
        self.clock, self.tier, self.letter = clock, tier, letter

    def __str__(self) -> str:
        return (
            f"notice: '{self.tier}' counts only once the letter '{self.letter}' has gone out; "
            "add a contact (redress contact) and send it first"
        )


# --- evidence -------------------------------------------------------------------------------------


class EvidenceStoreAway(RetryableError):
    """The evidence store cannot be reached or written now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The evidence store did not answer: {self.reason}. See: redress doctor"


class ScannerAway(RetryableError):
    """The virus scanner is set, but does not answer as it should: nothing is stored unscanned."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"The virus scanner did not check the file: {self.reason}; nothing was stored. See: redress doctor"


class EvidenceNotTaken(ComplaintError):
    """A file cannot become evidence."""

    def __init__(self, refusal: str, reason: str) -> None:
        super().__init__(refusal, reason)
        self.refusal, self.reason = refusal, reason

    def __str__(self) -> str:
        return f"evidence: {self.reason} ({self.refusal}); hand in another file"


class UnknownEvidence(ComplaintError):
    """A case has no evidence of this number."""

    def __init__(self, reference: str, number: int) -> None:
        super().__init__(reference, number)
        self.reference, self.number = reference, number

    def __str__(self) -> str:
        return f"Case {self.reference} has no evidence {self.number}. See: redress evidence list {self.reference}"


class EvidenceMissing(UnknownEvidence):
    """A file that the ledger knows is not in the evidence store."""

    def __str__(self) -> str:
        return (
            f"Evidence {self.number} of case {self.reference} is not in the evidence store. "
            "Restore the store from its backup, or hand the file in again"
        )


class EvidenceAltered(UnknownEvidence):
    """A file in the evidence store is not the one that was taken in."""

    def __str__(self) -> str:
        return (
            f"Evidence {self.number} of case {self.reference} was altered after it was taken in. "
            f"Run 'redress evidence verify {self.reference}', and restore the store from its backup"
        )


# --- backup and restore ----------------------------------------------------------------------------


class BackupRefused(ComplaintError):
    """A backup could not be taken, or may not be restored, as things stand; nothing was changed."""

    def __init__(self, what: str, reason: str, cure: str) -> None:
        super().__init__(what, reason, cure)
        self.what, self.reason, self.cure = what, reason, cure

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}. {self.cure}"


class BackupBroken(ComplaintError):
    """A backup, or a part of it, is not as it was written."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}. Take another backup: redress restore FOLDER/NAME"


# --- the calculator of due times -----------------------------------------------------------------


class RequestRefused(DeadlineError):
    """A request to the calculator cannot be answered as it is.

    Attributes:
        name: What is wrong, for programs, such as ``unknown_zone``.
        field: Where, such as ``pauses.0.from``; empty for the whole request.
        reason: What is wrong and what to do, for people.
    """

    def __init__(self, name: str, field: str, reason: str) -> None:
        super().__init__(name, field, reason)
        self.name, self.field, self.reason = name, field, reason

    def __str__(self) -> str:
        return f"{self.field or 'request'}: {self.reason}"
