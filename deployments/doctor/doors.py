"""What the doctor looks at of all that comes in and goes out: mail, senders, evidence, alerts, receivers."""

from datetime import UTC, datetime, timedelta

from complaints.adapters.dispatch_listing import Standing, standings
from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.mailbox.transport import Folder, open_mailbox
from complaints.adapters.notify import is_usable
from complaints.adapters.virus_scanner import VirusScanner
from complaints.errors.base import ComplaintError
from complaints.settings import Settings
from deployments.doctor.cases import opened
from deployments.doctor.finding import Finding, graded


def letters_and_senders(settings: Settings) -> list[Finding]:
    """Look whether letters can leave, and who may hand in at the door."""
    mail = Finding("ok", "mail server", "set") if settings.smtp_url else _no_mail(settings)
    senders = ", ".join(sorted(settings.webhook_secrets))
    return [
        mail,
        Finding("ok", "senders at the door", senders)
        if senders
        else Finding("note", "senders at the door", "none", "redress up writes a first one into redress.toml"),
    ]


def _no_mail(settings: Settings) -> Finding:
    cure = "set REDRESS_SMTP_URL=smtp://user:password@host:587 to send them"
    return Finding("note", "mail server", f"none: letters are written to {settings.letters_folder}, not sent", cure)


def incoming_mail(settings: Settings) -> Finding:
    """Look into the mailbox that complaints come to, without touching what lies there."""
    url = settings.mailbox_url.get_secret_value()
    if not url:
        return Finding("note", "mailbox", "none: no mail is taken in", "set REDRESS_MAILBOX_URL; see docs/mail-door.md")
    try:
        with open_mailbox(url, timeout_seconds=3) as mailbox:
            found = f"{len(mailbox.waiting(500))} mails wait"
            for_people = {folder: mailbox.lying(folder) for folder in (Folder.HELD, Folder.UNREADABLE)}
    except ComplaintError as wrong:
        return Finding("bad", "mailbox", "cannot be read: no mail is taken in", str(wrong))
    if not any(for_people.values()):
        return Finding("ok", "mailbox", found)
    lie = ", ".join(f"{count} in Redress/{folder}" for folder, count in for_people.items() if count)
    cure = "look at them the same day: no time limit runs for what has no case; see docs/mail-door.md"
    return Finding("note", "mailbox", f"{found}; for a person: {lie}", cure)


def evidence(settings: Settings) -> list[Finding]:
    """Look whether evidence can be written and read, and viruses be found."""
    findings = [_evidence_store(settings)]
    if not settings.virus_scanner_url:
        cure = "set REDRESS_VIRUS_SCANNER_URL to a clamd; until then files are kept unscanned, and the ledger says so"
        return [*findings, Finding("note", "virus scanner", "none", cure)]
    try:
        VirusScanner(settings.virus_scanner_url, timeout_seconds=3).check()
    except ComplaintError as wrong:
        return [*findings, Finding("bad", "virus scanner", "does not answer: files are not taken", str(wrong))]
    return [*findings, Finding("ok", "virus scanner", settings.virus_scanner_url)]


def _evidence_store(settings: Settings) -> Finding:
    files, what = EvidenceFiles(settings.evidence_place), "evidence store"
    try:
        folder = files.folder
        if folder is None or folder.exists():
            files.check()
            return Finding("ok", what, str(folder or "elsewhere, as set"))  # a URL may hold a key
    except ComplaintError as wrong:
        return Finding("bad", what, "cannot be used", str(wrong))
    if settings.evidence_url:
        return Finding("bad", what, f"{folder} is not there", "make it, or mount the disk that it is on")
    return Finding("note", what, f"{folder} is not there yet", "the first file makes it")  # looking must not


def alerts(settings: Settings) -> list[Finding]:
    """Look whether somebody is told of missed limits; an address can hold a key, so none is shown."""
    if not any(settings.alerts.values()):
        cure = "set REDRESS_ALERTS__HANDLER and others; until then limits are told on Prefect's page only"
        return [Finding("note", "alerts", "nobody is told", cure)]
    findings = []
    for role, urls in settings.alerts.items():
        wrong = sum(not is_usable(url) for url in urls)
        name, cure = f"alerts to {role}", "write it as Apprise's documentation says: wecombot://KEY, mailtos://…"
        findings.append(graded(not wrong, name, f"{len(urls) - wrong} of {len(urls)} addresses usable", cure))
    return findings


def receivers(settings: Settings) -> list[Finding]:
    """Look at who is told of cases, and at what could not be told; an address can hold a key, so its host is shown."""
    try:
        store = opened(settings)
        found = standings(store) if store else {}
    except Exception:  # the case database was looked at before
        found = {}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    findings = []
    for name in sorted(settings.receivers.keys() | found.keys()):
        receiver, standing = settings.receivers.get(name), found.get(name, Standing(0, 0, None))
        what, where = f"receiver {name}", receiver.host if receiver else "not in the settings"
        if standing.dead:
            cure = f"redress webhooks list --dead; then redress webhooks replay --all-dead --receiver {name}"
            findings.append(Finding("bad", what, f"{where}: {standing.dead} dead letters", cure))
        elif receiver is None or (standing.since and standing.since < long_ago):
            cure = f"redress webhooks list --receiver {name}" + (f"; redress webhooks test {name}" if receiver else "")
            findings.append(Finding("note", what, f"{where}: {standing.waiting} wait to be told", cure))
        else:
            told = f"{len(receiver.events)} events{', with personal data' if receiver.personal else ''}"
            findings.append(Finding("ok", what, f"{where}, {told}"))
    return findings
