"""A database as full as a national service's, written by the database itself; and the plans of what is asked of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import Caller, OrganisationKind, StaffMember
from casefile_api.ledger.trail import Trail
from casefile_api.transactions import Rows
from casefile_api.unit_of_work import Reading
from casefile_api.vault import Vault

FORCES, AREAS, UNITS = 20, 5, 4
_ID = "lpad(to_hex(n), 32, '0')::uuid"
_FORCE, _AREA = f"'police-' || (10 + n % {FORCES})", f"'cps-' || n % {AREAS}"
_TEAM, _UNIT = f"{_FORCE} || '-' || n / {FORCES} % {UNITS}", f"{_AREA} || '-' || n / {AREAS} % {UNITS}"
_WHEN = "timestamptz '2026-01-01' + n * interval '1 second'"
_ENTRY_ID = f"(lpad(to_hex((extract(epoch from {_WHEN}) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid"
_FILLING = (
    f"insert into organisation (id, kind, name, force_code, valid_from) select 'police-' || n, 'police', 'F', n::text,"
    f" '2020-01-01' from generate_series(10, {9 + FORCES}) n",
    "insert into organisation (id, kind, name, valid_from) select 'cps-' || n, 'cps', 'A', '2020-01-01'"
    f" from generate_series(0, {AREAS - 1}) n",
    "insert into organisation (id, kind, name, remit, valid_from)"
    " values ('oversight-11', 'oversight', 'O', 'police-11', '2020-01-01')",
    f"""insert into case_file
            (id, urn, organisation, police_unit, cps_unit, crime_references, newest_number, named_staff)
        select {_ID}, lpad((n / 10000000)::text, 2, '0') || 'AB' || lpad((n / 100 % 100000)::text, 5, '0')
            || lpad((n % 100)::text, 2, '0'), {_FORCE}, {_TEAM}, {_UNIT}, '{{}}', 1, '{{}}' from {{rows}}""",
    f"""insert into case_file_party (case_file_id, organisation, unit, first, created_at, updated_at)
        select {_ID}, {_FORCE}, {_TEAM}, true, {_WHEN}, {_WHEN} from {{rows}}""",
    f"""insert into case_file_party (case_file_id, organisation, unit, first, created_at, updated_at)
        select {_ID}, {_AREA}, {_UNIT}, true, {_WHEN}, {_WHEN} from {{rows}}""",
    f"""insert into case_file_version
            (case_file_id, number, digest, salt, body, note, attachments, warnings, created_by, created_at, case_type,
             offence_codes)
        select {_ID}, 1, 'd', 's', '', '', '[]', '[]', '{{}}', {_WHEN}, 'rasso', '{{}}' from {{rows}}""",
    f"insert into case_file_share select {_ID}, 1, {_UNIT}, {_AREA}, {_ID}, {_WHEN} from {{rows}}",
    f"""insert into early_advice_request (id, case_file_id, organisation, state, suspect_set_key, revision, created_at,
            created_by, updated_at, submitted_at, due_at, cps_organisation, cps_unit, sealed)
        select {_ID}, {_ID}, {_FORCE}, 'submitted', 's', 1, {_WHEN}, 'p', {_WHEN}, {_WHEN},
            {_WHEN} + interval '21 days', {_AREA}, {_UNIT}, ''
        from {{rows}}""",
    f"insert into early_advice_unit (request_id, unit, organisation, since) select {_ID}, {_UNIT}, {_AREA}, {_WHEN}"
    " from {rows}",
    f"""insert into event (event_id, organisation, type, case_file_id, sequence, occurred_at, recorded_at, body)
        select {_ID}, {_FORCE}, 't', {_ID}, 1, {_WHEN}, {_WHEN}, '' from {{rows}}""",
    f"insert into event_position select n, {_ID}, {_FORCE} from {{rows}}",
    f"""insert into audit_entry (id, occurred_at, entry, leaf_hash, action, outcome, organisation, case_file_id, owner)
        select {_ENTRY_ID}, {_WHEN}, '', decode(lpad(to_hex(n), 64, '0'), 'hex'), 'get_case_file', 'allowed',
            case when n % 2 = 0 then {_FORCE} else {_AREA} end, {_ID}, {_FORCE} from {{rows}}""",
    f"""insert into audit_search
            (leaf_index, id, occurred_at, action, outcome, organisation, staff_id, case_file_id, owner)
        select n - 1, {_ENTRY_ID}, {_WHEN}, 'get_case_file', 'allowed',
            case when n % 2 = 0 then {_FORCE} else {_AREA} end, 'p-' || n % {FORCES}, {_ID}, {_FORCE} from {{rows}}""",
    f"insert into audit_leaf select n - 1, {_ENTRY_ID}, decode(lpad(to_hex(n), 64, '0'), 'hex') from {{rows}}",
    "analyze",
)


def fill(owner_url: str, rows: int) -> None:
    """So many case files, each with a version, a share, a request, an event and an entry."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        for statement in _FILLING:
            owner.execute(statement.replace("{rows}", f"generate_series(1, {rows}) n").encode())


def police(role: str = "officer") -> Caller:
    """Somebody of a team of the second force."""
    person = None if role == "system" else StaffMember("p-1", "P")
    return _caller("police-11", OrganisationKind.POLICE, role, person, "police-11-1")


def prosecutor(role: str = "prosecutor") -> Caller:
    """Somebody of a unit of the second Area."""
    return _caller("cps-1", OrganisationKind.CPS, role, StaffMember("c-1", "C"), "cps-1-0")


def _caller(organisation: str, kind: OrganisationKind, role: str, person: StaffMember | None, unit: str) -> Caller:
    return Caller(organisation, kind, "client", "subject", frozenset({role}), frozenset(), person, unit)


@dataclass
class Explaining:
    """A session that has the database explain what it is asked, and then answers: with nothing, where that will do."""

    session: AsyncSession
    answers: bool = True
    plans: list[dict[str, Any]] = field(default_factory=list)

    async def execute(self, statement: Executable, values: dict[str, Any] | None = None, **_: Any) -> Any:
        """Explain, and do."""
        connection = await self.session.connection()
        compiled = cast("Any", statement).compile(
            dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        asked = f"explain (analyze, timing off, format json) {compiled}"
        found = await connection.exec_driver_sql(asked, compiled.construct_params(values or {}))
        plan = found.scalar_one()
        self.plans += json.loads(plan) if isinstance(plan, str | bytes) else plan
        return await self.session.execute(statement, values or {}) if self.answers else Rows(())

    @property
    def milliseconds(self) -> float:
        """How long all of it took, planned and run."""
        return sum(plan["Planning Time"] + plan["Execution Time"] for plan in self.plans)

    def looked_through(self, rows: int) -> set[str]:
        """The tables of so many rows of which half or more were looked at."""
        return {table for table, looked_at in self.looked_at().items() if looked_at >= rows / 2}

    def looked_at(self) -> dict[str, int]:
        """How many rows of each table were looked at, by what looked at most of it."""
        found: dict[str, int] = {}
        for node in self._reading():
            looked_at = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            table = node["Relation Name"]
            found[table] = max(found.get(table, 0), round(looked_at * node["Actual Loops"]))
        return found

    def ways(self, table: str) -> set[str]:
        """The ways in which a table, or a partition of it, was read."""
        return {node["Node Type"] for node in self._reading() if node["Relation Name"].startswith(table)}

    def _reading(self) -> Iterator[dict[str, Any]]:
        nodes = [plan["Plan"] for plan in self.plans]
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            if "Relation Name" in node:
                yield node


def reading_of(caller: Caller, session: Explaining) -> Reading:
    """What a query needs of a request: who asks, and where."""
    trail, vault, now = Trail("look"), Vault(bytes(32)), datetime(2030, 1, 1, tzinfo=UTC)
    return cast("Reading", SimpleNamespace(caller=caller, session=session, trail=trail, vault=vault, now=now))
