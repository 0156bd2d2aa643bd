"""Registering clients, changing their keys and letting them in no more: the administrator's acts, each in the log.

The commands act as the owner of the tables: the service's own role may read clients, and can let in nobody new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.permissions import OPERATIONS
from casefile_api.access.revocations import cut_off_tokens
from casefile_api.clock import real_now
from casefile_api.errors import AlreadyExists, Fault, Invalid, NotFound
from casefile_api.oauth.client_keys import ClientPublicKey
from casefile_api.oauth.models import Client, ClientKey
from casefile_api.organisations.commands import become_owner
from casefile_api.organisations.models import Organisation
from casefile_api.organisations.schemas import Slug, Words, roles_of
from casefile_api.outward.addresses import AddressRefused, Network, parse_destination
from casefile_api.unattended import Act
from casefile_api.web.bodies import Body

ROTATION_OVERLAP = timedelta(hours=24)
_FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)


class NewClient(Body):
    """A system that is to be let in. Where scopes or roles are left out it gets all that its organisation may have."""

    client_id: Slug
    organisation: Slug
    name: Words
    scopes: frozenset[str] | None = None
    assertable_roles: frozenset[str] | None = None
    jwks_uri: str | None = None
    certificate_bound: bool = False


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key of a client and the time in which it may sign."""

    kid: str
    algorithm: str
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client as `clients list` shows it."""

    client_id: str
    organisation: str
    name: str
    scopes: tuple[str, ...]
    assertable_roles: tuple[str, ...]
    keys: tuple[RegisteredKey, ...]
    jwks_uri: str | None
    certificate_bound: bool
    created_at: datetime
    revoked_at: datetime | None


def scopes_of(kind: OrganisationKind) -> frozenset[str]:
    """Return the scopes with which a client of such an organisation can do anything."""
    grants = (row.grants[kind] for row in OPERATIONS.values() if kind in row.grants)
    return frozenset(grant.scope for grant in grants if grant.scope is not None)


async def add_client(act: Act, wanted: NewClient, *keys: ClientPublicKey, exempt: Sequence[Network] = ()) -> Client:
    """Let in a system of an organisation, with its first public keys or the URL where it publishes them.

    Networks in `exempt` may be where they are published, by plain HTTP. Raises AlreadyExists, or Invalid where
    organisation, scopes, roles or the URL do not fit.
    """
    _check_keys(wanted, keys, exempt)
    await become_owner(act.session)
    act.trail.about("client", wanted.client_id)
    organisation = await act.session.get(Organisation, wanted.organisation)
    if organisation is None:
        raise _invalid("/organisation", "There is no such organisation: load it first.")
    if await act.session.get(Client, wanted.client_id) is not None:
        raise AlreadyExists("There is a client of this id already; rotate its key, or choose another id.")
    kind = OrganisationKind(organisation.kind)
    client = Client(
        client_id=wanted.client_id,
        organisation=wanted.organisation,
        name=wanted.name,
        scopes=_chosen(wanted.scopes, scopes_of(kind), "/scopes"),
        assertable_roles=_chosen(wanted.assertable_roles, roles_of(kind), "/assertable_roles"),
        jwks_uri=wanted.jwks_uri,
        certificate_bound=wanted.certificate_bound,
        created_at=act.now,
    )
    act.session.add(client)
    await act.session.flush()
    for key in keys:
        await _add_key(act.session, wanted.client_id, key)
    kids = [key.kid for key in keys]
    act.trail.details = {"organisation": wanted.organisation, "scopes": client.scopes, "kids": kids}
    return client


def _check_keys(wanted: NewClient, keys: Sequence[ClientPublicKey], exempt: Sequence[Network]) -> None:
    if wanted.jwks_uri is None:
        if not keys:
            raise _invalid("/jwks_uri", "Give the client's public key, or the URL where it publishes its keys.")
        return
    try:
        parse_destination(wanted.jwks_uri, exempt)
    except AddressRefused as refused:
        raise _invalid("/jwks_uri", f"The keys cannot be fetched from there: {refused.mend}.") from None


async def rotate_client_key(
    act: Act, client_id: str, key: ClientPublicKey, overlap: timedelta = ROTATION_OVERLAP
) -> datetime:
    """Register a client's next key; return when its earlier ones stop being taken.

    Raises NotFound, or AlreadyExists where the key is registered already.
    """
    client = await _find(act, client_id)
    if await act.session.get(ClientKey, (client.client_id, key.kid)) is not None:
        raise AlreadyExists("This key is registered for the client already.")
    until = real_now() + overlap
    earlier = select(ClientKey).where(col(ClientKey.client_id) == client_id)
    for known in (await act.session.execute(earlier)).scalars():
        if known.valid_until is None or known.valid_until > until:
            known.valid_until = until
    await _add_key(act.session, client_id, key)
    act.trail.details = {"organisation": client.organisation, "kid": key.kid}
    return until


async def revoke_client(act: Act, client_id: str) -> None:
    """Let a client in no more: no new token, and those it has are refused within five seconds.

    Raises NotFound.
    """
    client = await _find(act, client_id)
    now = real_now()
    client.revoked_at = client.revoked_at or now
    await act.session.flush()
    await cut_off_tokens(act.session, "client", client.organisation, client_id, _FOR_EVER)
    act.trail.details = {"organisation": client.organisation}


async def list_clients(session: AsyncSession, organisation: str | None = None) -> Sequence[ListedClient]:
    """Return the clients, revoked ones included, in the order of their ids."""
    chosen = select(Client).order_by(col(Client.client_id))
    if organisation is not None:
        chosen = chosen.where(col(Client.organisation) == organisation)
    keys: dict[str, list[RegisteredKey]] = {}
    for key in (await session.execute(select(ClientKey).order_by(col(ClientKey.valid_from)))).scalars():
        listed = RegisteredKey(key.kid, key.algorithm, key.valid_from, key.valid_until)
        keys.setdefault(key.client_id, []).append(listed)
    return [
        ListedClient(
            client_id=client.client_id,
            organisation=client.organisation,
            name=client.name,
            scopes=tuple(client.scopes),
            assertable_roles=tuple(client.assertable_roles),
            keys=tuple(keys.get(client.client_id, ())),
            jwks_uri=client.jwks_uri,
            certificate_bound=client.certificate_bound,
            created_at=client.created_at,
            revoked_at=client.revoked_at,
        )
        for client in (await session.execute(chosen)).scalars()
    ]


async def forget_old(session: AsyncSession, now: datetime) -> None:
    """Delete used assertions and proofs, revoked tokens and cut-offs that have expired; `now` is real time."""
    for table in ("seen_assertion", "used_key_proof", "revoked_token", "token_cutoff"):
        await session.execute(text(f"delete from {table} where expires_at < :now"), {"now": now})


async def _find(act: Act, client_id: str) -> Client:
    await become_owner(act.session)
    act.trail.about("client", client_id)
    client = await act.session.get(Client, client_id)
    if client is None:
        raise NotFound("There is no client of this id: `casefile-api clients list` shows them.")
    return client


async def _add_key(session: AsyncSession, client_id: str, key: ClientPublicKey) -> None:
    session.add(
        ClientKey(client_id=client_id, kid=key.kid, algorithm=key.algorithm.value, jwk=key.jwk, valid_from=real_now())
    )
    await session.flush()


def _chosen(wanted: frozenset[str] | None, allowed: frozenset[str], pointer: str) -> list[str]:
    if wanted is None:
        return sorted(allowed)
    if not wanted <= allowed:
        raise _invalid(pointer, f"This kind of organisation may have {', '.join(sorted(allowed))}.")
    return sorted(wanted)


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid("The client cannot be registered so.", Fault("invalid_value", detail, pointer=pointer))
