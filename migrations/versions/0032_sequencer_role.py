"""The sequencer in a role of its own, and from each role what it never uses.

Who delivers webhooks, opens uploads and watches clocks is in touch with what comes from outside, and adds nothing to
the log's tree. Who numbers the log sees hashes, ids and what searches go by: no entry, no text, no case file.
"""

from collections.abc import Iterable

from alembic import op

from migrations.grants import SERVICE_ROLE, WORKER_ROLE, create_role, grant
from migrations.log_functions import CLOSE_AUDIT_LOG

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SEQUENCER_ROLE = "casefile_sequencer"

_FOUND_BY = "operation, action, outcome, organisation, client_id, staff_id, case_file_id, owner"
_SEQUENCED = {
    "audit_pending": "select, delete",
    "audit_entry": f"select (id, leaf_hash, occurred_at, {_FOUND_BY})",
    "audit_leaf": "select, insert",
    "audit_search": "insert",
    "audit_latecomer": "insert",
    "audit_tile": "select, insert, update",
    "audit_checkpoint": "select, insert",
    "audit_log": "select, insert",
    "audit_log_key": "select, insert",
    "audit_succession": "select",
    "log_alarm": "select, insert, update, delete",
    "event": "select (event_id, organisation, case_file_id, sequence, recorded_at)",
    "event_pending": "select, delete",
    "event_position": "select, insert",
    "job_request": "select, delete",
    "procrastinate_jobs": "select, insert",
    "procrastinate_events": "insert",
}
_GUARDED = ("audit_entry", "audit_search", "event", "event_pending", "event_position")
_SEQUENCES = ("procrastinate_jobs_id_seq", "procrastinate_events_id_seq")

# What only the sequencer writes now.
_TAKEN_OVER = {
    **dict.fromkeys(("audit_leaf", "audit_checkpoint", "audit_log", "audit_log_key", "audit_latecomer"), "insert"),
    **dict.fromkeys(("audit_search", "event_position"), "insert"),
    **dict.fromkeys(("audit_pending", "event_pending", "job_request"), "delete"),
    "audit_tile": "insert, update",
    "log_alarm": "insert, update, delete",
}
# What the owner's commands write, as the owner.
_OF_COMMANDS = dict.fromkeys(
    ("audit_detached", "audit_erasure", "audit_retired_key", "audit_succession", "file_standard_rule_set"), "insert"
)
_NEVER_BY_WORKER = {
    **dict.fromkeys(("attachment", "bundle", "early_advice_clock", "file_standard_verdict"), "insert"),
    "event_sequence": "delete",
    "procrastinate_jobs": "insert",
    "refusal_tally": "insert, update",
    "webhook_attempt": "update, delete",
    "webhook_endpoint": "insert, delete",
    **dict.fromkeys(("webhook_secret", "working_time"), "insert, update, delete"),
}
_NEVER_BY_SERVICE = {
    **dict.fromkeys(("event_sequence", "kept_answer", "rate_bucket", "refusal_tally", "webhook_delivery"), "delete"),
    **dict.fromkeys(("revoked_token", "seen_assertion", "token_cutoff", "used_key_proof"), "delete"),
    **dict.fromkeys(("working_time", "procrastinate_jobs"), "insert, delete"),
    "webhook_attempt": "update, delete",
    "procrastinate_events": "select, update, delete",
    **dict.fromkeys(("procrastinate_periodic_defers", "procrastinate_workers"), "select, insert, update, delete"),
}
_TAKEN = (
    (WORKER_ROLE, _TAKEN_OVER),
    (WORKER_ROLE, _OF_COMMANDS),
    (WORKER_ROLE, _NEVER_BY_WORKER),
    (SERVICE_ROLE, _NEVER_BY_SERVICE),
)


def _close_audit_log(roles: Iterable[str]) -> str:
    """Return the function that closes a log, which none of these roles can add to afterwards."""
    closing = CLOSE_AUDIT_LOG.replace("create function", "create or replace function", 1)
    before = f"delete on %I.%I from {SERVICE_ROLE}, {WORKER_ROLE}"
    return closing.replace(before, f"delete on %I.%I from {', '.join(roles)}", 1)


def upgrade() -> None:
    """Make the role, give it what its work takes, and take from the others what they do not use."""
    create_role(SEQUENCER_ROLE)
    for table, rights in _SEQUENCED.items():
        grant(table, rights, to=SEQUENCER_ROLE)
    for table in _GUARDED:
        op.execute(f"create policy sequenced on {table} to {SEQUENCER_ROLE} using (true) with check (true)")
    for sequence in _SEQUENCES:
        op.execute(f"grant usage on sequence {sequence} to {SEQUENCER_ROLE}")
    op.execute(f"grant execute on function casefile_owner(uuid) to {SEQUENCER_ROLE}")
    for role, taken in _TAKEN:
        for table, rights in taken.items():
            op.execute(f"revoke {rights} on {table} from {role}")
    op.execute(_close_audit_log((SERVICE_ROLE, WORKER_ROLE, SEQUENCER_ROLE)))


def downgrade() -> None:
    """Let the worker sequence again."""
    op.execute(_close_audit_log((SERVICE_ROLE, WORKER_ROLE)))
    for role, taken in _TAKEN:
        for table, rights in taken.items():
            grant(table, rights, to=role)
    for table in _GUARDED:
        op.execute(f"drop policy sequenced on {table}")
    for kind in ("tables", "sequences", "functions"):
        op.execute(f"revoke all on all {kind} in schema public from {SEQUENCER_ROLE}")
    op.execute(f"revoke usage on schema public from {SEQUENCER_ROLE}")
