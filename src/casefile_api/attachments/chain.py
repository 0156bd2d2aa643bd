"""The whole chain of custody of one file, told from three sources: its own links, the versions, and the audit log."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlmodel import col

from casefile_api.access.caller import OrganisationKind
from casefile_api.attachments.models import Attachment
from casefile_api.attachments.names import open_acquisition
from casefile_api.attachments.queries import find_attachment
from casefile_api.attachments.schemas import CustodyChain, CustodyView
from casefile_api.attachments.visibility import visible_attachments
from casefile_api.case_files.queries import sight_of, visible_shares
from casefile_api.clock import utc_text
from casefile_api.unit_of_work import Reading

_HANDLED = """
    select kind, at, organisation, client_id, staff_id, sha256, size, null::integer as version,
           '{}'::text[] as recipients, audit_entry_id, facts
    from attachment_custody where attachment_id = :id
"""
_NAMED = """
    select 'named_in_version', v.created_at, v.created_by->>'organisation', v.created_by->>'client_id',
           v.created_by->'staff'->>'staff_id', :sha256, cast(:size as bigint), v.number, '{{}}'::text[],
           (select e.id from audit_entry e
            where e.case_file_id = v.case_file_id and e.outcome = 'allowed'
              and e.operation in ('collection', 'alteration')
              and convert_from(e.entry, 'UTF8')::jsonb->>'target_type' = 'case_file'
              and convert_from(e.entry, 'UTF8')::jsonb->>'target_version' = v.number::text
            order by e.occurred_at limit 1),
           '{{}}'::jsonb
    from case_file_version_attachment l join case_file_version v using (case_file_id, number)
    where l.attachment_id = :id and {seen}
"""
# By the step that sent it: the first entry of the request that discloses this version.
_SHARED = """
    select 'shared', s.shared_at, coalesce(e.organisation, :owner), e.client_id, e.staff_id, :sha256,
           cast(:size as bigint), s.number, array[s.unit], e.id, '{{}}'::jsonb
    from case_file_version_attachment l join case_file_share s using (case_file_id, number)
    left join lateral (
        select e.id, e.organisation, e.client_id, e.staff_id from audit_entry e
        where e.case_file_id = s.case_file_id and e.outcome = 'allowed' and e.operation = 'disclosure'
          and convert_from(e.entry, 'UTF8')::jsonb->>'target_id' = cast(s.request_id as text)
          and convert_from(e.entry, 'UTF8')::jsonb->>'target_version' = s.number::text
        order by e.occurred_at limit 1) e on true
    where l.attachment_id = :id and {seen}
"""
# Who opened the bytes: the log is the one place that knows, and nobody opened them without an entry. The log is on real
# time and the chain on working time, which only a sandbox moves ahead.
_OPENED = """
    select case e.operation when 'disclosure' then 'disclosed' else 'consulted' end,
           e.occurred_at + make_interval(secs => (select ahead_seconds from working_time)), e.organisation,
           e.client_id, e.staff_id, :sha256, cast(:size as bigint), null::integer,
           case e.operation when 'disclosure' then array[e.organisation] else '{}'::text[] end, e.id, '{}'::jsonb
    from audit_entry e
    where e.case_file_id = :case and e.action = 'get_attachment_content' and e.outcome = 'allowed'
      and convert_from(e.entry, 'UTF8')::jsonb->>'target_id' = cast(:id as text)
"""

# Who of the other side looked at what is said of the file: once for each reader and day, with the first entry.
_READ = """
    select 'read', min(e.occurred_at) + make_interval(secs => (select ahead_seconds from working_time)),
           e.organisation, e.client_id, e.staff_id, :sha256, cast(:size as bigint), null::integer,
           array[e.organisation], (array_agg(e.id order by e.occurred_at))[1], jsonb_build_object('times', count(*))
    from audit_entry e
    where e.case_file_id = :case and e.action = 'get_attachment' and e.outcome = 'allowed'
      and e.operation = 'disclosure'
      and convert_from(e.entry, 'UTF8')::jsonb->>'target_id' = cast(:id as text)
    group by e.organisation, e.client_id, e.staff_id, date_trunc('day', e.occurred_at)
"""
# What was made from it, where the caller sees that too.
_MADE_FROM = """
    select 'derived', a.declared_at, a.organisation, a.declared_by->>'client_id',
           a.declared_by->'staff'->>'staff_id', a.sha256, a.size, null::integer, '{}'::text[],
           (select c.audit_entry_id from attachment_custody c
            where c.attachment_id = a.id and c.kind = 'declared' limit 1),
           jsonb_strip_nulls(jsonb_build_object('attachment_id', a.id, 'purpose', a.derivation->>'purpose',
                                                'rendition', a.derivation->>'rendition'))
    from attachment a where a.id = any(cast(:copies as uuid[]))
"""


async def find_custody(reading: Reading, attachment_id: UUID) -> CustodyChain:
    """Tell the chain of an attachment; of versions, the CPS hears of those shared with it."""
    found = await find_attachment(reading, attachment_id)
    values = _values(reading, found.attachment, found.case_file.organisation)
    values["copies"] = await _copies_seen(reading, attachment_id)
    rows = await reading.session.execute(
        text(f"{_union(reading)} order by at, version nulls first, audit_entry_id"), values
    )
    acquisition = await open_acquisition(reading, found.attachment)
    return CustodyChain(attachment_id=attachment_id, acquisition=acquisition, items=[_link(row) for row in rows])


async def _copies_seen(reading: Reading, attachment_id: UUID) -> list[UUID]:
    found = await reading.session.execute(
        select(col(Attachment.id)).where(
            col(Attachment.derived_from) == attachment_id, visible_attachments(reading.caller)
        )
    )
    return list(found.scalars())


def _union(reading: Reading) -> str:
    named = shared = "true"
    if reading.caller.kind is OrganisationKind.CPS:
        shared = visible_shares(reading.caller)
        named = (
            "exists (select from case_file_share s where s.case_file_id = l.case_file_id and s.number = l.number"
            f" and {shared})"
        )
    return " union all ".join(
        (_HANDLED, _NAMED.format(seen=named), _SHARED.format(seen=shared), _OPENED, _READ, _MADE_FROM)
    )


def _values(reading: Reading, row: Attachment, owner: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "case": row.case_file_id,
        "sha256": row.sha256,
        "size": row.size,
        "owner": owner,
        **sight_of(reading.caller),
    }


def _link(row: Row[Any]) -> CustodyView:
    return CustodyView(
        kind=row.kind,
        at=utc_text(row.at),
        organisation=row.organisation,
        client_id=row.client_id,
        staff_id=row.staff_id,
        sha256=row.sha256,
        size=row.size,
        version=row.version,
        recipients=row.recipients,
        audit_entry_id=row.audit_entry_id,
        facts=row.facts,
    )
