"""An example automation on Prefect's server: who is on call learns of a missed limit at once, also at night.

People at work are told by the sweep, in working time. This is for a firm that wants more: it is made switched off,
with a block that sends to a WeCom robot. To use it, open *Blocks* → ``redress-on-call`` on Prefect's page, enter the
robot's key (or the address and the body that another service takes), and switch the automation on. What an operator
has changed is never changed back.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict

NAME: Final = "Redress: 时限已过,通知值班 · limit missed, tell who is on call"
BLOCK: Final = "redress-on-call"
QUIET: Final = timedelta(minutes=10)
"""After a message no other is sent for so long: a limit is seldom missed alone."""

_ROBOT: Final[dict[str, Any]] = {
    "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
    "params": {"key": "{{robot_key}}"},
    "json_data": {"msgtype": "text", "text": {"content": "{{subject}}\n{{body}}"}},
}
_BODY: Final = (
    "案件 {{ event.resource.name }} 的时限“{{ event.payload.clock }}”已过({{ event.payload.due_at }})。"
    "十分钟内的其他超期不再单独通知,请看时限看板。\n"
    "Case {{ event.resource.name }}: the limit '{{ event.payload.clock }}' has passed ({{ event.payload.due_at }}). "
    "Others within ten minutes are not told one by one; see the deadline board."
)


def register_automations(client: SyncPrefectClient) -> list[str]:
    """Create the example automation and its block where they are not there yet; return what was created."""
    if client.read_automations_by_name(NAME):
        return []
    client.create_automation(example(_block(client)))
    return [NAME]


def example(block: UUID) -> AutomationCore:
    """Return the automation, switched off.

    Args:
        block: The block that its message goes out by.
    """
    return AutomationCore(
        name=NAME,
        description="Example, switched off. Enter the robot's key in the block 'redress-on-call' first.",
        enabled=False,
        tags=["redress"],
        trigger=EventTrigger(
            expect={"redress.clock.missed"},
            match={"prefect.resource.id": "redress.case.*"},
            posture=Posture.Reactive,
            threshold=1,
            within=QUIET,
        ),
        actions=[
            SendNotification(block_document_id=block, subject="投诉时限已过 · complaint deadline missed", body=_BODY)
        ],
    )


def _block(client: SyncPrefectClient) -> UUID:
    """Return the block's id; it is made where it is not there."""
    slug = CustomWebhookNotificationBlock.get_block_type_slug()
    try:
        return client.read_block_document_by_name(BLOCK, slug).id
    except ObjectNotFound:
        robot = CustomWebhookNotificationBlock(name=BLOCK, secrets=SecretDict({"robot_key": "enter it here"}), **_ROBOT)
        return UUID(str(robot.save(BLOCK)))
