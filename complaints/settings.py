"""Settings, read in one place: environment variables ``REDRESS_…`` over ``redress.toml`` in the home folder."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from complaints.announcements import Wants
from complaints.errors.settings import SettingError
from complaints.evidence import EvidenceLimits
from complaints.receivers import Name, Receiver
from complaints.regimes.model import Role
from complaints.regimes.rulebook import OFFICE
from complaints.senders import Scopes, Secrets, SenderName, Token

_BETWEEN_URLS: Final = re.compile(r"[\s,]+(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)

_SHAPES: Final = {
    "prefect_auth": (r"[^\s:]+:\S+", "user:password"),
    "prefect_database_url": (r"postgres(ql)?(\+\w+)?://\S+", "postgresql://user:password@host/name"),
    "prefect_redis_url": (r"rediss?(\+sentinel)?://\S+", "redis://user:password@host:6379/0"),
}
"""The shape of settings that are secret, and how to say it."""

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""Addresses at which only this machine reaches a server."""


def _urls(text: str) -> list[str]:
    return [url for url in _BETWEEN_URLS.split(text.strip()) if url]


def _home() -> Path:
    return Path(os.environ.get("REDRESS_HOME") or Path.home() / ".redress").expanduser().resolve()


class Firm(BaseSettings):
    """Who the letters come from, in both languages."""

    model_config = SettingsConfigDict(extra="forbid", env_prefix="REDRESS_FIRM__")

    name_zh: str = "示例消费金融有限公司"
    name_en: str = "Example Consumer Finance Co., Ltd."
    address_zh: str = "上海市浦东新区示例路1号"
    address_en: str = "1 Example Road, Pudong, Shanghai"
    telephone: str = "021-5550 0000"
    email: str = "complaints@example.com"


class Settings(BaseSettings):
    """Everything that differs from one installation to the next."""

    model_config = SettingsConfigDict(env_prefix="REDRESS_", env_nested_delimiter="__", extra="forbid")

    home: Path = Field(default_factory=_home, description="folder of everything this installation keeps")
    database_url: str = Field(default="", description="case database; empty: SQLite in the home folder")
    master_key_file: Path | None = Field(default=None, description="empty: master.key in the home folder")
    regime: str = Field(default="cn-nfra", description="the leading regime of new cases")
    further_regimes: tuple[str, ...] = Field(
        default=(), description="regimes that apply beside it where their condition holds; the strictest limit leads"
    )
    office_calendar: str = Field(default=OFFICE, description="the calendar of the firm's working time")
    firm: Firm = Field(default_factory=Firm)
    smtp_url: str = Field(default="", description="smtp://user:password@host:port; empty: a folder of .eml files")
    mailbox_url: SecretStr = Field(
        default=SecretStr(""),
        description="mailbox of complaints: imaps://user:password@host/INBOX or maildir:///path; empty: none",
    )
    mail_timeout_seconds: float = Field(default=20, gt=0)
    mail_retry_delays_seconds: tuple[float, ...] = Field(default=(5, 30, 120), description="growing, with jitter")
    door_host: str = "127.0.0.1"
    door_port: int = 4280
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+[^\s?#]*)?$",
        description="where complainants reach their pages; letters carry the secret link where it is set",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="addresses whose X-Forwarded-For is believed, such as 10.0.0.0/8"
    )
    webhook_secrets: dict[SenderName, Secrets] = Field(
        default_factory=dict, description="sender = Standard Webhooks secret (whsec_…); several while it is changed"
    )
    webhook_scopes: dict[SenderName, Scopes] = Field(
        default_factory=dict, description="sender = what it may do when it signs; all with its own cases if left out"
    )
    tokens: dict[SenderName, tuple[Token, ...]] = Field(
        default_factory=dict, description="sender = hashes and scopes of its bearer tokens (redress token new)"
    )
    door_rate: float = Field(default=300, gt=0, description="requests a second that each sender may make")
    mail_cases_a_day: int = Field(
        default=50,
        gt=0,
        description="new cases that one mail address opens within 24 hours; more mails wait for a person",
    )
    receivers: dict[Name, Receiver] = Field(
        default_factory=dict, description="name = who is told of cases: url, secret, events, personal"
    )
    evidence_url: str = Field(
        default="",
        description="folder or fsspec URL (s3://bucket/prefix) of evidence; empty: evidence in the home folder",
    )
    evidence_limits: EvidenceLimits = EvidenceLimits()
    anchors: str = Field(
        default="",
        description="folder or fsspec URL of the daily anchors, on another disk or machine; empty: anchors in the home",
    )
    virus_scanner_url: str = Field(
        default="",
        pattern=r"^(tcp://[^\s/]+:\d+|unix:/.+)?$",
        description="clamd: tcp://host:3310 or unix:/run/clamav/clamd.ctl; empty: files are kept unscanned",
    )
    prefect_host: str = Field(default="127.0.0.1", description="address at which Prefect's server listens")
    prefect_port: int = 4200
    prefect_api_url: str = Field(default="", description="empty: the server that `redress up` starts here")
    prefect_page_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s/?#]+)?$",
        description="where operators reach Prefect's page through a proxy, such as https://cases.firm.example",
    )
    prefect_auth: SecretStr = Field(
        default=SecretStr(""),
        description="user:password that Prefect's server asks everybody for; empty: it asks nobody",
    )
    prefect_database_url: SecretStr = Field(
        default=SecretStr(""), description="Prefect's own database, not that of cases; empty: SQLite in the home folder"
    )
    prefect_redis_url: SecretStr = Field(
        default=SecretStr(""),
        description="Redis through which several of Prefect's processes work together; empty: there is only one",
    )
    worker_runs: int = Field(default=8, gt=0, le=64, description="runs of cases that a worker executes at a time")
    worker_health_host: str = Field(default="127.0.0.1", description="address of a worker's own HTTP port")
    worker_health_port: int = Field(
        default=0, ge=0, le=65535, description="port of /healthz, /readyz and /metrics of a worker; 0: none"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="lines for people, or a JSON object each")
    sweep_seconds: int = Field(default=60, gt=0, description="how often deadlines are watched")
    alerts: dict[Role, list[SecretStr]] = Field(
        default_factory=dict,
        description="role = apprise URLs by which it is told of time limits (wecombot://KEY, mailto://user:password@host)",
    )
    alert_language: Literal["zh-CN", "en"] = "zh-CN"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the file in the home folder."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=_home() / "redress.toml")
        return (init_settings, env_settings, file)

    @field_validator("prefect_auth", "prefect_database_url", "prefect_redis_url")
    @classmethod
    def _has_its_shape(cls, secret: SecretStr, field: ValidationInfo) -> SecretStr:
        """Refuse what Prefect would fail at only once it runs; a pattern of pydantic's cannot look into a secret."""
        pattern, shape = _SHAPES[field.field_name or ""]
        if secret.get_secret_value() and not re.fullmatch(pattern, secret.get_secret_value()):
            raise ValueError(f"must look like {shape}")
        return secret

    @field_validator("alerts", mode="before")
    @classmethod
    def _split_urls(cls, alerts: Any) -> Any:
        """Take several URLs in one text, with blanks or commas between them."""
        if not isinstance(alerts, dict):
            return alerts
        return {role: _urls(urls) if isinstance(urls, str) else urls for role, urls in alerts.items()}

    @property
    def wants(self) -> Wants:
        """The events that each receiver asks for."""
        return {name: receiver.events for name, receiver in self.receivers.items()}

    @property
    def cases_url(self) -> str:
        """The case database's SQLAlchemy URL, with the driver that Redress ships."""
        url = self.database_url or f"sqlite:///{self.home / 'cases.db'}"
        scheme, separator, rest = url.partition("://")
        return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgres", "postgresql") else url

    @property
    def key_file(self) -> Path:
        """Where the master key is."""
        return self.master_key_file or self.home / "master.key"

    @property
    def api_url(self) -> str:
        """Prefect's API."""
        return self.prefect_api_url or f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def prefect_page(self) -> str:
        """Where operators reach Prefect's page, without a slash at the end."""
        return self.prefect_page_url or self.api_url.removesuffix("/api")

    @property
    def prefect_is_exposed(self) -> bool:
        """Whether Prefect's server can be reached from other machines, by itself or through a proxy."""
        return bool(self.prefect_page_url) or self.prefect_host not in LOOPBACK

    @property
    def prefect_database(self) -> SecretStr:
        """The SQLAlchemy URL of Prefect's database, with the driver that Prefect ships."""
        url = self.prefect_database_url.get_secret_value() or f"sqlite+aiosqlite:///{self.home / 'prefect/prefect.db'}"
        scheme, separator, rest = url.partition("://")
        return SecretStr(f"postgresql+asyncpg{separator}{rest}" if scheme.startswith("postgres") else url)

    @property
    def pages_url(self) -> str:
        """Where the pages for complainants are reached, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{self.door_port}").rstrip("/")

    @property
    def letters_folder(self) -> Path:
        """Where letters go that no mail server takes: ``.eml`` files and the list to be handed over."""
        return self.home / "letters"

    @property
    def evidence_place(self) -> str:
        """Where evidence is kept: a folder, or a URL for fsspec."""
        return self.evidence_url or str(self.home / "evidence")

    @property
    def anchors_place(self) -> str:
        """Where anchors and the record of erasures are: a folder, or a URL for fsspec."""
        return self.anchors or str(self.home / "anchors")

    @property
    def archive_folder(self) -> Path:
        """Where closed cases are archived."""
        return self.home / "archive"

    @property
    def imports_folder(self) -> Path:
        """Where spreadsheets lie that operators import from Prefect's page."""
        return self.home / "imports"

    @property
    def returns_folder(self) -> Path:
        """Where the firm's own tables for returns lie, one file a regime."""
        return self.home / "returns"

    @property
    def summaries_folder(self) -> Path:
        """Where regulatory summaries are kept."""
        return self.home / "summaries"


@cache
def settings() -> Settings:
    """Return this process's settings.

    Raises:
        SettingError: the first setting that is wrong.
    """
    try:
        return Settings()
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        name = "__".join(str(part) for part in first["loc"]).upper()
        raise SettingError(f"REDRESS_{name}", first["msg"], "Correct it in the environment or redress.toml") from None
