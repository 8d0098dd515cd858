"""Deliveries at the doors: the same one again is taken once, and other content under its id is refused."""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from complaints.adapters.tables import DeliveryRow
from complaints.errors.intake import DeliveryIdTaken
from complaints.ledger import canonical


@dataclass(frozen=True)
class Delivery:
    """Something for a case that a sender delivers, perhaps several times.

    Attributes:
        sender: Who.
        id: The sender's id of it; ids of different senders have nothing to do with each other.
        content: SHA-256 of what is delivered; see :func:`content_of`.
    """

    sender: str
    id: str
    content: str

    @property
    def mark(self) -> str:
        """What the ledger keeps of sender and id, which may say more than it should."""
        return hashlib.sha256(f"{self.sender}\n{self.id}".encode()).hexdigest()


def content_of(*parts: object) -> str:
    """Return the SHA-256 of what is delivered, given as JSON values: of files, their own hashes."""
    return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()


def was_taken(session: Session, delivery: Delivery, reference: str) -> bool:
    """Whether a delivery was taken before.

    Raises:
        DeliveryIdTaken: its id stands for other content, or for another case.
    """
    row = session.get(DeliveryRow, (delivery.sender, delivery.id))
    if row is None:
        return False
    if (row.reference, row.content) != (reference, delivery.content):
        raise DeliveryIdTaken(delivery.id, row.reference)
    return True


def keep_delivery(session: Session, delivery: Delivery, reference: str) -> None:
    """Remember a delivery, in the transaction that records what it brought.

    Raises:
        IntegrityError: the same one came in at the same moment.
    """
    row = DeliveryRow(sender=delivery.sender, delivery_id=delivery.id, reference=reference, content=delivery.content)
    session.add(row)
    session.flush()
