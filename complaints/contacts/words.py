"""What is said of a contact: the code lists of a contact log."""

from collections.abc import Mapping
from typing import Final

from complaints.words import Worded


class Medium(Worded):
    """How somebody is contacted."""

    CALL = "call", "电话", "telephone call"
    AI_CALL = "ai_call", "智能语音外呼", "AI voice call"
    VOICEMAIL_DROP = "voicemail_drop", "无振铃语音留言", "ringless voicemail"
    VISIT = "visit", "外访", "visit"
    MESSAGE = "message", "短信", "text message"
    EMAIL = "email", "电子邮件", "e-mail"
    CHAT = "chat", "应用或社交媒体消息", "app or social-media message"
    LETTER = "letter", "信函", "letter"


class ContactOutcome(Worded):
    """What became of a contact."""

    ANSWERED = "answered", "接通或见到本人", "answered, or met"
    UNANSWERED = "unanswered", "无人接听或未见到", "not answered, or not met"
    VOICEMAIL = "voicemail", "转入语音信箱", "reached a voicemail"
    NOT_CONNECTED = "not_connected", "未连通（忙音、关机、空号）", "not connected: busy, switched off, not in service"
    DELIVERED = "delivered", "已送达", "delivered"
    UNDELIVERED = "undelivered", "未送达", "not delivered"


class Counting(Worded):
    """Which outcomes a rule speaks of."""

    ATTEMPTS = "attempts", "联系尝试", "attempts"
    CONNECTED = "connected", "已连通的联系", "connected contacts"
    ANSWERED = "answered", "接通的联系", "answered contacts"
    REACHED = "reached", "联系到对方的联系", "contacts that reached the person"
    UNANSWERED = "unanswered", "未接通的尝试", "unanswered attempts"


COUNTED: Final[Mapping[Counting, frozenset[ContactOutcome]]] = {
    Counting.ATTEMPTS: frozenset(ContactOutcome),
    # 12 CFR 1006.14(b)(3)(ii) and its comment: ringing in vain and a voicemail are connected, a busy signal is not
    Counting.CONNECTED: frozenset(ContactOutcome) - {ContactOutcome.NOT_CONNECTED, ContactOutcome.UNDELIVERED},
    Counting.ANSWERED: frozenset({ContactOutcome.ANSWERED}),
    Counting.REACHED: frozenset({ContactOutcome.ANSWERED, ContactOutcome.DELIVERED}),
    Counting.UNANSWERED: frozenset({ContactOutcome.UNANSWERED, ContactOutcome.VOICEMAIL, ContactOutcome.NOT_CONNECTED}),
}


class PartyRole(Worded):
    """What the person contacted is to the debt."""

    DEBTOR = "debtor", "债务人", "debtor"
    GUARANTOR = "guarantor", "担保人等连带责任人", "guarantor, or another who is liable too"
    RELATED = "related", "债务相关第三人", "third person related to the debt"
    UNRELATED = "unrelated", "债务无关第三人", "third person unrelated to the debt"
    ATTORNEY = "attorney", "律师", "attorney"
    CREDIT_BUREAU = "credit_bureau", "征信机构", "consumer reporting agency"
    CREDITOR = "creditor", "债权人", "creditor"


class ContactPurpose(Worded):
    """What a contact was for."""

    COLLECTION = "collection", "催收", "collection"
    LOCATION = "location", "询问债务人联系方式", "to learn where the debtor is"
    LOCATION_CORRECTION = (
        "location_correction",
        "更正此前提供的联系方式",
        "to correct an earlier answer on where the debtor is",
    )
    RELAY = "relay", "请求转告债务人", "to ask that the debtor be told to call back"
    RESPONSE = "response", "对对方主动联系的一次回应", "the one answer to a contact that the person began"
    OPT_OUT_CONFIRMATION = "opt_out_confirmation", "确认退订", "confirmation of an opt-out"
    REQUIRED_BY_LAW = "required_by_law", "法律要求的通知", "required by law"
    COURT = "court", "经法院许可", "with a court's permission"


class Direction(Worded):
    """Who began a contact."""

    OUT = "out", "主动联系", "by the collector"
    IN = "in", "对方来电来函", "by the person"


class Effect(Worded):
    """What it means that a contact is not as a rule has it."""

    VIOLATION = "violation", "违反规定", "violation"
    PRESUMPTION = "presumption", "推定违反", "presumption of a violation"
    ADVICE = "advice", "偏离指引（不宜）", "departure from a recommendation"


class Per(Worded):
    """What contacts are counted by."""

    PERSON = "person", "同一人", "person"
    DEBT = "debt", "同一债务", "debt"
    NUMBER = "number", "同一联系方式", "number or address"
    ORGANISATION = "organisation", "同一机构", "organisation"
