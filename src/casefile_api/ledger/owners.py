"""Whose case a refused call was about: the log of a force shows every attempt on its cases, also those the guard ended.

The paths' ids name rows of rooms above this one; nothing is read of them but the case file they belong to.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.errors import NotFound
from casefile_api.identifiers import parse_id
from casefile_api.ledger.trail import Trail

_NAMED_BY: Mapping[str, str] = {
    "case_file_id": "case_file",
    "attachment_id": "attachment",
    "request_id": "early_advice_request",
    "bundle_id": "bundle",
}
# The rows themselves are not the caller's to see: the database tells of them whose they are, and nothing else.
_CASE_OF = text("select case_file_id, organisation from casefile_of(:target, :id)")


async def name_target(connection: AsyncConnection, trail: Trail, path: Mapping[str, object]) -> None:
    """Put into the trail what a path names, as far as it is an id at all."""
    for parameter, target_type in _NAMED_BY.items():
        if parameter not in path or trail.case_file_id is not None:
            continue
        try:
            identifier = parse_id(str(path[parameter]))
        except NotFound:
            continue
        trail.about(target_type, identifier)
        await name_case(connection, trail, target_type, identifier)


async def name_case(
    connection: AsyncConnection | AsyncSession, trail: Trail, target_type: str, identifier: UUID
) -> None:
    """Put into the trail the case file that something belongs to, and whose it is, for who is refused it."""
    row = (await connection.execute(_CASE_OF, {"target": target_type, "id": identifier})).one()
    if row.case_file_id is not None:
        trail.case_file_id, trail.owner = row.case_file_id, row.organisation
