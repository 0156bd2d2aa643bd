"""The kept time-stamps held against the checkpoints they are of, and those against the recomputed tree."""

from sqlalchemy import text

from casefile_api.audit.findings import Meaning, Report
from casefile_api.audit.time_stamps import BadTimeStamp, read_roots, verify_time_stamp
from casefile_api.clock import utc_text
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import CheckpointError, parse_checkpoint, parse_note
from casefile_api.ledger.stored_tree import StoredTree
from casefile_api.ledger.tree import root_plan
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER

_KEPT = text(
    """
    select tree_size, note, answer from audit_time_stamp
    where origin = (select origin from audit_log) and tree_size > :after order by tree_size limit 200
    """
)


async def verify_time_stamps(database: Database, settings: Settings, report: Report, size: int) -> None:
    """Verify every kept time-stamp of the log that grows; without the authority's certificate that they are is said."""
    if settings.tsa_ca_file is None:
        return
    roots, after, newest = read_roots(settings.tsa_ca_file), -1, None
    while True:
        async with database.connection(WORKER) as connection:
            rows = (await connection.execute(_KEPT, {"after": after})).all()
            for row in rows:
                report.count("time-stamps")
                wrong = None
                try:
                    newest = verify_time_stamp(bytes(row.answer), row.note, roots)
                    signed = parse_checkpoint(parse_note(row.note).text)
                    if signed.tree_size != row.tree_size or signed.tree_size > size:
                        wrong = f"it is of {signed.tree_size} entries, and the tree has {size}"
                    else:
                        stored = StoredTree()
                        await stored.fetch(connection, root_plan(signed.tree_size))
                        if stored.root(signed.tree_size) != signed.root_hash:
                            wrong = "the entries as they are now do not lead to the root that was stamped"
                except (BadTimeStamp, CheckpointError, LookupError) as fault:
                    wrong = str(fault)
                if wrong is not None:
                    report.add("time-stamp", f"of {row.tree_size} entries", wrong, Meaning.HISTORY_REWRITTEN)
        if not rows:
            break
        after = rows[-1].tree_size
    if newest is not None:
        report.notes.append(f"The first {after} entries were there at {utc_text(newest)}, by the time-stamper.")
