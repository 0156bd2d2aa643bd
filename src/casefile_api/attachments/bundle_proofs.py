"""Proofs for a bundle: that the acts of the caller's organisation on a case file are in the log.

Entries name staff and are for auditors; their hashes prove as much and say nothing.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.clock import utc_micros
from casefile_api.ledger.proofs import prove_inclusion
from casefile_api.ledger.stored_tree import StoredTree
from casefile_api.unit_of_work import Reading

_OWN_ACTS = text(
    """
    select e.id, e.action, e.occurred_at, e.leaf_hash, l.leaf_index
    from audit_entry e left join audit_leaf l on l.entry_id = e.id
    where e.case_file_id = :case and e.organisation = :organisation and e.outcome = 'allowed'
      and e.operation in ('collection', 'alteration', 'combination', 'erasure', 'disclosure')
      and e.action not like 'get\\_%' and e.action not like 'list\\_%'
    order by l.leaf_index nulls last, e.occurred_at
    """
)


async def prove_own_acts(reading: Reading, case_file_id: UUID, tree_size: int) -> list[dict[str, Any]]:
    """Return the receipt of each act, with its proof in a published tree; a later act has none yet."""
    session = reading.session
    values = {"case": case_file_id, "organisation": reading.caller.organisation}
    stored, receipts = StoredTree(), []
    for row in (await session.execute(_OWN_ACTS, values)).all():
        covered = row.leaf_index is not None and row.leaf_index < tree_size
        proof = await prove_inclusion(session, row.leaf_index, tree_size, stored) if covered else None
        receipts.append(
            {
                "audit_entry_id": str(row.id),
                "action": row.action,
                "occurred_at": utc_micros(row.occurred_at),
                "leaf_hash": bytes(row.leaf_hash).hex(),
                "inclusion_proof": proof.as_member() if proof else None,
            }
        )
    return receipts
