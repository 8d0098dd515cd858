import importlib
import pickle
import pkgutil

import pytest

from complaints import errors
from complaints.errors import (
    backups,
    case,
    clocks,
    deadlines,
    evidence,
    incoming_mail,
    intake,
    letters,
    sealing,
    settings,
)
from complaints.errors.base import ComplaintError, RetryableError
from tests.builders import REFERENCE

FIELDS = {
    case.StageError: (REFERENCE, "received", "decided"),
    case.MergeRefused: (REFERENCE, "TS260301-7K3M9QX", "it is the same case"),
    case.NotMerged: (REFERENCE,),
    case.AnswerRefused: ("amount", "is too small"),
    case.AnsweredAlready: (REFERENCE, "finding", "li.wei"),
    case.NotAsked: (REFERENCE, "finding", "decision"),
    case.UnknownCase: (REFERENCE,),
    case.CaseConflict: (REFERENCE, 7),
    settings.SettingError: ("REDRESS_REGIME", "is not there", "Choose another"),
    sealing.MasterKeyMissing: ("master.key", "is not there", "Restore it"),
    sealing.MasterKeyWrong: ("master.key", "is another", "Restore it"),
    sealing.KeyDestroyed: (REFERENCE,),
    sealing.SealBroken: (REFERENCE,),
    letters.LetterIncomplete: ("decision", ("basis", "outcome"), "cn-nfra art. 19"),
    intake.NumberTaken: ("CRM-1", REFERENCE),
    intake.TransferTaken: ("沪金监转〔2026〕123号", REFERENCE),
    case.ReportOwed: (REFERENCE,),
    case.NoReportOwed: (REFERENCE,),
    intake.DeliveryIdTaken: ("msg_1", REFERENCE),
    intake.ContributionTooLate: (REFERENCE, "closed"),
    letters.LetterUnderWay: (REFERENCE, f"{REFERENCE}-1"),
    letters.UnknownLetter: (REFERENCE,),
    letters.MailUnavailable: ("421 try later",),
    letters.MailRefused: ("550 no such mailbox",),
    letters.MailUncertain: ("connection lost",),
    incoming_mail.MailBeyondLimits: ("parts", 300),
    incoming_mail.MailboxUnavailable: ("the server does not answer in time",),
    incoming_mail.MailboxRefused: ("REDRESS_MAILBOX_URL", "the server refused the login", "Correct user and password"),
    incoming_mail.MailNotTaken: (2, ("EvidenceStoreAway",)),
    settings.RuleFileInvalid: ("firm.toml", 12, "clocks.0.budget", "should be greater than 0"),
    deadlines.NaiveInstant: ("start",),
    deadlines.BudgetNotPositive: ("budget", -3),
    deadlines.BudgetTooLarge: ("budget", 10_000_000),
    deadlines.PauseReversed: ("2026-03-09T00:00:00+08:00", "2026-03-05T00:00:00+08:00"),
    deadlines.PausesOverlap: ("2026-03-05T00:00:00+08:00", "2026-03-09T00:00:00+08:00"),
    deadlines.CalendarNotPublished: ("cn-public", 2027),
    deadlines.NoWorkingTime: ("firm-without-weekdays",),
    clocks.UnknownClock: (REFERENCE, "deccision", ("acknowledgement", "decision")),
    clocks.ClockNotRunning: (REFERENCE, "decision"),
    clocks.ClockStandsAlready: (REFERENCE, "decision"),
    clocks.ClockStandsNot: (REFERENCE, "decision"),
    clocks.PauseNotAllowed: ("decision", "holiday", ("appraisal",), "art. 18"),
    clocks.PauseWithoutProof: ("decision", "appraisal"),
    clocks.PauseWithoutApproval: ("decision", "appraisal", "supervisor"),
    clocks.ExtensionRefused: ("decision", "special", "the tier 'complex' comes first, and its notice"),
    clocks.ExtensionWithoutApproval: ("decision", "special", "senior_management"),
    clocks.ExtensionWithoutNotice: ("decision", "special", "extension_notice"),
    evidence.EvidenceStoreAway: ("ConnectionRefusedError",),
    evidence.ScannerAway: ("tcp://127.0.0.1:3310: ConnectionRefusedError",),
    evidence.EvidenceNotTaken: ("too_large", "the file is too large"),
    evidence.UnknownEvidence: (REFERENCE, 3),
    backups.BackupRefused: ("installation", "holds 3 cases", "Say --replace"),
    backups.BackupBroken: ("cases.dump", "is not as it was written"),
    evidence.EvidenceMissing: (REFERENCE, 3),
    evidence.EvidenceAltered: (REFERENCE, 3),
    deadlines.RequestRefused: ("unknown_zone", "zone", "there is no zone of this name"),
}


def family(base):
    return {base}.union(*(family(one) for one in base.__subclasses__()))


@pytest.mark.parametrize("error", FIELDS, ids=lambda error: error.__name__)
def test_an_error_survives_being_stored_by_prefect(error):
    one = error(*FIELDS[error])

    again = pickle.loads(pickle.dumps(one))

    assert type(again) is error
    assert str(again) == str(one)
    assert vars(again) == vars(one)


@pytest.mark.parametrize("error", FIELDS, ids=lambda error: error.__name__)
def test_an_error_is_one_line_that_names_what_it_is_about(error):
    sentence = str(error(*FIELDS[error]))

    assert "\n" not in sentence
    assert any(str(field) in sentence for field in FIELDS[error])


def test_every_error_of_the_core_is_in_the_table_above():
    for part in pkgutil.iter_modules(errors.__path__, f"{errors.__name__}."):
        importlib.import_module(part.name)
    own = {one for one in family(ComplaintError) if one.__module__.startswith(f"{errors.__name__}.")}

    assert own - {ComplaintError, RetryableError, deadlines.DeadlineError} == set(FIELDS)


def test_another_writer_is_worth_another_try():
    assert issubclass(case.CaseConflict, RetryableError)
