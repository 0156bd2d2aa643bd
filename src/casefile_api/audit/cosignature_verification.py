"""The kept lines of witnesses held against the checkpoints they stand under, and counted for each."""

from sqlalchemy import text

from casefile_api.audit.findings import Meaning, Report
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import CheckpointError, parse_note
from casefile_api.ledger.cosignatures import Quorum, cosignatures_on, parse_witness_key
from casefile_api.tenancy import WORKER

PAGE = 1000

_LINES = text(
    """
    select s.checkpoint_id, s.witness, s.line, c.tree_size, c.note
    from audit_cosignature s left join audit_checkpoint c on c.id = s.checkpoint_id
    where s.origin = (select origin from audit_log) and (s.checkpoint_id, s.witness) > (:checkpoint, :witness)
    order by s.checkpoint_id, s.witness limit :limit
    """
)


async def verify_cosignatures(database: Database, report: Report, quorum: Quorum, size: int) -> None:
    """Verify every line by the key it is kept under; say how far enough known witnesses vouched, where demanded."""
    known = {key.text() for key in quorum.keys}
    place = (-1, "")
    vouched: dict[int, set[str]] = {}
    while True:
        values = {"checkpoint": place[0], "witness": place[1], "limit": PAGE}
        async with database.connection(WORKER) as connection:
            rows = (await connection.execute(_LINES, values)).all()
        for row in rows:
            place = (row.checkpoint_id, row.witness)
            report.count("cosignatures")
            if row.note is None:
                # A checkpoint that was thinned may have had lines; one that is missing is named as such.
                continue
            wrong = _wrong_line(row.note, row.line, row.witness)
            if wrong is None and row.witness in known:
                vouched.setdefault(row.tree_size, set()).add(row.witness)
            if wrong is not None:
                name = f"under checkpoint {row.checkpoint_id} by {row.witness.partition('+')[0]}"
                report.add("cosignature", name, wrong, Meaning.COSIGNATURE_ALTERED)
        if len(rows) < PAGE:
            break
    _count(report, quorum, size, {covered for covered, names in vouched.items() if len(names) >= quorum.least})


def _wrong_line(note: str, line: str, witness: str) -> str | None:
    try:
        found = cosignatures_on(parse_note(f"{parse_note(note).text}\n{line}"), [parse_witness_key(witness)])
    except CheckpointError as fault:
        return str(fault)
    return None if found else "it is not a line by the key it is kept under"


def _count(report: Report, quorum: Quorum, size: int, enough: set[int]) -> None:
    if not quorum.least:
        return
    wanted = f"{quorum.least} of {len(quorum.keys)} witnesses"
    if not enough:
        report.add("checkpoint", "any", f"none is vouched for by {wanted}", Meaning.NOT_VOUCHED)
        return
    report.notes.append(f"The first {max(enough)} of {size} entries are vouched for by {wanted}.")
