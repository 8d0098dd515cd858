"""Messages to people, by any service that apprise knows: WeCom, DingTalk, Feishu, mail and a hundred others.

A service is named by a URL that holds its key (``wecombot://KEY``). Such a URL is a secret: neither it nor what
apprise says about it goes into a log.
"""

import logging
from collections.abc import Iterable
from typing import Final

import apprise
from pydantic import SecretStr

from complaints.alerts import Message

_ASSET: Final = apprise.AppriseAsset(app_id="Redress", app_desc="Redress", app_url="")

log = logging.getLogger("redress.alerts")
logging.getLogger("apprise").addFilter(lambda _: False)  # some of its warnings hold the key that they complain about


def scheme_of(url: SecretStr) -> str:
    """Return the name of a URL's service, which is no secret; empty where it has none."""
    scheme, separator, _ = url.get_secret_value().partition("://")
    return scheme.lower() if separator else ""


def is_usable(url: SecretStr) -> bool:
    """Whether a URL names a service, with all that the service needs."""
    return apprise.Apprise.instantiate(url.get_secret_value(), asset=_ASSET) is not None


def notify(urls: Iterable[SecretStr], message: Message) -> bool:
    """Send a message by every URL; return whether at least one service took it.

    That one took it is enough: sent again for the sake of the others, it would come twice to whoever has it.
    """
    taken = [_send(url, message) for url in urls]
    return any(taken)


def _send(url: SecretStr, message: Message) -> bool:
    service = apprise.Apprise(asset=_ASSET)
    try:
        took = service.add(url.get_secret_value()) and service.notify(
            title=message.title, body=message.text, body_format=apprise.NotifyFormat.TEXT
        )
    except Exception as error:  # each service has errors of its own
        log.warning("service '%s' did not take the message: %s", scheme_of(url), type(error).__name__)
        return False
    if not took:
        log.warning("service '%s' did not take the message; is its URL right, and is it there?", scheme_of(url))
    return bool(took)
