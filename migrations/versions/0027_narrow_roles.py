"""Who acts without a caller acts in a role of their own, and each role may do what its work takes and no more.

Who answers callers cannot act as the worker: the policies by which the worker sees every case hold for its role alone.
The worker, which sees every case, writes none of what forces and prosecutors write. Only the worker lets the log grow.
"""

from alembic import op

from migrations.grants import SERVICE_ROLE, WORKER_ROLE, create_role

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# What people and their systems write; the worker reads it.
_WRITTEN_FOR_CALLERS = (
    "case_file",
    "case_file_version",
    "case_file_version_attachment",
    "case_file_party",
    "case_file_share",
    "case_file_request_position",
    "case_file_correction",
    "case_file_restriction",
    "case_file_conflict",
    "case_file_break_glass",
    "case_key",
    "attachment_part",
    "early_advice_request",
    "early_advice_unit",
    "early_advice_step",
    "early_advice_action",
    "early_advice_action_step",
    "early_advice",
    "early_advice_message",
    "early_advice_draft",
    "early_advice_reading",
    "early_advice_not_sought",
    "early_advice_escalation",
    "kept_answer",
)
# What is written by nobody but the worker: table, and what those who answer callers could do before.
_WRITTEN_UNATTENDED = {
    **dict.fromkeys(("audit_leaf", "audit_checkpoint", "audit_log", "audit_log_key", "audit_retired_key"), "insert"),
    **dict.fromkeys(("audit_cosignature", "audit_latecomer", "audit_detached", "audit_erasure"), "insert"),
    **dict.fromkeys(("audit_search", "audit_succession", "event_position", "webhook_attempt"), "insert"),
    **dict.fromkeys(("audit_tile", "audit_witness", "audit_self_check", "audit_break"), "insert, update"),
    **dict.fromkeys(("audit_pending", "event_pending", "job_request", "figure_due"), "delete"),
    **dict.fromkeys(("figure_fact", "figure_total"), "insert, update, delete"),
    "log_alarm": "insert, update, delete",
}
_FUNCTIONS = ("make_audit_partitions()", "thin_checkpoints(timestamptz)")
_EVERY_TABLE = """
    do $$ declare each record; begin
        for each in select c.oid::regclass as name, lower(acl.privilege_type) as may
                    from pg_class c, aclexplode(relacl) acl
                    where c.relnamespace = 'public'::regnamespace and acl.grantee = '{service}'::regrole
                      and c.relkind in ('r', 'p')
        loop execute format('grant %s on %s to {worker}', each.may, each.name); end loop;
        for each in select c.oid::regclass as name from pg_class c, aclexplode(relacl) acl
                    where c.relnamespace = 'public'::regnamespace and acl.grantee = '{service}'::regrole
                      and c.relkind = 'S'
        loop execute format('grant usage on sequence %s to {worker}', each.name); end loop;
        for each in select a.attrelid::regclass as name, a.attname as part, lower(acl.privilege_type) as may
                    from pg_attribute a, aclexplode(attacl) acl where acl.grantee = '{service}'::regrole
        loop execute format('grant %s (%I) on %s to {worker}', each.may, each.part, each.name); end loop;
        for each in select p.oid::regprocedure as name from pg_proc p, aclexplode(proacl) acl
                    where p.pronamespace = 'public'::regnamespace and acl.grantee = '{service}'::regrole
        loop execute format('grant execute on function %s to {worker}', each.name); end loop;
        for each in select nspname as name from pg_namespace, aclexplode(nspacl) acl
                    where nspname ~ '^log_[0-9]+$' and acl.grantee = '{service}'::regrole
        loop
            execute format('grant usage on schema %I to {worker}', each.name);
            execute format('grant select on all tables in schema %I to {worker}', each.name);
        end loop;
    end $$
    """
_POLICIES = """
    do $$ declare each record; begin
        for each in select polrelid::regclass as name from pg_policy where polname = 'unattended'
        loop execute format('alter policy unattended on %s to {role}', each.name); end loop;
    end $$
    """


def upgrade() -> None:
    """Give the worker its role, and take from each what it does not need."""
    create_role(WORKER_ROLE)
    op.execute(_EVERY_TABLE.format(service=SERVICE_ROLE, worker=WORKER_ROLE))
    op.execute(_POLICIES.format(role=WORKER_ROLE))
    for table in _WRITTEN_FOR_CALLERS:
        op.execute(f"revoke insert, update, delete on {table} from {WORKER_ROLE}")
    # Who records what happens to a case file holds its row; holding takes the right to change something of it.
    op.execute(f"grant update (id) on case_file to {WORKER_ROLE}")
    op.execute(f"grant delete on kept_answer to {WORKER_ROLE}")
    for table, rights in _WRITTEN_UNATTENDED.items():
        op.execute(f"revoke {rights} on {table} from {SERVICE_ROLE}")
    for function in _FUNCTIONS:
        op.execute(f"revoke execute on function {function} from {SERVICE_ROLE}")


def downgrade() -> None:
    """One role for both."""
    for function in _FUNCTIONS:
        op.execute(f"grant execute on function {function} to {SERVICE_ROLE}")
    for table, rights in _WRITTEN_UNATTENDED.items():
        op.execute(f"grant {rights} on {table} to {SERVICE_ROLE}")
    op.execute(_POLICIES.format(role="public"))
    for kind in ("tables", "sequences", "functions"):
        op.execute(f"revoke all on all {kind} in schema public from {WORKER_ROLE}")
    op.execute(f"revoke usage on schema public from {WORKER_ROLE}")
