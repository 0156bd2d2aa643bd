"""Whose case a refused call was about: the log of a force shows every attempt on its cases, also those the guard ended.

The paths' ids name rows of rooms above this one; nothing is read of them but the case file they belong to.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casefile_api.errors import NotFound
from casefile_api.identifiers import parse_id
from casefile_api.ledger.trail import Trail

_CASE_OF: Mapping[str, tuple[str, str]] = {
    "case_file_id": ("case_file", "select id as case_file_id from case_file where id = :id"),
    "attachment_id": ("attachment", "select case_file_id from attachment where id = :id"),
    "request_id": ("early_advice_request", "select case_file_id from early_advice_request where id = :id"),
    "bundle_id": ("bundle", "select case_file_id from bundle where id = :id"),
}


async def name_target(connection: AsyncConnection, trail: Trail, path: Mapping[str, object]) -> None:
    """Put into the trail what a path names, as far as it is an id at all."""
    for parameter, (target_type, statement) in _CASE_OF.items():
        if parameter not in path or trail.case_file_id is not None:
            continue
        try:
            identifier = parse_id(str(path[parameter]))
        except NotFound:
            continue
        trail.about(target_type, identifier)
        await _name_case(connection, trail, statement, identifier)


async def _name_case(connection: AsyncConnection, trail: Trail, statement: str, identifier: UUID) -> None:
    found = await connection.execute(
        text(f"select id, organisation from case_file where id = ({statement})"), {"id": identifier}
    )
    row = found.one_or_none()
    if row is not None:
        trail.case_file_id, trail.owner = row.id, row.organisation
