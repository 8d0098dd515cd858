"""What the acts of a case are called in an event log, and which of their facts go into one.

Only codes and numbers of things go in. What people wrote, amounts, staff numbers, numbers of the sender's and of
documents stay out, and so does whatever an act may say in later versions until it is named here.
"""

from collections.abc import Mapping
from typing import Final

from complaints.words import Title

_NAMES: Final = (
    ("received", "接收", "received"),
    ("record_corrected", "更正历史记录", "record corrected"),
    ("acknowledged", "受理告知", "acknowledged"),
    ("assessed", "评估", "assessed"),
    ("investigation_opened", "启动调查", "investigation opened"),
    ("answer_was_refused", "填报未采用", "form not accepted"),
    ("materials_requested", "要求补充材料", "materials requested"),
    ("materials_received", "收到材料", "materials received"),
    ("found", "调查结论", "finding"),
    ("decided", "处理决定", "decision"),
    ("report_examined", "举报核查结果", "result of the report"),
    ("replied", "确定咨询答复", "reply settled"),
    ("answered", "告知结果", "outcome told"),
    ("put_right", "补救完成", "put right"),
    ("follow_up_opened", "启动回访", "follow-up opened"),
    ("followed_up", "回访", "followed up"),
    ("contact_added", "新增联系方式", "contact added"),
    ("withdrawn", "投诉人撤回", "withdrawn"),
    ("handling_ended", "终止办理，待反馈转办机关", "handling ended, to be reported back"),
    ("report_waived", "不再反馈转办机关", "no report to the authority"),
    ("closed", "结案", "closed"),
    ("reopened", "重新办理", "taken up again"),
    ("archived", "归档", "archived"),
    ("unarchived", "案卷调回", "taken back from the archive"),
    ("hold_placed", "启动法律保全", "legal hold placed"),
    ("hold_lifted", "解除法律保全", "legal hold lifted"),
    ("erased", "个人信息销毁", "person erased"),
    ("viewed", "查阅保密信息", "confidential data viewed"),
    ("repeats_suggested", "提示疑似重复投诉", "possible repeats suggested"),
    ("merged", "并入他案", "merged into another case"),
    ("merge_undone", "撤销并案", "merger undone"),
    ("absorbed", "他案并入", "another case merged into it"),
    ("separated", "并入案件分出", "merged case taken out again"),
    ("clock_started", "开始计时", "clock started"),
    ("clock_warned", "时限临近", "time limit near"),
    ("clock_missed", "超过时限", "time limit missed"),
    ("clock_reminded", "超期催办", "reminded of a missed limit"),
    ("clock_reached", "约定日期已到", "awaited date reached"),
    ("clock_met", "计时终止", "clock ended"),
    ("clock_ended", "时限不再适用", "limit fell away"),
    ("clock_paused", "中止计时", "clock paused"),
    ("clock_resumed", "恢复计时", "clock resumed"),
    ("extension_granted", "批准延期", "extension approved"),
    ("clock_extended", "延期生效", "extension counts"),
    ("clock_restarted", "重新起算", "clock restarted"),
    ("clock_recomputed", "重新计算时限", "limit computed again"),
    ("breach_explained", "超期原因", "why a limit was missed"),
    ("circumstances_stated", "登记案情", "circumstances stated"),
    ("occurred", "登记事件", "event noted"),
    ("path_taken", "采用简易方式", "shorter way taken"),
    ("regime_adopted", "适用新版规则", "new version of the rules"),
    ("letter_prepared", "生成信函", "letter prepared"),
    ("letter_sent", "信函发出", "letter sent"),
    ("letter_failed", "信函未送达", "letter not delivered"),
    ("delivery_reported", "送达回执", "delivery reported"),
    ("letter_repaired", "信函改送", "letter redirected"),
    ("letter_given_up", "放弃送达", "delivery given up"),
    ("evidence_added", "证据入卷", "evidence added"),
    ("evidence_refused", "证据未接收", "evidence refused"),
    ("evidence_opened", "查阅证据", "evidence opened"),
    ("mail_taken", "收取邮件", "mail taken in"),
)
ACTIVITIES: Final[Mapping[str, Title]] = {code: Title(zh=zh, en=en) for code, zh, en in _NAMES}
"""The words for each act, by its name in the ledger."""

FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "received": ("history",),
    "assessed": ("kind", "category", "cause", "severity", "urgency", "department"),
    "investigation_opened": ("department",),
    "answer_was_refused": ("question", "field"),
    "materials_received": ("channel",),
    "found": ("conclusion", "category", "cause", "severity", "basis"),
    "decided": ("outcome", "remedy", "basis"),
    "report_examined": ("result", "basis"),
    "replied": ("topic",),
    "followed_up": ("satisfaction",),
    "handling_ended": ("closure",),
    "closed": ("closure",),
    "reopened": ("reason",),
    "clock_started": ("clock", "wait", "nature"),
    "clock_warned": ("clock", "percent"),
    "clock_missed": ("clock",),
    "clock_reminded": ("clock",),
    "clock_reached": ("clock",),
    "clock_met": ("clock", "late"),
    "clock_ended": ("clock",),
    "clock_paused": ("clock", "pause"),
    "clock_resumed": ("clock", "capped"),
    "extension_granted": ("clock", "tier"),
    "clock_extended": ("clock", "tier"),
    "clock_restarted": ("clock", "event"),
    "clock_recomputed": ("clock",),
    "breach_explained": ("clock", "cause"),
    "occurred": ("event",),
    "path_taken": ("path",),
    "letter_prepared": ("letter", "round", "channel"),
    "letter_sent": ("letter", "round", "channel"),
    "letter_failed": ("letter", "round", "uncertain"),
    "delivery_reported": ("letter", "round", "status"),
    "letter_repaired": ("letter", "round", "choice", "channel"),
    "letter_given_up": ("letter", "round", "reason"),
    "evidence_added": ("media_type",),
    "evidence_refused": ("reason",),
}
"""The facts of each act that go into an event log."""


def activity(kind: str) -> Title:
    """Return what an act is called; one that has no words yet is called by its name."""
    plain = kind.replace("_", " ")
    return ACTIVITIES.get(kind, Title(zh=plain, en=plain))
