"""Which rules are in force for a force's files, and the verdicts kept with them.

A verdict is kept when a request is submitted: it is what the submission stood on. One that is only asked for is not:
the version it was about never changes, and the answer names the rule set, so it can be given again at any time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.canonical import canonical_json
from casefile_api.file_standards.readiness import Verdict
from casefile_api.file_standards.rule_sets import NATIONAL, Rules, RuleSet, make_rule_set, package_rules
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.strict_json import JsonValue

IN_FORCE = (
    "select distinct on (owner) owner, digest, tables::text as tables from file_standard_rule_set"
    " where owner in (:national, :force) and valid_from <= :on order by owner, valid_from desc, loaded_at desc"
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, with the rules and what was judged beside the version."""

    verdict: Verdict
    rules: Rules
    on: date
    envelope: Mapping[str, JsonValue]
    request: Mapping[str, JsonValue] | None


async def rules_in_force(session: AsyncSession, force: str, on: date) -> Rules:
    """Return what the files of a force are judged by on a day: the newest national rules, and the force's own."""
    rows = await session.execute(text(IN_FORCE), {"national": NATIONAL, "force": force, "on": on})
    found = {row.owner: stored_rule_set(row.owner, row.digest, row.tables) for row in rows}
    return Rules(found.get(NATIONAL, package_rules().national), found.get(force))


@lru_cache(maxsize=128)
def stored_rule_set(owner: str, digest: str, tables: str) -> RuleSet:
    """Return a set as it was stored, whose digest must still be its own."""
    rule_set = make_rule_set(owner, orjson.loads(tables))
    if rule_set.digest != digest:
        raise RuntimeError(f"the rule set {digest[:12]} of {owner} is not what was stored")
    return rule_set


async def keep_rule_set(work: UnitOfWork, rule_set: RuleSet) -> None:
    """Keep a set that a verdict was given by, once. It comes into force on no day: only loading does that."""
    named = {"owner": rule_set.owner, "digest": rule_set.digest}
    kept = "select exists (select from file_standard_rule_set where owner = :owner and digest = :digest)"
    if (await work.session.execute(text(kept), named)).scalar_one():
        return
    await work.session.execute(
        text(
            "insert into file_standard_rule_set (id, owner, digest, tables, valid_from, loaded_at)"
            " values (:id, :owner, :digest, cast(:tables as jsonb), date '9999-12-31', :now)"
        ),
        {"id": new_id(), **named, "tables": orjson.dumps(rule_set.tables).decode(), "now": work.now},
    )


async def keep_verdict(
    work: UnitOfWork, case_file_id: UUID, number: int, judgement: Judgement, *, request_id: UUID | None
) -> UUID:
    """Keep a verdict with all that is needed to give it again: what was judged, sealed, and by which rules."""
    verdict, rules, identifier = judgement.verdict, judgement.rules, new_id()
    for rule_set in (rules.national, rules.local):
        if rule_set is not None:
            await keep_rule_set(work, rule_set)
    given = canonical_json({"envelope": dict(judgement.envelope), "request": judgement.request})
    await work.session.execute(
        text(
            "insert into file_standard_verdict (id, case_file_id, number, request_id, standard, rule_set,"
            " national_digest, local_digest, judged_on, judged_at, ready, outcomes, given) values (:id, :case, :number,"
            " :request, :standard, :rule_set, :national, :local, :on, :now, :ready, cast(:outcomes as jsonb), :given)"
        ),
        {
            "id": identifier,
            "case": case_file_id,
            "number": number,
            "request": request_id,
            "standard": verdict.standard,
            "rule_set": verdict.rule_set,
            "national": rules.national.digest,
            "local": rules.local.digest if rules.local else None,
            "on": judgement.on,
            "now": work.now,
            "ready": verdict.ready,
            "outcomes": orjson.dumps({result.code: result.outcome.value for result in verdict.results}).decode(),
            "given": await work.vault.seal(work.session, case_file_id, given, given_context(identifier)),
        },
    )
    return identifier


def given_context(verdict_id: UUID) -> str:
    """Return the place for which what was judged is sealed."""
    return f"file_standard_verdict.given:{verdict_id}"
