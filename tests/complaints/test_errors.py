import pickle

import pytest

from complaints import errors
from complaints.errors import ComplaintError, RetryableError
from tests.builders import REFERENCE

FIELDS = {
    errors.StageError: (REFERENCE, "received", "decided"),
    errors.MergeRefused: (REFERENCE, "TS260301-7K3M9QX", "it is the same case"),
    errors.NotMerged: (REFERENCE,),
    errors.AnswerRefused: ("amount", "is too small"),
    errors.AnsweredAlready: (REFERENCE, "finding", "li.wei"),
    errors.NotAsked: (REFERENCE, "finding", "decision"),
    errors.UnknownCase: (REFERENCE,),
    errors.CaseConflict: (REFERENCE, 7),
    errors.SettingError: ("REDRESS_REGIME", "is not there", "Choose another"),
    errors.MasterKeyMissing: ("master.key", "is not there", "Restore it"),
    errors.MasterKeyWrong: ("master.key", "is another", "Restore it"),
    errors.KeyDestroyed: (REFERENCE,),
    errors.SealBroken: (REFERENCE,),
    errors.LetterIncomplete: ("decision", ("basis", "outcome"), "cn-nfra art. 19"),
    errors.NumberTaken: ("CRM-1", REFERENCE),
    errors.TransferTaken: ("沪金监转〔2026〕123号", REFERENCE),
    errors.ReportOwed: (REFERENCE,),
    errors.NoReportOwed: (REFERENCE,),
    errors.DeliveryIdTaken: ("msg_1", REFERENCE),
    errors.ContributionTooLate: (REFERENCE, "closed"),
    errors.LetterUnderWay: (REFERENCE, f"{REFERENCE}-1"),
    errors.UnknownLetter: (REFERENCE,),
    errors.MailUnavailable: ("421 try later",),
    errors.MailRefused: ("550 no such mailbox",),
    errors.MailUncertain: ("connection lost",),
    errors.MailBeyondLimits: ("parts", 300),
    errors.MailboxUnavailable: ("the server does not answer in time",),
    errors.MailboxRefused: ("REDRESS_MAILBOX_URL", "the server refused the login", "Correct user and password"),
    errors.MailNotTaken: (2, ("EvidenceStoreAway",)),
    errors.RuleFileInvalid: ("firm.toml", 12, "clocks.0.budget", "should be greater than 0"),
    errors.NaiveInstant: ("start",),
    errors.BudgetNotPositive: ("budget", -3),
    errors.BudgetTooLarge: ("budget", 10_000_000),
    errors.PauseReversed: ("2026-03-09T00:00:00+08:00", "2026-03-05T00:00:00+08:00"),
    errors.PausesOverlap: ("2026-03-05T00:00:00+08:00", "2026-03-09T00:00:00+08:00"),
    errors.CalendarNotPublished: ("cn-public", 2027),
    errors.NoWorkingTime: ("firm-without-weekdays",),
    errors.UnknownClock: (REFERENCE, "deccision", ("acknowledgement", "decision")),
    errors.ClockNotRunning: (REFERENCE, "decision"),
    errors.ClockStandsAlready: (REFERENCE, "decision"),
    errors.ClockStandsNot: (REFERENCE, "decision"),
    errors.PauseNotAllowed: ("decision", "holiday", ("appraisal",), "art. 18"),
    errors.PauseWithoutProof: ("decision", "appraisal"),
    errors.PauseWithoutApproval: ("decision", "appraisal", "supervisor"),
    errors.ExtensionRefused: ("decision", "special", "the tier 'complex' comes first, and its notice"),
    errors.ExtensionWithoutApproval: ("decision", "special", "senior_management"),
    errors.ExtensionWithoutNotice: ("decision", "special", "extension_notice"),
    errors.EvidenceStoreAway: ("ConnectionRefusedError",),
    errors.ScannerAway: ("tcp://127.0.0.1:3310: ConnectionRefusedError",),
    errors.EvidenceNotTaken: ("too_large", "the file is too large"),
    errors.UnknownEvidence: (REFERENCE, 3),
    errors.BackupRefused: ("installation", "holds 3 cases", "Say --replace"),
    errors.BackupBroken: ("cases.dump", "is not as it was written"),
    errors.EvidenceMissing: (REFERENCE, 3),
    errors.EvidenceAltered: (REFERENCE, 3),
    errors.RequestRefused: ("unknown_zone", "zone", "there is no zone of this name"),
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
    own = {one for one in family(ComplaintError) if one.__module__ == errors.__name__}

    assert own - {ComplaintError, RetryableError, errors.DeadlineError} <= set(FIELDS)


def test_another_writer_is_worth_another_try():
    assert issubclass(errors.CaseConflict, RetryableError)
