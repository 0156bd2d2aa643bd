"""Settings: one frozen class, read from the environment with the prefix CASEFILE_. Defaults are right in production."""

from datetime import date
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SenderBinding(StrEnum):
    """Whether a token is good only together with a proof of its client's key (RFC 9449)."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Unscanned(StrEnum):
    """What becomes of a file that no malware scanner saw."""

    REFUSED = "refused"
    LARGE = "large"
    ACCEPTED = "accepted"


class StoreChecksums(StrEnum):
    """Where checksums of the S3 API are used beside our own hashes."""

    WHERE_SIGNED = "where_signed"
    ALWAYS = "always"


class ObjectLock(StrEnum):
    """How the store is to keep a submitted file against everybody, the service's own credentials included."""

    OFF = "off"
    GOVERNANCE = "governance"
    COMPLIANCE = "compliance"


class Settings(BaseSettings):
    """Everything that can be set, with its unit in its name."""

    model_config = SettingsConfigDict(env_prefix="CASEFILE_", frozen=True, extra="ignore")

    # Where callers find the service. Issuer, protected resource and token audience are this one URL.
    public_url: str = Field(
        "http://127.0.0.1:8000", description="URL callers reach the service at; issuer and audience"
    )
    allowed_hosts: str = Field(
        "", description="comma-separated host names requests may name; empty: that of the public URL; *: any"
    )
    host: str = Field("127.0.0.1", description="address the HTTP server listens on")
    port: int = Field(8000, description="port the HTTP server listens on")
    metrics_host: str = Field("127.0.0.1", description="address /metrics listens on; keep it away from callers")
    metrics_port: int = Field(0, description="port of /metrics; further processes take the next ones; 0: free ones")
    trusted_proxies: str = Field(
        "", description="comma-separated addresses or networks of proxies whose X-Forwarded-For is believed"
    )
    client_certificate_proxies: str = Field(
        "", description="comma-separated addresses or networks of proxies believed on a client's TLS certificate"
    )
    client_certificate_header: str = Field(
        "Client-Cert", description="header in which they pass it on: RFC 9440, or percent-encoded PEM"
    )
    sandbox: bool = Field(False, description="sandbox rules: loopback webhooks, movable working time, generous rates")

    # Data kept by the program itself.
    data_dir: Path = Field(Path("var"), description="folder for embedded parts, keys and the newest checkpoint")
    code_lists_dir: Path | None = Field(None, description="folder of code lists newer than those of the package")
    master_key_file: Path | None = Field(None, description="file with the 32-byte key that wraps case keys (hex)")
    token_key_files: str = Field("", description="comma-separated PEM files of ES256 token keys; the first signs")
    log_key_file: Path | None = Field(None, description="PEM file of the Ed25519 key that signs checkpoints")
    log_origin: str = Field("", description="origin line and key name of the log: a URL without scheme")

    # Database.
    database_url: str = Field("", description="PostgreSQL URL of the service; empty starts the embedded server")
    migration_database_url: str = Field(
        "", description="PostgreSQL URL of the owner, for migrations; empty: database_url"
    )
    database_pooler: bool = Field(
        False, description="database_url leads to a pooler that lends out transactions; nothing is kept on a connection"
    )
    direct_database_url: str = Field(
        "", description="PostgreSQL URL past the pooler, for listening, locks and jobs; empty: database_url"
    )
    worker_database_url: str = Field(
        "", description="PostgreSQL URL of those who act without a caller, past any pooler; empty: database_url"
    )
    sequencer_database_url: str = Field(
        "", description="PostgreSQL URL of the sequencer, past any pooler; empty: that of the worker"
    )
    database_pool_size: int = Field(6, ge=2, description="connections kept by each process")
    database_timeout_seconds: float = Field(10.0, gt=0, description="longest wait for a connection or a statement")

    # Object storage.
    s3_endpoint_url: str = Field("", description="S3 endpoint the service reaches; empty starts the embedded store")
    s3_public_endpoint_url: str = Field("", description="S3 endpoint callers reach; presigned URLs name it")
    s3_bucket: str = Field("casefile", description="bucket for attachments and bundles")
    s3_region: str = Field("eu-west-2", description="region that requests to the store are signed for")
    s3_kms_key_id: str = Field("", description="key of AWS KMS that the bucket encrypts with")
    s3_checksums: StoreChecksums = Field(
        StoreChecksums.WHERE_SIGNED, description="always: checksums also on what the service itself writes and reads"
    )

    # Attachments.
    upload_link_minutes: int = Field(60, ge=1, description="how long a presigned upload URL can be used")
    download_link_seconds: int = Field(60, ge=1, description="how long a presigned download URL can be used")
    upload_expiry_days: int = Field(
        14, ge=1, description="days after which an upload that was never finished is given up"
    )
    uploads_per_client: int = Field(500, ge=1, description="uploads a client may have begun and not finished")
    clamd_address: str = Field("", description="clamd that scans uploads, as host:port or a socket's path; empty: none")
    unscanned_files: Unscanned | None = Field(
        None, description="files no scanner saw: refused, large (accepted where longer than it takes), or accepted"
    )
    object_lock: ObjectLock | None = Field(
        None, description="lock on submitted files: off, governance or compliance; unset: governance where possible"
    )
    object_lock_days: int = Field(2557, ge=1, description="days for which the store keeps a submitted file locked")
    recheck_days: int = Field(30, ge=1, description="days within which every file in storage is read and hashed again")
    bundle_keep_days: int = Field(7, ge=1, description="days that a bundle can be fetched; then it is removed")

    # Limits.
    body_limit_bytes: int = Field(1_048_576, description="largest request body")
    rate_per_second: float = Field(100.0, gt=0, description="requests a second a client may make, on average")
    rate_burst: int = Field(400, ge=1, description="requests a client may make at once")
    rate_body_bytes: int = Field(16_384, ge=1024, description="bytes of a body that count as one more request")
    turns_per_client: int = Field(
        4, ge=1, description="requests of a client that a process has under way at once while others ask too"
    )
    address_rate_per_second: float = Field(
        50.0, gt=0, description="token requests and failed authentications a second of one address, on average"
    )
    address_rate_burst: int = Field(200, ge=1, description="the same at once")
    sender_bound_tokens: SenderBinding | None = Field(
        None, description="required: every token is bound to a key (FAPI 2.0); optional: where the client asks"
    )
    trusted_issuers: str = Field(
        "", description="issuers beside this service whose tokens are believed, a JSON list; see docs/authentication.md"
    )
    idempotency_hours: int = Field(24, description="how long an answer is kept for its Idempotency-Key")
    justification_required: bool = Field(True, description="staff tokens must say why they look (DPA 2018 s.62)")

    # Restricted case files.
    break_glass_minutes: int = Field(
        60, ge=1, description="how long an emergency opens a restricted case file where nothing is asked"
    )
    break_glass_most_minutes: int = Field(480, ge=1, description="the longest that can be asked")

    # Working days: one-off bank holidays beside those of the calendar.
    extra_bank_holidays: tuple[date, ...] = Field((), description="one-off bank holidays, a JSON list of dates")

    # Deadlines of early advice: rules that take effect from a date, beside the usual ones.
    clock_rules: str = Field("", description="deadline rules to add, a JSON list; see docs/early-advice.md")

    # Events, webhooks and the worker.
    webhook_exempt_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="networks webhooks may reach over plain HTTP, a JSON list; for tests, never in production"
    )
    outward_proxy: str = Field(
        "",
        pattern=r"^(https?://[!-.0-~]+/?)?$",
        description="proxy (http://[user:password@]host:port) that webhooks and fetched keys go through; empty: none",
    )
    outward_proxy_resolves: bool = Field(
        False, description="the proxy looks host names up and refuses those that lead inside; else the service does"
    )
    webhook_connections: int = Field(4, ge=1, description="deliveries under way to one webhook endpoint at a time")
    event_retention_days: int = Field(90, ge=1, description="days for which the feed of events is complete")
    checkpoint_event_minutes: int = Field(
        60, ge=1, description="least time between two checkpoint events for oversight"
    )
    worker_concurrency: int = Field(4, ge=1, description="jobs (verifications, bundles) under way in one worker")

    # The log.
    read_batch_limit: int = Field(2_000, description="reads waiting for their entry before further ones get 503")
    checkpoint_keep_hours: int = Field(
        48, ge=1, description="hours for which every published checkpoint is kept; of older ones one an hour stays"
    )
    log_bucket: str | None = Field(
        None, description="bucket where nobody can delete checkpoints; unset: the other's name and -log; empty: none"
    )
    log_bucket_days: int = Field(2557, ge=1, description="days for which the store keeps a checkpoint locked")
    checkpoint_outside_minutes: float = Field(
        10.0, gt=0, description="minutes between two checkpoints that go into the bucket and to the time-stamper"
    )
    tsa_url: str = Field("", description="RFC 3161 authority that stamps checkpoints; empty: none")
    tsa_ca_file: Path | None = Field(None, description="PEM file of the certificate above that authority")
    log_check_hours: float = Field(24.0, gt=0, description="hours in which the log's self-check walks over all of it")
    log_retention: dict[str, tuple[int, int]] = Field(
        {}, description="years that text and entries of a row of the retention table are kept, a JSON object"
    )
    public_log: bool = Field(False, description="checkpoint, key and tiles can be opened without a token")
    log_witnesses: tuple[str, ...] = Field(
        (), description='witnesses that vouch for checkpoints, a JSON list of "KEY URL"; see docs/auditors.md'
    )

    @cached_property
    def origin(self) -> str:
        """Return the log's origin: set, or the public URL without its scheme."""
        if self.log_origin:
            return self.log_origin
        parts = urlsplit(self.public_url)
        return f"{parts.netloc}{parts.path.rstrip('/')}/log"

    @property
    def checkpoint_bucket(self) -> str:
        """Return the bucket for checkpoints: as set; if not, named after the bucket of files. Empty: none."""
        return f"{self.s3_bucket}-log" if self.log_bucket is None else self.log_bucket

    @property
    def sender_binding(self) -> SenderBinding:
        """Return whether tokens must be bound: as set; if not, required in production and optional in a sandbox."""
        usual = SenderBinding.OPTIONAL if self.sandbox else SenderBinding.REQUIRED
        return self.sender_bound_tokens or usual

    @property
    def offers_certificate_binding(self) -> bool:
        """Return whether tokens may be bound to a client's TLS certificate: where a proxy is named that sees it."""
        return bool(self.client_certificate_proxies)

    @property
    def requires_proofs(self) -> bool:
        """Return whether every token is bound to a key by DPoP: required, and no certificate can stand for it."""
        return self.sender_binding is SenderBinding.REQUIRED and not self.offers_certificate_binding

    @property
    def unscanned(self) -> Unscanned:
        """Return what becomes of unscanned files: as set; if not, accepted in a sandbox, in production large ones."""
        return self.unscanned_files or (Unscanned.ACCEPTED if self.sandbox else Unscanned.LARGE)

    @property
    def webhook_exemptions(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return the networks that webhooks may reach over plain HTTP; in a sandbox loopback is among them."""
        loopback = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")) if self.sandbox else ()
        return (*self.webhook_exempt_networks, *loopback)

    @property
    def owner_database_url(self) -> str:
        """Return the URL that migrations connect to."""
        return self.migration_database_url or self.database_url

    @property
    def lasting_database_url(self) -> str:
        """Return the URL of connections that are kept: those that listen, hold locks or take up jobs."""
        return self.direct_database_url or self.database_url

    @property
    def sequencing_database_url(self) -> str:
        """Return the URL of the one connection that lets the log grow."""
        return self.sequencer_database_url or self.lasting_database_url

    @property
    def unattended(self) -> Self:
        """Return the settings of who acts without a caller: a connection in the role of the worker."""
        if not self.worker_database_url:
            return self
        return self.with_values(database_url=self.worker_database_url, direct_database_url="", database_pooler=False)

    def with_values(self, **values: object) -> Self:
        """Return the same settings with some values replaced."""
        return self.model_copy(update=values)
