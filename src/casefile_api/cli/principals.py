"""Who stands at the command line, where two people are needed: each shows an access token of their own."""

from __future__ import annotations

from sqlalchemy import text

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.access.guard import caller_of
from casefile_api.access.key_ring import KeyRing
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import key_files
from casefile_api.access.tokens import TokenVerifier
from casefile_api.cli.failing import CommandFailed
from casefile_api.database import Database
from casefile_api.errors import NotAuthenticated
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER

MAY_ERASE = {OrganisationKind.OPERATOR: "operator", OrganisationKind.OVERSIGHT: "auditor"}


async def principal(database: Database, settings: Settings, token: str) -> Caller:
    """The person whose access token this is: an operator, or an auditor of an oversight body.

    Raises CommandFailed where the token is not good, or is somebody else's.
    """
    revocations = RevocationList()
    await revocations.refresh(database)
    keys = KeyRing(key_files(settings.token_key_files, settings.data_dir))
    verifier = TokenVerifier(keys, settings.public_url, revocations)
    try:
        caller = caller_of(verifier.verify(token))
    except NotAuthenticated:
        raise CommandFailed(
            f"This is no valid access token of {settings.public_url} (CASEFILE_PUBLIC_URL): one lives for 15 minutes;"
            " get a new one."
        ) from None
    role = MAY_ERASE.get(caller.kind)
    watches_all = caller.kind is OrganisationKind.OPERATOR or await _watches_all(database, caller.organisation)
    if role is None or caller.staff_id is None or not caller.has_role(role) or not watches_all:
        raise CommandFailed(
            "It takes a person: the operator's in the role operator, or an auditor of a body that watches over the"
            " whole log."
        )
    return caller


async def _watches_all(database: Database, organisation: str) -> bool:
    async with database.connection(WORKER) as connection:
        query = text("select remit = 'all' from organisation where id = :id and kind = 'oversight'")
        return bool((await connection.execute(query, {"id": organisation})).scalar_one_or_none())
