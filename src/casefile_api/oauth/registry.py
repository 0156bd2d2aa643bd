"""Who is registered, as the authorisation server asks for it: clients with their keys in force, staff in their roles.

Authlib runs synchronously; it is run inside the request's own transaction (`AsyncSession.run_sync`), so these queries
take a plain `Session` and what they write is committed or undone together with the audit entry.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from authlib.oauth2.rfc6749 import ClientMixin  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.orm import Session

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.revocations import LOCK_STAFF_SHARED
from casefile_api.clock import LONDON
from casefile_api.oauth.assertions import SKEW_SECONDS, Assertion
from casefile_api.oauth.client_keys import ClientPublicKey, KeyAlgorithm
from casefile_api.oauth.key_sets import PublishedKeys

AUTHENTICATION_METHOD = "private_key_jwt"

_CLIENT = text(
    """
    select c.organisation, o.kind, c.scopes, c.assertable_roles, c.certificate_bound
    from client c join organisation o on o.id = c.organisation
    where c.client_id = :client_id and c.revoked_at is null
      and o.valid_from <= :today and (o.valid_until is null or o.valid_until >= :today)
    """
)
_KEYS = text(
    """
    select kid, algorithm, jwk from client_key
    where client_id = :client_id and valid_from <= :now and (valid_until is null or valid_until > :now)
    order by valid_from desc, kid
    """
)
_STAFF = text(
    """
    select s.staff_id, s.name, s.roles, s.unit, coalesce(c.issued_until, -1) as issued_until
    from staff s
    left join token_cutoff c on c.kind = 'staff' and c.organisation = s.organisation and c.subject = s.staff_id
    where s.organisation = :organisation and s.staff_id = :staff_id and s.active
    """
)
_REMEMBER = text(
    "insert into seen_assertion (iss, jti, expires_at) values (:iss, :jti, :expires_at)"
    " on conflict do nothing returning 1"
)
_REVOKE = text(
    "insert into revoked_token (jti, client_id, revoked_at, expires_at)"
    " values (:jti, :client_id, :now, :expires_at) on conflict do nothing"
)


@dataclass(frozen=True, slots=True)
class RegisteredClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A client in force, with the keys it may sign with now."""

    client_id: str
    organisation: str
    kind: OrganisationKind
    scopes: frozenset[str]
    assertable_roles: frozenset[str]
    keys: tuple[ClientPublicKey, ...]
    certificate_bound: bool = False

    def get_client_id(self) -> str:
        """Return the client's id (Authlib asks)."""
        return self.client_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether the client may authenticate so: with its key, everywhere (Authlib asks)."""
        return method == AUTHENTICATION_METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether the client may use a grant (Authlib asks): roles and scopes are the limit, not grants."""
        return True


@dataclass(frozen=True, slots=True)
class RegisteredStaff:
    """An active member of staff; tokens issued until `issued_until` (seconds since 1970) are good no longer."""

    staff_id: str
    name: str
    roles: frozenset[str]
    unit: str | None
    issued_until: int


class Registry:
    """Questions to the database within one transaction, at one moment of real time."""

    def __init__(self, session: Session, now: datetime, published: PublishedKeys | None = None) -> None:
        self._published = published
        self._session = session
        self.now = now

    @property
    def today(self) -> date:
        """Return the date on a wall in London."""
        return self.now.astimezone(LONDON).date()

    def find_client(self, client_id: str) -> RegisteredClient | None:
        """Return a client that is registered and whose organisation is in being, else None."""
        row = self._session.execute(_CLIENT, {"client_id": client_id, "today": self.today}).one_or_none()
        keys = self._session.execute(_KEYS, {"client_id": client_id, "now": self.now}).all()
        if row is None:  # found out after both questions: time does not tell which clients there are
            return None
        return RegisteredClient(
            client_id=client_id,
            organisation=row.organisation,
            kind=OrganisationKind(row.kind),
            scopes=frozenset(row.scopes),
            assertable_roles=frozenset(row.assertable_roles),
            keys=tuple(ClientPublicKey(key.kid, KeyAlgorithm(key.algorithm), key.jwk) for key in keys)
            + self._published_by(client_id),
            certificate_bound=row.certificate_bound,
        )

    def _published_by(self, client_id: str) -> tuple[ClientPublicKey, ...]:
        found = self._published
        return found.keys if found is not None and found.client_id == client_id else ()

    def find_staff(self, organisation: str, staff_id: str) -> RegisteredStaff | None:
        """Return an active member of an organisation's staff, else None."""
        where = {"organisation": organisation, "staff_id": staff_id}
        self._session.execute(LOCK_STAFF_SHARED, where)
        row = self._session.execute(_STAFF, where).one_or_none()
        if row is None:
            return None
        return RegisteredStaff(row.staff_id, row.name, frozenset(row.roles), row.unit, row.issued_until)

    def remember(self, assertion: Assertion) -> bool:
        """Use an assertion up; False where it was used before, by any process (RFC 7523 3, item 7).

        Two transactions with the same `jti` wait for one another here: the second sees the first's row or its undoing.
        """
        expires_at = datetime.fromtimestamp(assertion.expires_at, UTC) + timedelta(seconds=SKEW_SECONDS + 1)
        row = {"iss": assertion.issuer, "jti": assertion.jti, "expires_at": expires_at}
        return self._session.execute(_REMEMBER, row).first() is not None

    def revoke(self, token_id: str, client_id: str, expires_at: int) -> None:
        """Write down that a token is good no longer."""
        self._session.execute(
            _REVOKE,
            {
                "jti": token_id,
                "client_id": client_id,
                "now": self.now,
                "expires_at": datetime.fromtimestamp(expires_at, UTC),
            },
        )
