import pytest

from complaints.adapters.mailbox.charsets import clean, decode, decode_words, one_line, unpack_base64

SENTENCE = "我的账户被重复扣款两次，请退还。"
ONLY_GB18030 = "㐀喆镕堃"  # of which GB 2312 knows none


@pytest.mark.parametrize("label", ["gb2312", "GBK", "gb18030", "x-gbk", '"GB2312"', "EUC-CN", "cp936"])
def test_gb_labels_of_every_sort_mean_gb18030(label):
    assert decode(ONLY_GB18030.encode("gb18030"), label).text == ONLY_GB18030
    assert decode(SENTENCE.encode("gb18030"), label).note == ""


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        (SENTENCE.encode(), "gb2312", SENTENCE),
        (SENTENCE.encode("gb18030"), "utf-8", SENTENCE),
        (SENTENCE.encode("gb18030"), "iso-8859-1", SENTENCE),
        (SENTENCE.encode("gb18030"), "us-ascii", SENTENCE),
        (SENTENCE.encode("gb18030"), None, SENTENCE),
        (SENTENCE.encode("gb18030"), "no-such-charset", SENTENCE),
        ("重複扣款，請退還".encode("big5"), "x-unknown", "重複扣款，請退還"),
        (SENTENCE.encode(), None, SENTENCE),
        ("Réclamation à traiter".encode("latin-1"), "utf-8", "Réclamation à traiter"),
        ("Réclamation “à traiter”".encode("cp1252"), None, "Réclamation “à traiter”"),
    ],
)
def test_wrong_and_missing_labels_are_seen_through_and_noted(content, label, text):
    decoded = decode(content, label)

    assert decoded.text == text
    assert decoded.note == "charset_guessed"


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("重複扣款", "big5", "Big5"),
        ("二重請求されました", "iso2022_jp", "ISO-2022-JP"),
        ("二重請求", "cp932", "Shift_JIS"),
        ("이중 청구", "cp949", "ks_c_5601-1987"),
        ("重复扣款", "hz", "hz-gb-2312"),
        ("重复扣款", "utf-16", "utf-16"),
        ("重复扣款", "utf-7", "utf-7"),
        ("списали дважды", "koi8-r", "koi8-r"),
        ("Café", "latin-1", "iso-8859-1"),
    ],
)
def test_honest_labels_are_believed(text, codec, label):
    assert decode(text.encode(codec), label).text == text


def test_gb18030_that_happens_to_be_utf_8_is_read_as_labelled():
    assert decode("模".encode("gb18030"), "gb2312").text == "模"
    assert decode("模".encode("gb18030"), None).text == "ģ"  # without a label nobody can tell


def test_damaged_text_is_read_as_far_as_it_goes_and_noted():
    broken = SENTENCE.encode("gb18030")[:-1] + b"\xff"

    decoded = decode(broken, "gb2312")

    assert decoded.text.startswith("我的账户被重复扣款两次")
    assert decoded.note == "charset_damaged"


@pytest.mark.parametrize("label", ["idna", "unicode_escape", "rot13", "base64", "undefined", "\x00", "utf-8\n;x"])
def test_a_charset_that_is_none_is_never_looked_up(label):
    assert decode(rb"\u0041 " + SENTENCE.encode(), label).text == r"\u0041 " + SENTENCE


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?gb2312?B?zba3uQ==?=", "投饭"),
        ("=?GB2312?Q?=CD=B6=CB=DF?= about fees", "投诉 about fees"),
        ("=?utf-8?B?5oqV6K+J?= =?utf-8?B?5oiR?=", "投诉我"),
        ("=?utf-8?B?5oqV6K8=?= =?utf-8?B?iQ==?=", "投诉"),  # a character cut in two
        ("=?utf-8?B?5oqV6K+J?=tail", "投诉tail"),
        ("=?utf-8*zh-CN?B?5oqV6K+J?=", "投诉"),  # RFC 2231 language
        ("=?utf-8?Q?a b=E6=8A=95?=", "a b投"),  # a blank that should be _
        ("=?utf-8?B?5oqV6K+J", "=?utf-8?B?5oqV6K+J"),  # never ends
        ("=?utf-8?B?5oqV6K+J?= =?gb2312?B?zba3uQ==?=", "投诉投饭"),
        ("=?x?B?!!!!?=", ""),
        ("plain", "plain"),
    ],
)
def test_encoded_words_are_read_wherever_they_stand(raw, text):
    assert decode_words(raw).text == text


def test_a_header_in_bare_gb18030_is_read():
    raw = "投诉：重复扣款".encode("gb18030").decode("ascii", "surrogateescape")

    assert decode_words(raw).text == "投诉：重复扣款"


@pytest.mark.parametrize("packed", [b"aGVsbG8=", b"aGVs\r\nbG8", b"aGVsbG8=====", b"aGVs bG8!", b"aGVsbG8x"[:7]])
def test_base64_is_unpacked_however_it_was_cut(packed):
    assert unpack_base64(packed) == b"hello"


def test_nothing_that_cannot_be_stored_or_would_deceive_is_left():
    assert clean("a\x00b\x1b[31m\u202egnp.exe\ud800\r\nc\rd") == "ab[31mgnp.exe\nc\nd"
    assert one_line("  a \r\n b\tc ", 4) == "a b"
