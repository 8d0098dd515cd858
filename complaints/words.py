"""The field's code lists, each with the words people read (zh-CN, en).

A code is what is stored and computed with; the words may change without touching a record.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

ZH: Final = "zh-CN"
EN: Final = "en"
LANGUAGES: Final = (ZH, EN)


_MONEY: Final = {
    "CNY": "人民币{}元",
    "HKD": "港币{}元",
    "USD": "{}美元",
    "EUR": "{}欧元",
    "GBP": "{}英镑",
    "JPY": "{}日元",
    "SGD": "{}新加坡元",
    "AUD": "{}澳元",
    "INR": "{}印度卢比",
}


def show_money(value: Decimal, currency: str, language: str) -> str:
    """Return an amount as a letter writes it: 人民币128.50元, or CNY 128.50.

    Args:
        value: To the cent.
        currency: ISO 4217; one without a Chinese name keeps its code.
        language: "zh-CN" or "en".
    """
    form = _MONEY.get(currency) if language == ZH else None
    return form.format(f"{value:,.2f}") if form else f"{currency} {value:,.2f}"


class Title(BaseModel):
    """A name or a sentence in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str

    def word(self, language: str) -> str:
        """Return it in ``language`` ("zh-CN" or "en")."""
        return self.zh if language == ZH else self.en

    @property
    def both(self) -> str:
        """Return both, as the operators' forms show them."""
        return f"{self.zh} · {self.en}"


class Worded(StrEnum):
    """A code with its zh-CN and en words: ``NAME = "code", "中文", "English"``."""

    zh: str
    en: str

    def __new__(cls, code: str, zh: str = "", en: str = "") -> "Worded":
        """Make a member whose value is the bare code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.zh, member.en = zh, en
        return member

    def word(self, language: str) -> str:
        """Return the word for this code in ``language`` ("zh-CN" or "en")."""
        return self.zh if language == ZH else self.en

    @property
    def both(self) -> str:
        """Return the bilingual label that the operators' forms show."""
        return f"{self.zh} · {self.en}"


class Kind(Worded):
    """What sort of matter it is; each kind has its own way through."""

    CONSULTATION = "consultation", "咨询", "consultation"
    SUGGESTION = "suggestion", "建议", "suggestion"
    COMPLAINT = "complaint", "投诉", "complaint"
    REPORT = "report", "举报", "whistle-blowing report"


class Channel(Worded):
    """Where it came in."""

    WEB = "web", "网页", "web form"
    APP = "app", "手机应用", "app or chat"
    EMAIL = "email", "电子邮件", "e-mail"
    TELEPHONE = "telephone", "电话", "telephone"
    COUNTER = "counter", "营业现场", "counter"
    POST = "post", "信函", "post"
    REGULATOR = "regulator", "监管转办", "forwarded by the regulator"
    HOTLINE = "hotline", "热线转办", "hotline"


class Category(Worded):
    """What the matter is about, by content."""

    PRODUCT = "product", "产品", "product"
    SERVICE = "service", "服务", "service"
    CONTRACT = "contract", "合同条款", "contract"
    INFORMATION = "information", "信息披露与信息安全", "information and privacy"
    FEES = "fees", "定价收费", "fees and pricing"
    COLLECTION = "collection", "债务催收", "debt collection conduct"
    PAYMENT = "payment", "支付结算", "payment and settlement"
    CLAIM = "claim", "理赔", "insurance claim"
    CREDIT_REPORT = "credit_report", "征信", "credit report"
    CONDUCT = "conduct", "员工行为", "staff conduct"
    OTHER = "other", "其他", "other"


class Cause(Worded):
    """The classic causes of complaints about collection, and the general one."""

    IMPROPER_COMMUNICATION = "improper_communication", "沟通不当（威胁、辱骂）", "improper communication"
    LEAKED_INFORMATION = "leaked_information", "泄露信息", "leaked information"
    FORBIDDEN_TIME = "forbidden_time", "在禁止时段联系", "contact at a forbidden time"
    REPEATED_COLLECTION = "repeated_collection", "重复催收", "collecting again what was settled or promised"
    GENERAL = "general", "其他原因", "other cause"


class PartyType(Worded):
    """Who complains."""

    PERSON = "person", "个人", "person"
    FIRM = "firm", "单位", "firm"


class Severity(Worded):
    """How serious the matter is."""

    ORDINARY = "ordinary", "普通", "ordinary"
    COMPLEX = "complex", "复杂", "complex"
    MAJOR = "major", "重大", "major"


class Urgency(Worded):
    """How soon it must be handled."""

    GENERAL = "general", "一般", "general"
    URGENT = "urgent", "紧急", "urgent"


class ContactKind(Worded):
    """How a person can be reached."""

    EMAIL = "email", "电子邮件", "e-mail"
    PHONE = "phone", "电话", "telephone"
    POST = "post", "邮寄地址", "postal address"
    PORTAL = "portal", "监管平台", "regulator's portal"


class Stage(Worded):
    """Where a case stands."""

    RECEIVED = "received", "已接收", "received"
    ACKNOWLEDGED = "acknowledged", "已受理", "acknowledged"
    ASSESSED = "assessed", "已评估", "assessed"
    UNDER_INVESTIGATION = "under_investigation", "调查中", "under investigation"
    INVESTIGATED = "investigated", "已查明", "investigated"
    DECIDED = "decided", "已决定", "decided"
    ANSWERED = "answered", "已答复", "answered"
    PUT_RIGHT = "put_right", "补救完成", "put right"
    FOLLOWED_UP = "followed_up", "已回访", "followed up"
    ENDED = "ended", "已终止，待反馈转办机关", "ended, to be reported back"
    CLOSED = "closed", "已结案", "closed"
    ARCHIVED = "archived", "已归档", "archived"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has something to do."""
        return self not in (Stage.CLOSED, Stage.ARCHIVED)


class Conclusion(Worded):
    """What the investigation found, or what it still needs."""

    SUBSTANTIATED = "substantiated", "投诉事实成立", "the facts complained of are established"
    PARTLY_SUBSTANTIATED = "partly_substantiated", "部分成立", "partly established"
    UNSUBSTANTIATED = "unsubstantiated", "投诉事实不成立", "not established"
    NEED_MATERIALS = "need_materials", "需投诉人补充材料", "materials needed from the complainant"
    NOT_ENTITLED = "not_entitled", "投诉人无投诉资格，不予受理", "the person is not entitled: decline"
    NOT_OURS = "not_ours", "非本机构事项，不予受理", "not our business: decline"

    @property
    def declines(self) -> bool:
        """Whether the matter is not accepted."""
        return self in (Conclusion.NOT_ENTITLED, Conclusion.NOT_OURS)


class Basis(Worded):
    """What a finding or a decision rests on."""

    CONTRACT = "contract", "合同约定", "the contract"
    LAW = "law", "法律法规", "law and regulation"
    RECORDS = "records", "业务记录及录音", "business records and recordings"
    THIRD_PARTY = "third_party", "第三方证明", "a third party's evidence"


class Outcome(Worded):
    """The decision."""

    UPHELD = "upheld", "投诉成立", "upheld"
    PARTLY_UPHELD = "partly_upheld", "部分成立", "partly upheld"
    NOT_UPHELD = "not_upheld", "不成立", "not upheld"


class Remedy(Worded):
    """How it is put right."""

    NONE = "none", "无需补救", "none"
    APOLOGY = "apology", "致歉", "apology"
    EXPLANATION = "explanation", "解释说明", "explanation"
    CORRECTION = "correction", "更正", "correction"
    COMPENSATION = "compensation", "赔偿（补偿）", "compensation"
    REFUND = "refund", "退还费用", "refund"
    REPAYMENT_PLAN = "repayment_plan", "调整还款安排", "repayment plan"

    @property
    def is_money(self) -> bool:
        """Whether the remedy pays an amount."""
        return self in (Remedy.COMPENSATION, Remedy.REFUND)

    @property
    def needs_doing(self) -> bool:
        """Whether somebody must carry it out after the letter has gone; an apology is in the letter."""
        return self.is_money or self in (Remedy.CORRECTION, Remedy.REPAYMENT_PLAN)


class Satisfaction(Worded):
    """The result of the follow-up call."""

    SATISFIED = "satisfied", "满意", "satisfied"
    NEUTRAL = "neutral", "基本满意", "broadly satisfied"
    DISSATISFIED = "dissatisfied", "不满意", "dissatisfied"
    NOT_REACHED = "not_reached", "未能联系上", "not reached"


class ReportResult(Worded):
    """The result of looking into a whistle-blowing report."""

    CONFIRMED = "confirmed", "举报属实", "confirmed"
    PARTLY_CONFIRMED = "partly_confirmed", "部分属实", "partly confirmed"
    NOT_CONFIRMED = "not_confirmed", "未发现问题", "not confirmed"
    REFERRED = "referred", "移送主管机关", "referred to the authority"


class Topic(Worded):
    """The prepared answers to a consultation."""

    FEES = "fees", "费用与利率", "fees and interest"
    EARLY_REPAYMENT = "early_repayment", "提前还款", "early repayment"
    CREDIT_REPORT = "credit_report", "征信查询与异议", "credit report and objections"
    CONTRACT_COPY = "contract_copy", "合同副本", "a copy of the contract"
    PROCEDURE = "procedure", "投诉流程", "how complaints are handled"
    CALL_BACK = "call_back", "已电话答复", "answered by telephone"


class Repair(Worded):
    """What to do with a letter that could not be delivered."""

    RESEND = "resend", "原地址重发", "send again to the same address"
    OTHER_CONTACT = "other_contact", "改用案卷中的其他联系方式", "use another contact on file"
    BY_POST = "by_post", "打印后邮寄", "print and post"
    ARRIVED = "arrived", "已确认送达", "it is known to have arrived"
    GIVE_UP = "give_up", "放弃送达", "give up"


class DeliveryStatus(Worded):
    """What a gateway or the mail system says of a letter that has left."""

    DELIVERED = "delivered", "已送达", "delivered"
    DELAYED = "delayed", "延迟送达", "delayed"
    FAILED = "failed", "未送达", "not delivered"


class GiveUpReason(Worded):
    """Why a letter is not delivered at all."""

    NOT_REACHABLE = "not_reachable", "收件人无法联系", "the addressee cannot be reached"
    REFUSED = "refused", "收件人拒收", "the addressee refuses letters"
    TOLD_OTHERWISE = "told_otherwise", "已以其他方式告知", "told in another way"


class NoReport(Worded):
    """Why the authority that forwarded a matter is sent no report."""

    RECALLED = "recalled", "转办机关撤回转办", "the authority took the matter back"
    NOT_WANTED = "not_wanted", "转办机关不要求反馈", "the authority wants no report"
    SENT_BY_ANOTHER = "sent_by_another", "由上级机构统一反馈", "another institution of the firm reports"


class ErasureGround(Worded):
    """Why a person was erased (CN-PIPL art. 47)."""

    EXPIRED = "expired", "保存期限届满", "the retention period is over"
    PURPOSE_GONE = "purpose_gone", "处理目的已实现或不再必要", "the data are no longer needed"
    CONSENT_WITHDRAWN = "consent_withdrawn", "个人撤回同意", "consent was withdrawn"
    UNLAWFUL = "unlawful", "处理违法或者违反约定", "they were handled unlawfully"
    ORDERED = "ordered", "法院或监管机关要求删除", "a court or an authority ordered it"


class Closure(Worded):
    """Why a case was closed."""

    COMPLETED = "completed", "办结", "completed"
    ANSWERED_AT_ONCE = "answered_at_once", "当场答复", "answered at once"
    RECORDED = "recorded", "已登记采纳", "recorded with thanks"
    DECLINED = "declined", "不予受理", "declined"
    WITHDRAWN = "withdrawn", "投诉人撤回", "withdrawn"
    MERGED = "merged", "并案", "merged into an earlier case"
    HISTORY = "history", "历史导入", "imported as history"


class BreachCause(Worded):
    """Why a time limit was missed."""

    COMPLEXITY = "complexity", "案情复杂", "the matter is complex"
    MATERIALS = "materials", "等待投诉人材料", "waiting for the complainant's materials"
    THIRD_PARTY = "third_party", "第三方迟延", "a third party was late"
    STAFFING = "staffing", "人手不足", "too few hands"
    SYSTEM = "system", "系统故障", "a system failed"
    OVERSIGHT = "oversight", "工作疏漏", "oversight"


class Likeness(Worded):
    """In what two complaints agree, and in what they do not."""

    IDENTITY = "identity", "证件号码相同", "same identity number"
    PHONE = "phone", "电话号码相同", "same telephone number"
    EMAIL = "email", "电子邮箱相同", "same e-mail address"
    NAME = "name", "姓名相同", "same name"
    ADDRESS = "address", "邮寄地址相同", "same postal address"
    AGENT = "agent", "代理人相同", "same representative"
    ACCOUNT = "account", "合同号或账号相同", "same contract or account number"
    PRODUCT = "product", "产品相同", "same product"
    DAY = "day", "事发日期相同", "happened on the same day"
    AMOUNT = "amount", "金额相同", "same amount"
    TIME = "time", "收到时间相近（30日内）", "received within 30 days of each other"
    WORDING = "wording", "表述高度相似", "similar wording"
    OTHER_NAME = "other_name", "姓名不同", "but another name"


class RepeatGrade(Worded):
    """How sure it is that two complaints are the same matter."""

    LIKELY = "likely", "很可能是重复投诉", "likely a repeat"
    POSSIBLE = "possible", "可能是重复投诉", "possibly a repeat"


class ReopenReason(Worded):
    """Why a closed case is taken up again."""

    REVIEW = "review", "核查改变原处理决定", "a review changed the decision"
    NEW_FACTS = "new_facts", "出现新的事实或理由", "new facts or reasons"
    DISSATISFIED = "dissatisfied", "回访不满意", "dissatisfied at the follow-up"
    MISTAKE = "mistake", "结案有误", "closed by mistake"
