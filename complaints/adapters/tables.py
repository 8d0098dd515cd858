"""The tables of the case database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps it without zone, PostgreSQL with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC instant."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """A money amount with two decimals; text on SQLite, which has no exact numbers."""

    impl = Numeric(18, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        return dialect.type_descriptor(String(24) if dialect.name == "sqlite" else Numeric(18, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Store exactly two decimals."""
        if value is None:
            return None
        exact = value.quantize(Decimal("0.01"))
        return str(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return a Decimal."""
        return None if value is None else Decimal(value)


class Base(DeclarativeBase):
    """Base of all tables."""


class FirmRow(Base):
    """One row: what this database is."""

    __tablename__ = "firm"
    __table_args__ = (CheckConstraint("id = 1"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    is_demo: Mapped[bool] = mapped_column(default=False)  # only a demo can be moved through time
    offset_seconds: Mapped[int] = mapped_column(default=0)  # added to the real time to give the firm's
    key_fingerprint: Mapped[str] = mapped_column(String(16))
    rules_version: Mapped[int] = mapped_column(default=0)  # grows when the firm adds a pack or a calendar
    anchor_number: Mapped[int | None]  # the last anchor that was written outside the database
    anchor_sha256: Mapped[str | None] = mapped_column(String(64))  # of its file
    anchor_mark: Mapped[str | None] = mapped_column(String(64))  # HMAC-SHA-256 over both, as an order's is


class CaseRow(Base):
    """What is known of a case without opening it: made from its acts, for lists, sweeps and reports."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("sender", "number", name="uq_cases_sender_number"),
        Index(
            "uq_cases_authority_number",  # the authority's number is one case, whoever sends it
            "authority",
            "authority_number",
            unique=True,
            postgresql_where=text("authority IS NOT NULL"),
            sqlite_where=text("authority IS NOT NULL"),
        ),
        Index("ix_cases_stage", "stage"),
        Index("ix_cases_received_at", "received_at"),
        Index("ix_cases_closed_at", "closed_at"),
        Index("ix_cases_retain_until", "retain_until"),
    )

    reference: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int]  # number of ledger entries
    head: Mapped[str] = mapped_column(String(64))  # hash of the last one
    stage: Mapped[str] = mapped_column(String(32))
    asks: Mapped[str | None] = mapped_column(String(16))
    regime: Mapped[str] = mapped_column(String(32))
    sender: Mapped[str] = mapped_column(String(64))
    number: Mapped[str | None] = mapped_column(String(500))
    authority: Mapped[str | None] = mapped_column(String(600))  # as they are compared
    authority_number: Mapped[str | None] = mapped_column(String(600))
    channel: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    party_type: Mapped[str] = mapped_column(String(8))
    history: Mapped[bool]
    kind: Mapped[str | None] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(32))
    cause: Mapped[str | None] = mapped_column(String(32))
    severity: Mapped[str | None] = mapped_column(String(16))
    urgency: Mapped[str | None] = mapped_column(String(16))
    department: Mapped[str | None] = mapped_column(String(32))
    product: Mapped[str | None] = mapped_column(String(500))
    region: Mapped[str | None] = mapped_column(String(6))
    amount: Mapped[Decimal | None] = mapped_column(Amount)
    currency: Mapped[str | None] = mapped_column(String(3))
    received_at: Mapped[datetime] = mapped_column(Instant)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    decision_due_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(16))
    remedy: Mapped[str | None] = mapped_column(String(16))
    redress_paid: Mapped[Decimal | None] = mapped_column(Amount)
    redress_currency: Mapped[str | None] = mapped_column(String(3))
    satisfaction: Mapped[str | None] = mapped_column(String(16))
    closure: Mapped[str | None] = mapped_column(String(16))
    late: Mapped[bool | None]  # the decision came too late; None while it has not come
    sub_product: Mapped[str | None] = mapped_column(String(500))  # this and the next: the sender's own names
    issue: Mapped[str | None] = mapped_column(String(500))
    represented: Mapped[bool]
    forwarded: Mapped[bool]  # by an authority or its hotline
    is_group: Mapped[bool]
    repeats: Mapped[int]  # cases that were merged into this one
    merged_into: Mapped[str | None] = mapped_column(String(24))
    merged_at: Mapped[datetime | None] = mapped_column(Instant)
    reopened: Mapped[int]  # times
    reopened_at: Mapped[datetime | None] = mapped_column(Instant)  # the last time
    review: Mapped[str | None] = mapped_column(String(16))  # asked or answered
    review_asked_at: Mapped[datetime | None] = mapped_column(Instant)  # this and the next: the last time
    review_told_at: Mapped[datetime | None] = mapped_column(Instant)
    payments: Mapped[str | None] = mapped_column(Text)  # JSON: day, amount and currency of each, whatever came later
    handler: Mapped[str | None] = mapped_column(String(64))  # who answered a question of the case last
    breach_cause: Mapped[str | None] = mapped_column(String(32))
    changed_at: Mapped[datetime] = mapped_column(Instant)  # the latest time in the ledger
    archived_at: Mapped[datetime | None] = mapped_column(Instant)
    retain_until: Mapped[datetime | None] = mapped_column(Instant)  # the first moment at which no rule keeps it
    on_hold: Mapped[bool]  # a legal hold stands
    erased_at: Mapped[datetime | None] = mapped_column(Instant)


class EntryRow(Base):
    """One ledger entry; rows are only ever inserted."""

    __tablename__ = "ledger"
    __table_args__ = (Index("ix_ledger_at", "at", postgresql_using="brin"),)  # entries come in the order of time

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(64))
    facts: Mapped[str] = mapped_column(Text)  # canonical JSON, hashed as it stands
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class CaseKeyRow(Base):
    """The key of one case, wrapped by the master key; NULL once destroyed."""

    __tablename__ = "case_keys"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)


class RemnantRow(Base):
    """An erased case of which files may be left: written with the erasure, removed once they are gone."""

    __tablename__ = "remnants"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(Instant)


class ErasureOrderRow(Base):
    """Two people's order that cases may be erased as their retention ends, up to a day and a number."""

    __tablename__ = "erasure_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    until: Mapped[date]  # the last day of retention that it covers, in the zone of the rule
    most: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[str] = mapped_column(String(64))
    approver: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)
    mark: Mapped[str] = mapped_column(String(64))  # HMAC-SHA-256 over the rest, under a key made from the master key


class ClockRow(Base):
    """A clock of a case, and when the sweep must look at it next."""

    __tablename__ = "clocks"
    __table_args__ = (
        Index(
            "ix_clocks_next_at",
            "next_at",
            "reference",
            "name",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
        # SQLite uses it only where the words are the same, and SQLAlchemy writes "= 1" there.
        Index("ix_clocks_running", "due_at", postgresql_where=text("running"), sqlite_where=text("running = 1")),
        Index(
            "ix_clocks_to_show",
            "reference",
            "name",
            postgresql_where=text("shown <> standing"),
            sqlite_where=text("shown <> standing"),
        ),
    )

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(Instant)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    missed: Mapped[bool]
    running: Mapped[bool]  # its duty is neither done nor fallen away
    paused: Mapped[bool]
    nature: Mapped[str] = mapped_column(String(8))
    calendar: Mapped[str] = mapped_column(String(32))
    standing: Mapped[str] = mapped_column(String(8), default="")  # "soon", "late", or neither
    shown: Mapped[str] = mapped_column(String(8), default="")  # what the tags of the case's run say of it


class AlertRow(Base):
    """Something that people are to be told of a clock: written with the act, sent when they work."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "ix_alerts_unannounced",
            "id",
            postgresql_where=text("announced_at IS NULL"),
            sqlite_where=text("announced_at IS NULL"),
        ),
        Index(
            "ix_alerts_unsent",
            "send_after",
            postgresql_where=text("sent_at IS NULL"),
            sqlite_where=text("sent_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    clock: Mapped[str] = mapped_column(String(80))
    what: Mapped[str] = mapped_column(String(32))
    percent: Mapped[int | None]
    tell: Mapped[str] = mapped_column(String(200))  # roles, separated by blanks
    due_at: Mapped[datetime] = mapped_column(Instant)
    send_after: Mapped[datetime] = mapped_column(Instant)  # the next working time
    announcing_since: Mapped[datetime | None] = mapped_column(Instant)  # somebody is telling Prefect
    announced_at: Mapped[datetime | None] = mapped_column(Instant)  # event and tag are on Prefect's server
    sending_since: Mapped[datetime | None] = mapped_column(Instant)  # somebody is telling people
    sent_at: Mapped[datetime | None] = mapped_column(Instant)


class RuleRow(Base):
    """A pack or a calendar that the firm added; rows are only ever inserted."""

    __tablename__ = "rules"
    __table_args__ = (UniqueConstraint("kind", "name", "version", name="uq_rules_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(Instant)
    added_by: Mapped[str] = mapped_column(String(64))


class LetterRow(Base):
    """A letter in the outbox: rendered once, kept as sent."""

    __tablename__ = "letters"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    letter: Mapped[str] = mapped_column(String(32), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # subject, text and HTML under the case's key
    attempt: Mapped[int] = mapped_column(default=0)  # sends begun
    sending_since: Mapped[datetime | None] = mapped_column(Instant)  # set before, cleared with the outcome of a send


class DeliveryRow(Base):
    """A delivery at a door: the same one again is the same case."""

    __tablename__ = "deliveries"

    sender: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    content: Mapped[str | None] = mapped_column(
        String(64)
    )  # SHA-256 of what was delivered, where more than a complaint


class StartRow(Base):
    """A case whose run has still to be started: written with the case, removed once Prefect has the run."""

    __tablename__ = "starts"
    __table_args__ = (Index("ix_starts_filed_at", "urgent", "filed_at"),)

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    urgent: Mapped[bool]
    filed_at: Mapped[datetime] = mapped_column(Instant)


class WorkerRow(Base):
    """A worker that executes runs, and when it last said that it lives, by the database's own clock."""

    __tablename__ = "workers"

    identifier: Mapped[str] = mapped_column(String(160), primary_key=True)
    host: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(160))
    started_at: Mapped[datetime] = mapped_column(Instant)
    beat_at: Mapped[datetime] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)  # it ended in order
    heir: Mapped[str | None] = mapped_column(String(160))  # the worker that took over its runs


class SignRow(Base):
    """A sign by which complaints of the same person or matter are found again, under a key of the firm's own."""

    __tablename__ = "signs"
    __table_args__ = (Index("ix_signs_sign", "kind", "sign", "reference"),)

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    sign: Mapped[str] = mapped_column(String(32), primary_key=True)


class AnnouncementRow(Base):
    """Something that other systems are told of a case: written with the act, sent afterwards."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"))
    event: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(Instant)
    facts: Mapped[str] = mapped_column(Text)  # JSON without personal data


class DispatchRow(Base):
    """An announcement on its way to one receiver; dead when it was neither delivered nor will be tried again."""

    __tablename__ = "dispatches"
    __table_args__ = (
        Index(
            "ix_dispatches_next_at",
            "receiver",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
        Index(
            "ix_dispatches_waiting",
            "reference",
            "receiver",
            "announcement",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
    )

    announcement: Mapped[int] = mapped_column(ForeignKey("announcements.id"), primary_key=True)
    receiver: Mapped[str] = mapped_column(String(64), primary_key=True)
    reference: Mapped[str] = mapped_column(String(24))  # that of the announcement: a case's are sent in order
    attempt: Mapped[int] = mapped_column(default=0)  # begun since it was written or replayed
    next_at: Mapped[datetime | None] = mapped_column(Instant)  # None: delivered, or dead
    give_up_at: Mapped[datetime | None] = mapped_column(Instant)  # set by the first attempt
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    failure: Mapped[str | None] = mapped_column(String(200))  # why the last attempt came to nothing


class SummaryRow(Base):
    """A version of a regulatory summary as it stands, made from its entries: for lists and pages."""

    __tablename__ = "summaries"

    regime: Mapped[str] = mapped_column(String(32), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)  # 2026-03, 2026-Q1, 2026-H1 or 2026
    version: Mapped[int] = mapped_column(primary_key=True)
    as_at: Mapped[datetime] = mapped_column(Instant)  # the cut-off: what was known before
    state: Mapped[str] = mapped_column(String(16))
    prepared_by: Mapped[str] = mapped_column(String(64))
    prepared_at: Mapped[datetime] = mapped_column(Instant)
    reviewed_by: Mapped[str | None] = mapped_column(String(64))
    reviewed_at: Mapped[datetime | None] = mapped_column(Instant)
    signed_by: Mapped[str | None] = mapped_column(String(64))
    signed_at: Mapped[datetime | None] = mapped_column(Instant)
    remarks: Mapped[str] = mapped_column(Text)  # JSON: language = what an editor added
    files: Mapped[str] = mapped_column(Text)  # JSON: name = SHA-256


class SummaryEntryRow(Base):
    """What somebody did with a summary; rows are only ever inserted, each chained to the one before.

    The mark is made with the master key: who can write into the database, but has no key, cannot write one.
    """

    __tablename__ = "summary_entries"

    regime: Mapped[str] = mapped_column(String(32), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(64))
    facts: Mapped[str] = mapped_column(Text)  # canonical JSON, hashed as it stands
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    mark: Mapped[str] = mapped_column(String(64))
