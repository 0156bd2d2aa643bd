"""What a version makes its case file findable by, written in the transaction that makes the version.

A row is written where something changed, and counts until the next one. Versions from before there was an index get
theirs from the worker.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from casefile_api.canonical import sha256_hex
from casefile_api.case_files.finding_terms import Wanted, suspects_of, terms_of, terms_wanted
from casefile_api.case_files.queries import content_bytes
from casefile_api.case_files.standing import standings_of
from casefile_api.database import Database
from casefile_api.errors import Gone
from casefile_api.tenancy import WORKER
from casefile_api.vault import Vault

# Statements of one transaction see what the one before them wrote: versions are added one after the other.
INSERT = """
    insert into case_file_finding (case_file_id, number, officers, reported_on, suspects)
    select cast(:id as uuid), cast(:number as integer), cast(:officers as text[]), cast(:reported_on as date),
           cast(:suspects as jsonb)
    where (select row(f.officers, f.reported_on, f.suspects) from case_file_finding f
           where f.case_file_id = :id and f.number < :number order by f.number desc limit 1)
          is distinct from
          row(cast(:officers as character varying[]), cast(:reported_on as date), cast(:suspects as jsonb))
    on conflict do nothing
"""
SAY_WHERE_THEY_STAND = """
    insert into case_file_standing (case_file_id, number, suspects)
    select cast(:id as uuid), cast(:number as integer), cast(:suspects as jsonb)
    where (select s.suspects from case_file_standing s
           where s.case_file_id = :id and s.number < :number order by s.number desc limit 1)
          is distinct from cast(:suspects as jsonb)
    on conflict do nothing
"""
_WITHOUT = text(
    "select v.case_file_id, array_agg(v.number order by v.number) as numbers from case_file_version v"
    " where v.case_file_id in (select k.case_file_id from case_key k where not exists ("
    "   select from case_file_finding f where f.case_file_id = k.case_file_id and f.number = 1) or not exists ("
    "   select from case_file_standing s where s.case_file_id = k.case_file_id and s.number = 1) limit :limit)"
    " group by v.case_file_id"
)
_NAMED_ROLES = ("officer_in_charge", "supervisor", "disclosure_officer")
_AT_A_TIME = 20


@dataclass(frozen=True, slots=True)
class Findable:
    """What a content makes its case file findable by; names of suspects as keyed hashes."""

    officers: list[str]
    reported_on: str | None
    suspects: list[list[str]]

    @classmethod
    def of(cls, vault: Vault, content: Mapping[str, Any]) -> "Findable":
        """Return that of a content."""
        suspects = [sorted(vault.finding_hash(term) for term in terms_of(one)) for one in suspects_of(content)]
        return cls(named_staff(content), content.get("reported_on"), suspects)

    @property
    def digest(self) -> str:
        """Return what tells whether it is the same as before: most new versions change nothing of it."""
        return sha256_hex(orjson.dumps([self.officers, self.reported_on, self.suspects]))[:32]

    def values(self, case_file_id: UUID, number: int) -> dict[str, Any]:
        """Return what `INSERT` binds for a version."""
        return {
            "id": case_file_id,
            "number": number,
            "officers": self.officers,
            "reported_on": date.fromisoformat(self.reported_on) if self.reported_on else None,
            "suspects": json.dumps(self.suspects),
        }


def standing_row(case_file_id: UUID, number: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `SAY_WHERE_THEY_STAND` binds for a version of this content."""
    return {"id": case_file_id, "number": number, "suspects": json.dumps(standings_of(content))}


def named_staff(content: Mapping[str, Any]) -> list[str]:
    """Return the staff ids that a content names as officer in charge, supervisor or disclosure officer."""
    people = (content.get(role) for role in _NAMED_ROLES)
    return sorted({person["staff_id"] for person in people if isinstance(person, dict) and person.get("staff_id")})


def wanted_hashes(vault: Vault, wanted: Wanted) -> str:
    """Return the keyed hashes that one suspect of a case file must have, as PostgreSQL looks for them."""
    return json.dumps([[vault.finding_hash(term) for term in terms_wanted(wanted)]])


async def index_older(database: Database, vault: Vault, *, limit: int = _AT_A_TIME) -> int:
    """Make case files from before there was an index findable; return how many were left and now are."""
    async with database.session(WORKER) as session:
        rows = (await session.execute(_WITHOUT, {"limit": limit})).all()
    done = 0
    for row in rows:
        async with database.session(WORKER) as session:
            try:
                for number in row.numbers:
                    content = orjson.loads(await content_bytes(session, vault, row.case_file_id, number))
                    values = Findable.of(vault, content).values(row.case_file_id, number)
                    await session.execute(text(INSERT), values)
                    await session.execute(text(SAY_WHERE_THEY_STAND), standing_row(row.case_file_id, number, content))
            except Gone:  # erased meanwhile
                continue
            await session.commit()
            done += 1
    return done
