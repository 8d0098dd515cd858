import stat
import traceback
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from complaints.acts_by_subject.letters import Kept
from complaints.adapters.mail import FolderCarrier, HandOver, KeptOnFile, Post, SmtpCarrier, write_private
from complaints.errors.letters import MailRefused, MailUnavailable, MailUncertain
from complaints.errors.settings import SettingError
from complaints.letters import Rendered
from complaints.settings import Firm
from tests.builders import REFERENCE
from tests.mail_servers import HOST, PATIENCE, Mailbox, Misdeed, mail_server, self_signed, wayward_server
from tests.ports import free_port

FIRM = Firm()
NUMBER = f"{REFERENCE}-1"
RECIPIENT = "lin.zhixia@example.cn"
QUICK = 0.2  # seconds that a test waits for a server that says nothing, whatever it was asked
ENOUGH = 3.0  # seconds in which a letter is handed over on the busiest machine
TEXT = "尊敬的林知夏:\n\n您提出的投诉,我们已收到。\n"
SERVERS_WORDS = "secret-words-of-the-server"
STALL, DROP = Misdeed.STALL, Misdeed.DROP


def a_post(**changes):
    """An acknowledgement that goes out by e-mail."""
    values = {
        "number": NUMBER,
        "letter": "acknowledgement",
        "language": "zh-CN",
        "message_id": f"<{NUMBER}@example.com>",
        "recipient": RECIPIENT,
        "shows_recipient": True,
        "rendered": Rendered("受理告知书", TEXT, f"<html><body><p>{TEXT}</p></body></html>"),
    }
    return Post(**values | changes)


def a_letter_saying(text):
    return Rendered("受理告知书", text, f"<html><body><pre>{text}</pre></body></html>")


def part(letter, subtype):
    """A part of an e-mail as it is shown; e-mails end their lines with CRLF."""
    return letter.get_body((subtype,)).get_content().replace("\r\n", "\n")


def carrier(port, *, user="", scheme="smtp", timeout=PATIENCE):
    return SmtpCarrier(f"{scheme}://{user}{HOST}:{port}", FIRM, timeout)


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def port(mailbox):
    """Where a mail server listens whose letters go into ``mailbox``."""
    with mail_server(mailbox) as port:
        yield port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server's TLS context and the certificate that nobody vouches for."""
    return self_signed(tmp_path_factory.mktemp("tls"))


# --- a server that takes letters ----------------------------------------------------------------


def test_a_letter_arrives_with_both_parts_and_the_headers_of_an_automatic_letter(mailbox, port):
    receipt = carrier(port).send(a_post())

    (letter,) = mailbox.letters
    assert receipt == "accepted by the mail server (250)"
    assert letter["Message-ID"] == f"<{NUMBER}@example.com>"
    assert letter["From"] == FIRM.email
    assert letter["To"] == RECIPIENT
    assert letter["Subject"] == "受理告知书"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "zh-CN"
    assert parsedate_to_datetime(letter["Date"]).tzinfo is not None
    assert part(letter, "plain") == TEXT
    assert part(letter, "html").strip() == a_post().rendered.html.strip()
    assert letter.get_content_type() == "multipart/alternative"


def test_the_envelope_names_the_firm_and_the_recipient(mailbox, port):
    carrier(port).send(a_post())

    (envelope,) = mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (FIRM.email, [RECIPIENT])


def test_a_confidential_letter_shows_its_address_to_the_mail_server_only(mailbox, port):
    carrier(port).send(a_post(shows_recipient=False))

    (envelope,) = mailbox.envelopes
    (letter,) = mailbox.letters
    assert envelope.rcpt_tos == [RECIPIENT]
    assert letter["To"] == "undisclosed-recipients:;"
    assert RECIPIENT.encode() not in envelope.content


@pytest.mark.parametrize(
    "text",
    [
        ".\n",
        "..\n.\n.QUIT\n. and so on\n",
        "a line\n.\nanother line after what looks like the end\n",
        "账户服务费被扣了两次,请退还。" * 5_000 + "\n",  # one line, far beyond SMTP's 998 bytes
        "第一段。\n\n第二段。\n" * 3_000,
        "𠮷野家 · ¥128.50 · emoji 🙂 · RTL \u202eabc\n",
    ],
    ids=["a dot", "dots", "an end in the middle", "one long line", "many lines", "beyond the common"],
)
def test_what_was_written_arrives_as_it_was_written(mailbox, port, text):
    carrier(port).send(a_post(rendered=a_letter_saying(text)))

    (letter,) = mailbox.letters
    assert part(letter, "plain") == text
    assert text in part(letter, "html")


def test_a_line_of_a_single_dot_in_the_raw_letter_does_not_end_it(mailbox, port, monkeypatch):
    """Bodies travel as base64, so this asks for the dots themselves."""
    message = EmailMessage(policy=SMTP)
    message.set_content("before\n.\n..after\n", cte="7bit")
    monkeypatch.setattr(Post, "message", lambda *_: message)

    carrier(port).send(a_post())

    (letter,) = mailbox.letters
    assert letter.get_content().splitlines() == ["before", ".", "..after"]


def test_a_long_subject_arrives_whole(mailbox, port):
    subject = "关于您提出的投诉的处理决定告知书(编号:TS260302-7K3M9QX)" * 4

    carrier(port).send(a_post(rendered=Rendered(subject, TEXT, "<p></p>")))

    assert [letter["Subject"] for letter in mailbox.letters] == [subject]


def test_a_letter_to_a_server_that_was_away_is_sent_when_it_is_back(mailbox):
    port = free_port()
    with pytest.raises(MailUnavailable):
        carrier(port).send(a_post())

    with mail_server(mailbox, port=port):
        carrier(port).send(a_post())

    assert [letter["Message-ID"] for letter in mailbox.letters] == [a_post().message_id]


# --- logging in, and TLS ------------------------------------------------------------------------


def staff_only(known, seen):
    """What aiosmtpd asks whether a login is right."""

    def check(_server, _session, _envelope, _mechanism, given):
        assert isinstance(given, LoginPassword)
        seen.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=seen[-1] == known, handled=False)

    return {"authenticator": check, "auth_required": True, "auth_require_tls": False}


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_the_login_is_the_one_in_the_url_with_its_percent_signs_undone(mailbox):
    seen = []
    with mail_server(mailbox, **staff_only(("redress@example.com", "p@ss/#1"), seen)) as port:
        carrier(port, user="redress%40example.com:p%40ss%2F%231@").send(a_post())

    assert set(seen) == {("redress@example.com", "p@ss/#1")}
    assert len(mailbox.letters) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_wrong_login_is_unavailable_because_the_setting_can_be_corrected(mailbox):
    with (
        mail_server(mailbox, **staff_only(("redress", "right"), [])) as port,
        pytest.raises(MailUnavailable, match="code 535"),
    ):
        carrier(port, user="redress:wrong@").send(a_post())

    assert mailbox.senders == []


def test_a_login_where_the_server_offers_none_is_unavailable(port):
    with pytest.raises(MailUnavailable, match="SMTPNotSupportedError"):
        carrier(port, user="redress:right@").send(a_post())


@pytest.mark.parametrize("user", ["redress:right@", "redress@"], ids=["user and password", "user alone"])
def test_no_login_leaves_this_machine_where_the_server_offers_no_encryption(monkeypatch, user):
    """As if the server were not on this machine: it would take the login, but whoever listens would read it."""
    monkeypatch.setattr("complaints.adapters.mail.LOOPBACK", frozenset())
    answers = {"EHLO": "250-mail.example.cn\r\n250 AUTH PLAIN LOGIN", "AUTH": "235 welcome"}

    with wayward_server(**answers) as server, pytest.raises(MailUnavailable, match="SMTPNotSupportedError"):
        carrier(server.port, user=user).send(a_post())

    assert server.heard == ["EHLO"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_where_the_connection_is_encrypted_the_login_leaves_this_machine(mailbox, certificate, monkeypatch):
    monkeypatch.setattr("complaints.adapters.mail.LOOPBACK", frozenset())
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    for scheme, tls in (("smtp", {"tls_context": context, "require_starttls": True}), ("smtps", {"tls": context})):
        seen = []
        with mail_server(mailbox, **staff_only(("redress", "right"), seen) | tls) as port:
            carrier(port, user="redress:right@", scheme=scheme).send(a_post())
        assert set(seen) == {("redress", "right")}

    assert len(mailbox.letters) == 2


def test_without_a_login_a_letter_leaves_this_machine_as_the_server_takes_it(mailbox, port, monkeypatch):
    monkeypatch.setattr("complaints.adapters.mail.LOOPBACK", frozenset())

    carrier(port).send(a_post())

    assert len(mailbox.letters) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent(mailbox, certificate, scheme):
    context, _ = certificate
    tls = {"tls": context} if scheme == "smtps" else {"tls_context": context}

    with (
        mail_server(mailbox, **tls) as port,
        pytest.raises(MailUnavailable, match="SSLCertVerificationError"),
    ):
        carrier(port, scheme=scheme).send(a_post())

    assert (mailbox.senders, mailbox.letters) == ([], [])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_this_machine_trusts_is_accepted(mailbox, certificate, scheme, monkeypatch):
    context, file = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls = {"tls": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}

    with mail_server(mailbox, **tls) as port:
        carrier(port, scheme=scheme).send(a_post())

    assert len(mailbox.letters) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("454 4.7.0 TLS not available", "code 454"), ("501 no", "code 501"), (DROP, "SMTPServerDisconnected")],
    ids=str,
)
def test_after_an_offer_of_tls_that_fails_nothing_is_sent_in_clear(answer, reason):
    offer = "250-mail.example.cn\r\n250 STARTTLS"
    with (
        wayward_server(EHLO=offer, STARTTLS=answer) as server,
        pytest.raises(MailUnavailable, match=reason),
    ):
        carrier(server.port).send(a_post())

    assert server.heard == ["EHLO", "STARTTLS"]


def test_a_server_that_speaks_no_tls_is_unavailable_over_smtps(mailbox, port):
    with pytest.raises(MailUnavailable, match="SSLError"):
        carrier(port, scheme="smtps").send(a_post())

    assert mailbox.letters == []


# --- a server that refuses, stalls, or goes away -------------------------------------------------

REFUSALS = [
    ("at_recipient", f"550 5.1.1 <{RECIPIENT}> {SERVERS_WORDS}", MailRefused, "code 550"),
    ("at_recipient", f"451 4.7.1 <{RECIPIENT}> {SERVERS_WORDS}", MailUnavailable, "code 451"),
    ("at_end", f"554 5.7.1 <{RECIPIENT}> {SERVERS_WORDS}", MailRefused, "code 554"),
    ("at_end", f"452 4.3.1 <{RECIPIENT}> {SERVERS_WORDS}", MailUnavailable, "code 452"),
]


@pytest.mark.parametrize(("step", "answer", "error", "reason"), REFUSALS)
def test_a_refusal_for_good_and_a_refusal_for_now_are_told_apart(step, answer, error, reason):
    mailbox = Mailbox(**{step: answer})
    with mail_server(mailbox) as port, pytest.raises(error) as refused:
        carrier(port).send(a_post())

    assert refused.value.reason == reason
    assert mailbox.letters == []


def test_a_server_that_is_not_there_is_unavailable():
    with pytest.raises(MailUnavailable, match="ConnectionRefusedError"):
        carrier(free_port()).send(a_post())


# What the server does at which step, and what that means. Before the letter was handed over, nothing can have been
# taken; after it, only an answer that was understood tells.
DIALOGUES = [
    ({"greeting": STALL}, MailUnavailable),
    ({"greeting": DROP}, MailUnavailable),
    ({"greeting": "554 no service"}, MailUnavailable),
    ({"greeting": "421 too busy"}, MailUnavailable),
    ({"EHLO": STALL}, MailUnavailable),
    ({"EHLO": DROP}, MailUnavailable),
    ({"MAIL": STALL}, MailUnavailable),
    ({"MAIL": DROP}, MailUnavailable),
    ({"MAIL": "421 closing"}, MailUnavailable),
    ({"MAIL": "553 not your address"}, MailUnavailable),
    ({"MAIL": "what?"}, MailUnavailable),
    ({"RCPT": STALL}, MailUnavailable),
    ({"RCPT": DROP}, MailUnavailable),
    ({"RCPT": "450 greylisted"}, MailUnavailable),
    ({"RCPT": "550 no such user"}, MailRefused),
    ({"RCPT": "lin who?"}, MailUnavailable),
    ({"DATA": STALL}, MailUnavailable),
    ({"DATA": DROP}, MailUnavailable),
    ({"DATA": "451 later"}, MailUnavailable),
    ({"DATA": "554 no valid recipients"}, MailRefused),
    ({"DATA": "250 OK"}, MailUnavailable),  # it did not ask for the letter
    ({"content": STALL}, MailUncertain),
    ({"content": DROP}, MailUncertain),
    ({"content": "250"}, None),
    ({"content": "250 OK", "QUIT": DROP}, None),
    ({"content": "250 OK", "QUIT": "500 no"}, None),
    ({"content": "OK"}, MailUncertain),
    ({"content": "354 more?"}, MailUncertain),
    ({"content": "452 full"}, MailUnavailable),
    ({"content": "552 too big"}, MailRefused),
]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        pytest.param(*row, id=", ".join(f"{step}: {getattr(how, 'name', how)}" for step, how in row[0].items()))
        for row in DIALOGUES
    ],
)
def test_wherever_the_dialogue_ends_it_is_known_how_far_it_came(answers, error):
    begun, stalls = monotonic(), STALL in answers.values()
    patience = (ENOUGH if "content" in answers else QUICK) if stalls else PATIENCE
    with wayward_server(**answers) as server:
        if error is None:
            assert carrier(server.port, timeout=patience).send(a_post()) == "accepted by the mail server (250)"
        else:
            with pytest.raises(error):
                carrier(server.port, timeout=patience).send(a_post())

    assert monotonic() - begun < PATIENCE / 2
    assert ("content" in server.heard) == ("content" in answers)  # the letter itself was never begun in vain


def test_a_refused_recipient_ends_the_dialogue_before_the_letter():
    with wayward_server(RCPT="550 no such user") as server, pytest.raises(MailRefused, match="code 550"):
        carrier(server.port).send(a_post())

    assert server.heard == ["EHLO", "MAIL", "RCPT", "QUIT"]


@pytest.mark.parametrize(
    "answers",
    [
        {"greeting": f"554 {RECIPIENT} {SERVERS_WORDS}"},
        {"MAIL": f"550 {RECIPIENT} {SERVERS_WORDS}"},
        {"RCPT": f"550 {RECIPIENT} {SERVERS_WORDS}"},
        {"RCPT": f"451 {RECIPIENT} {SERVERS_WORDS}"},
        {"RCPT": f"{RECIPIENT} {SERVERS_WORDS}"},
        {"DATA": f"554 {RECIPIENT} {SERVERS_WORDS}"},
        {"DATA": DROP},
        {"content": f"554 {RECIPIENT} {SERVERS_WORDS}"},
        {"content": f"{RECIPIENT} {SERVERS_WORDS}"},
        {"content": DROP},
        {"EHLO": "250-mail.example.cn\r\n250 AUTH PLAIN", "AUTH": f"535 {RECIPIENT} {SERVERS_WORDS}"},
    ],
    ids=lambda answers: "-".join(answers),
)
def test_no_error_repeats_the_address_the_password_or_the_servers_words(answers):
    user = "clerk:password-of-the-clerk@" if "AUTH" in answers else ""
    with wayward_server(**answers) as server, pytest.raises((MailRefused, MailUnavailable, MailUncertain)) as raised:
        carrier(server.port, user=user).send(a_post())

    told = f"{raised.value} {raised.value!r} {''.join(traceback.format_exception(raised.value))}"
    for secret in (RECIPIENT, SERVERS_WORDS, "password-of-the-clerk"):
        assert secret not in told


# --- addresses and settings that cannot work -----------------------------------------------------

IMPOSSIBLE = [
    ("lin@firm.invalid", "the domain does not exist"),  # RFC 6761
    ("lin@FIRM.Invalid.", "the domain does not exist"),
    ("林知夏@example.cn", "no address"),
    ("lin@例子.cn", "no address"),
    ("lin\u2028@example.cn", "no address"),
    ("lin@example.cn\r\nDATA", "no address"),
    ("lin@example.cn\n", "no address"),
    ("lin@example.cn,wang@example.cn", "no address"),
    ("lin@example.cn;wang@example.cn", "no address"),
    ("<lin@example.cn>", "no address"),
    ("", "no address"),
]


@pytest.mark.parametrize(("address", "reason"), IMPOSSIBLE)
def test_an_address_that_cannot_be_is_refused_before_anybody_is_asked(address, reason, tmp_path):
    """Nobody listens: had it been tried, it would be unavailable."""
    for one in (carrier(free_port()), FolderCarrier(tmp_path, FIRM)):
        for shows_recipient in (True, False):
            with pytest.raises(MailRefused, match=reason):
                one.send(a_post(recipient=address, shows_recipient=shows_recipient))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.cn",
        "http://mail.example.cn",
        "smtp://",
        "smtp://:587",
        "smtps:mail.example.cn",
        "smtp://mail.example.cn:many",
        "smtp://mail.example.cn:99999",
        "smtp://[::1",
        "smtp://clerk:secret#1@mail.example.cn:587",  # the # must be %23
        "smtp://clerk:秘密@mail.example.cn",
    ],
)
def test_a_setting_that_is_no_mail_server_is_refused_with_a_cure_and_without_the_password(url):
    with pytest.raises(SettingError) as refused:
        SmtpCarrier(url, FIRM, 1)

    told = "".join(traceback.format_exception(refused.value))
    assert refused.value.setting == "REDRESS_SMTP_URL"
    assert refused.value.cure
    assert "secret" not in told
    assert "秘密" not in told


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("smtp://mail.example.cn", "mail.example.cn", 587),
        ("smtps://mail.example.cn", "mail.example.cn", 465),
        ("smtp://u:p@mail.example.cn:2525", "mail.example.cn", 2525),
    ],
)
def test_without_a_port_the_usual_one_is_asked(url, host, port, monkeypatch):
    asked = []

    def refuse(address, *_args, **_options):
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)
    with pytest.raises(MailUnavailable):
        SmtpCarrier(url, FIRM, 1).send(a_post())

    assert asked == [(host, port)]


def test_only_a_mail_server_may_have_taken_what_nobody_knows_of(tmp_path):
    assert not SmtpCarrier("smtp://mail.example.cn", FIRM, 1).is_repeatable
    assert FolderCarrier(tmp_path, FIRM).is_repeatable
    assert HandOver(tmp_path).is_repeatable
    assert KeptOnFile().is_repeatable


def test_each_way_says_whether_a_letter_has_left_by_it_or_where_it_lies(tmp_path):
    assert SmtpCarrier("smtp://mail.example.cn", FIRM, 1).keeps is None
    assert FolderCarrier(tmp_path, FIRM).keeps is Kept.NOT_SENT
    assert HandOver(tmp_path).keeps is Kept.HAND_OVER
    assert KeptOnFile().keeps is Kept.ON_FILE


# --- folders ------------------------------------------------------------------------------------


def files_in(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_letter_written_twice_to_the_folder_is_one_file(tmp_path):
    folder = tmp_path / "letters" / "not-sent"
    carrier = FolderCarrier(folder, FIRM)

    carrier.send(a_post())
    carrier.send(a_post())

    assert list(files_in(folder)) == [f"{NUMBER}.eml"]


def test_a_letter_in_the_folder_says_that_it_was_not_sent(tmp_path):
    receipt = FolderCarrier(tmp_path, FIRM).send(a_post())

    (content,) = files_in(tmp_path).values()
    letter = message_from_bytes(content, policy=default)
    assert "not sent" in receipt
    assert letter["X-Redress-Note"].startswith("not sent")
    assert (letter["To"], letter["Subject"]) == (RECIPIENT, "受理告知书")
    assert part(letter, "plain") == TEXT


def test_a_confidential_letter_in_the_folder_shows_no_address(tmp_path):
    FolderCarrier(tmp_path, FIRM).send(a_post(shows_recipient=False))

    (content,) = files_in(tmp_path).values()
    assert RECIPIENT.encode() not in content


def test_only_the_owner_can_read_a_letter_in_a_folder(tmp_path):
    FolderCarrier(tmp_path / "not-sent", FIRM).send(a_post())
    HandOver(tmp_path / "hand-over").send(a_post())

    for folder in tmp_path.iterdir():
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_letter_to_be_handed_over_lies_beside_its_address(tmp_path):
    address = "上海市浦东新区示例路1号"

    receipt = HandOver(tmp_path).send(a_post(recipient=address))

    assert receipt == f"on the hand-over list as {NUMBER}.html"
    assert files_in(tmp_path) == {
        f"{NUMBER}.html": a_post().rendered.html.encode(),
        f"{NUMBER}.address.txt": f"{address}\n".encode(),
    }


def test_a_confidential_letter_to_be_handed_over_hides_its_address(tmp_path):
    HandOver(tmp_path).send(a_post(recipient="13800000101", shows_recipient=False))

    told = b"".join(files_in(tmp_path).values())
    assert b"13800000101" not in told
    assert b"ask the compliance department" in told


def test_a_letter_handed_over_twice_is_on_the_list_once_at_its_last_address(tmp_path):
    HandOver(tmp_path).send(a_post(recipient="13800000101"))
    HandOver(tmp_path).send(a_post(recipient="上海市浦东新区示例路1号"))

    files = files_in(tmp_path)
    assert len(files) == 2
    assert files[f"{NUMBER}.address.txt"].decode().strip() == "上海市浦东新区示例路1号"


def test_file_names_are_the_letters_number_and_nothing_of_the_person(tmp_path):
    FolderCarrier(tmp_path, FIRM).send(a_post())
    HandOver(tmp_path).send(a_post())

    assert {name.partition(".")[0] for name in files_in(tmp_path)} == {NUMBER}


@pytest.mark.parametrize("kind", [lambda folder: FolderCarrier(folder, FIRM), HandOver], ids=["not-sent", "hand-over"])
def test_a_folder_that_cannot_be_written_is_unavailable_and_leaves_nothing_half_written(kind, tmp_path):
    (tmp_path / "letters").write_text("a file stands where the folder should be")

    with pytest.raises(MailUnavailable, match="cannot be written"):
        kind(tmp_path / "letters").send(a_post())

    assert [file.name for file in tmp_path.iterdir()] == ["letters"]


def test_a_letter_that_cannot_replace_the_last_one_leaves_no_draft(tmp_path):
    (tmp_path / f"{NUMBER}.eml").mkdir()

    with pytest.raises(MailUnavailable):
        FolderCarrier(tmp_path, FIRM).send(a_post())

    assert list(tmp_path.iterdir()) == [tmp_path / f"{NUMBER}.eml"]


def test_a_letter_without_any_contact_is_kept_on_file():
    assert KeptOnFile().send(a_post(recipient="")) == "kept on file: no contact is known"


# --- the letter as an e-mail --------------------------------------------------------------------


def test_every_attempt_has_the_same_message_id():
    assert a_post().message(FIRM)["Message-ID"] == a_post().message(FIRM)["Message-ID"] == f"<{NUMBER}@example.com>"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_a_line_break_never_becomes_a_header(end):
    """Subjects hold nothing of the complainant; should one ever, the letter is not made."""
    with pytest.raises(ValueError, match="linefeed or carriage return"):
        a_post(rendered=Rendered(f"受理告知书{end}Bcc: spy@example.cn", TEXT, "<p></p>")).message(FIRM)


def test_what_a_kill_leaves_of_a_letter_is_found_by_the_name_of_its_case(tmp_path, monkeypatch):
    def kill(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", kill)
    monkeypatch.setattr(Path, "unlink", kill)
    with pytest.raises(KeyboardInterrupt):
        write_private(tmp_path / "not-sent" / f"{REFERENCE}-1.eml", b"words")

    assert len(list(tmp_path.rglob(f"{REFERENCE}-*"))) == 1
