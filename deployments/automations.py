"""Automations for operators: who is on call learns at once, also at night, of what does not go on by itself.

They only tell, and never act on runs. All are made switched off, with one block that sends to a WeCom robot. To use
them, open *Blocks* → ``redress-on-call`` on Prefect's page, enter the robot's key (or the address and the body that
another service takes), and switch on those that are wanted. What an operator has changed is never changed back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict

from deployments.changes import Change, Difference
from flows.runs import POOL
from flows.take_in_mail import TO_BE_LOOKED_AT

BLOCK: Final = "redress-on-call"
QUIET: Final = timedelta(minutes=10)
"""After a message no other of its kind is sent for so long: such things seldom come alone."""

_ROBOT: Final[dict[str, Any]] = {
    "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
    "params": {"key": "{{robot_key}}"},
    "json_data": {"msgtype": "text", "text": {"content": "{{subject}}\n{{body}}"}},
}


@dataclass(frozen=True)
class Notice:
    """What somebody wants to be told of.

    Attributes:
        name: Of the automation.
        events: The names of the events that it listens to.
        about: What their resource must be.
        related: What else must belong to it.
        subject: The message's first line.
        body: Its text, a template of Prefect's; nothing in it names a person.
    """

    name: str
    events: frozenset[str]
    about: Mapping[str, str]
    subject: str
    body: str
    related: Mapping[str, str] = field(default_factory=dict)


MISSED: Final = Notice(
    name="Redress: 时限已过，通知值班 · limit missed, tell who is on call",
    events=frozenset({"redress.clock.missed"}),
    about={"prefect.resource.id": "redress.case.*"},
    subject="投诉时限已过 · complaint deadline missed",
    body="案件 {{ event.resource.name }} 的时限“{{ event.payload.clock }}”已过（{{ event.payload.due_at }}）。"
    "十分钟内的其他超期不再单独通知，请看时限看板。\n"
    "Case {{ event.resource.name }}: the limit '{{ event.payload.clock }}' has passed ({{ event.payload.due_at }}). "
    "Others within ten minutes are not told one by one; see the deadline board.",
)
BROKEN: Final = Notice(
    name="Redress: 运行失败或崩溃，通知值班 · run failed or crashed, tell who is on call",
    events=frozenset({"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}),
    about={"prefect.resource.id": "prefect.flow-run.*"},
    related={"prefect.resource.role": "work-pool", "prefect.resource.name": POOL},
    subject="运行失败 · a run has failed",
    body="运行“{{ flow_run.name }}”（{{ flow.name }}）以 {{ flow_run.state.name }} 状态结束，原因见其日志。"
    "{{ flow_run|ui_url }} 十分钟内的其他失败不再单独通知。\n"
    "Run '{{ flow_run.name }}' of {{ flow.name }} ended {{ flow_run.state.name }}; its log says why. "
    "Runs of open cases are started again by reconcile-runs. Others within ten minutes are not told one by one.",
)
WORKER_GONE: Final = Notice(
    name="Redress: 执行进程失联，通知值班 · worker gone, tell who is on call",
    events=frozenset({"redress.worker.gone"}),
    about={"prefect.resource.id": "redress.worker.*"},
    subject="执行进程失联 · a worker is gone",
    body="执行进程 {{ event.resource.name }} 已失联，其运行由其他进程接续。请查看该机器。\n"
    "Worker {{ event.resource.name }} is gone; others take over its runs. Please look at its machine.",
)
NO_WORKER: Final = Notice(
    name="Redress: 无执行进程在线，通知值班 · no worker left, tell who is on call",
    events=frozenset({"prefect.work-pool.not-ready"}),
    about={"prefect.resource.id": "prefect.work-pool.*", "prefect.resource.name": POOL},
    subject="无执行进程在线 · no worker left",
    body="工作池 {{ event.resource.name }} 没有在线的执行进程，所有案件停止流转，时限仍在计算。请立即启动。\n"
    "No worker of the pool '{{ event.resource.name }}' is online: no case goes on, and the clocks do. "
    "Start one now ('redress up', 'redress worker').",
)
OUTBOX: Final = Notice(
    name="Redress: 待发积压，通知值班 · outbox growing, tell who is on call",
    events=frozenset({"redress.outbox.growing"}),
    about={"prefect.resource.id": "redress.outbox"},
    subject="待发积压 · the outbox grows",
    body="待发事项 {{ event.payload.number }} 件，最早的已等待 {{ event.payload.minutes }} 分钟。\n"
    "{{ event.payload.number }} things wait to be sent, the oldest for {{ event.payload.minutes }} minutes.",
)
EARLY_WARNING: Final = Notice(
    name="Redress: 早期预警，通知值班 · early warning, tell who is on call",
    events=frozenset({"redress.early-warning.spike", "redress.early-warning.gap"}),
    about={"prefect.resource.id": "redress.early-warning.*"},
    subject="投诉早期预警 · complaints: early warning",
    body="{{ event.payload.kind }}：{{ event.resource.name }}，自 {{ event.payload.begins_on }} 起，"
    "实际 {{ event.payload.observed }} 件，预期 {{ event.payload.expected }} 件。"
    "同一时间的其他预警不再单独通知，请看 warn-early 运行的表格。\n"
    "{{ event.resource.name }}: {{ event.payload.observed }} came in, {{ event.payload.expected }} were expected, "
    "from {{ event.payload.begins_on }} on. Others are not told one by one; see the table of the run of warn-early.",
)
MAIL: Final = Notice(
    name="Redress: 邮件待人工查看，通知值班 · mail for a person, tell who is on call",
    events=frozenset({TO_BE_LOOKED_AT}),
    about={"prefect.resource.id": "redress.mailbox"},
    subject="邮件待人工查看 · mail waits for a person",
    body="有 {{ event.payload.count }} 封邮件未能自动受理，已放入邮箱的 Redress/held 或 Redress/unreadable 文件夹，"
    "请当日查看：未立案的邮件不计时限。\n"
    "{{ event.payload.count }} mails were not taken in and lie in Redress/held or Redress/unreadable; please look at "
    "them the same day: no time limit runs for what has no case.",
)
NOTICES: Final = (MISSED, BROKEN, WORKER_GONE, NO_WORKER, OUTBOX, EARLY_WARNING, MAIL)


def register_automations(client: SyncPrefectClient) -> Iterator[Change]:
    """Create the automations and their block where they are not there yet; what is there is left as it is."""
    block, made = _block(client)
    yield Change("block", BLOCK, created=made)
    for notice in NOTICES:
        wanted = automation(notice, block)
        if there := client.read_automations_by_name(notice.name):
            yield Change("automation", notice.name, kept=_by_hand(there[0], wanted))
        else:
            client.create_automation(wanted)
            yield Change("automation", notice.name, created=True)


def automation(notice: Notice, block: UUID) -> AutomationCore:
    """Return the automation of a notice, switched off.

    Args:
        notice: What is told.
        block: The block that its message goes out by.
    """
    return AutomationCore(
        name=notice.name,
        description=f"Switched off at first. Enter the robot's key in the block '{BLOCK}' before you switch it on.",
        enabled=False,
        tags=["redress"],
        trigger=EventTrigger(
            expect=set(notice.events),
            match=notice.about,
            match_related=notice.related,
            posture=Posture.Reactive,
            threshold=1,
            within=QUIET,
        ),
        actions=[SendNotification(block_document_id=block, subject=notice.subject, body=notice.body)],
    )


def _by_hand(there: Automation, wanted: AutomationCore) -> tuple[Difference, ...]:
    """Return in what an automation differs; that it is switched on or off is nobody's news."""
    was, planned = (one.model_dump(exclude={"trigger": {"id"}}) for one in (there, wanted))
    parts = [part for part in ("trigger", "actions") if was[part] != planned[part]]
    return tuple(Difference(part, "changed", "as Redress makes it") for part in parts)


def _block(client: SyncPrefectClient) -> tuple[UUID, bool]:
    """Return the block's id, and whether it was made now."""
    slug = CustomWebhookNotificationBlock.get_block_type_slug()
    try:
        return client.read_block_document_by_name(BLOCK, slug).id, False
    except ObjectNotFound:
        robot = CustomWebhookNotificationBlock(name=BLOCK, secrets=SecretDict({"robot_key": "enter it here"}), **_ROBOT)
        return UUID(str(robot.save(BLOCK))), True
