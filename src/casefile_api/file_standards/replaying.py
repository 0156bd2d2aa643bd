"""A verdict given again: by the rules of then, on the version and the request of then. And the loading of rule sets."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.case_files.queries import content_bytes
from casefile_api.errors import NotFound
from casefile_api.file_standards.keeping import given_context, stored_rule_set
from casefile_api.file_standards.readiness import Verdict, evaluate
from casefile_api.file_standards.rule_sets import Rules, RuleSet
from casefile_api.identifiers import new_id
from casefile_api.vault import Vault

NEVER = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Replay:
    """A verdict as it was kept, and as it comes out now."""

    rule_set: str
    number: int
    judged_at: datetime
    kept: dict[str, str]
    ready: bool
    verdict: Verdict

    @property
    def differences(self) -> list[str]:
        """Return the requirements that come out otherwise than was kept."""
        now = {result.code: result.outcome.value for result in self.verdict.results}
        return sorted(code for code in now.keys() | self.kept.keys() if now.get(code) != self.kept.get(code))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A rule set that is kept, with the day from which it is in force; None for one that is only kept."""

    owner: str
    digest: str
    valid_from: date | None
    loaded_at: datetime


async def load_rule_set(session: AsyncSession, rule_set: RuleSet, valid_from: date, now: datetime) -> None:
    """Put a rule set into force from a day on; what was in force before stays for the days before."""
    await session.execute(
        text(
            "insert into file_standard_rule_set (id, owner, digest, tables, valid_from, loaded_at)"
            " values (:id, :owner, :digest, cast(:tables as jsonb), :valid_from, :now)"
        ),
        {
            "id": new_id(),
            "owner": rule_set.owner,
            "digest": rule_set.digest,
            "tables": orjson.dumps(rule_set.tables).decode(),
            "valid_from": valid_from,
            "now": now,
        },
    )


async def loaded_rule_sets(session: AsyncSession) -> list[Loaded]:
    """List the rule sets that are kept, oldest first."""
    rows = await session.execute(
        text("select owner, digest, valid_from, loaded_at from file_standard_rule_set order by loaded_at, id")
    )
    return [
        Loaded(row.owner, row.digest, None if row.valid_from == NEVER else row.valid_from, row.loaded_at)
        for row in rows
    ]


async def verdicts_of(session: AsyncSession, case_file_id: UUID, number: int | None = None) -> list[UUID]:
    """List the verdicts kept with a case file, or with one version of it, oldest first."""
    rows = await session.execute(
        text(
            "select id from file_standard_verdict where case_file_id = :case"
            " and (cast(:number as integer) is null or number = :number) order by judged_at, id"
        ),
        {"case": case_file_id, "number": number},
    )
    return list(rows.scalars())


async def owner_of(session: AsyncSession, case_file_id: UUID) -> str | None:
    """Return the force whose case file it is; none where there is none."""
    found = await session.execute(text("select organisation from case_file where id = :id"), {"id": case_file_id})
    return found.scalar_one_or_none()


async def replay_verdict(session: AsyncSession, vault: Vault, verdict_id: UUID) -> Replay:
    """Give a kept verdict again.

    Raises NotFound where none of that id was kept, Gone where the case file was erased.
    """
    found = await session.execute(
        text(
            "select case_file_id, number, standard, rule_set, national_digest, local_digest, judged_on, judged_at,"
            " ready, outcomes, given from file_standard_verdict where id = :id"
        ),
        {"id": verdict_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound()
    content = orjson.loads(await content_bytes(session, vault, row.case_file_id, row.number))
    given = orjson.loads(await vault.open(session, row.case_file_id, row.given, given_context(verdict_id)))
    national = await _kept_rule_set(session, row.national_digest)
    rules = Rules(national, await _kept_rule_set(session, row.local_digest) if row.local_digest else None)
    verdict = evaluate(
        row.standard,
        content,
        envelope=given["envelope"],
        request=given["request"],
        on=row.judged_on,
        rules=rules,
    )
    return Replay(row.rule_set, row.number, row.judged_at, row.outcomes, row.ready, verdict)


async def _kept_rule_set(session: AsyncSession, digest: str) -> RuleSet:
    found = await session.execute(
        text("select owner, tables::text as tables from file_standard_rule_set where digest = :digest limit 1"),
        {"digest": digest},
    )
    row = found.one()
    return stored_rule_set(row.owner, digest, row.tables)
