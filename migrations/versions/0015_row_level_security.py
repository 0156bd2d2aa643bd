"""Row-level security on every table with case data: the second lock on tenancy, behind the queries' own scope.

A case file is there for the force that owns it and the CPS Areas it was shared with, as far as its restriction and
conflicts let the caller in. What belongs to it goes by it; what is an organisation's own goes by the organisation.
"""

from alembic import op

from migrations.grants import (
    BREAKING,
    HELD,
    KIND,
    ORGANISATION,
    OWN,
    PRINCIPALS,
    SERVICE_ROLE,
    of_case,
    of_row,
    secure,
    unsecure,
)

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_REMIT = "(select casefile_remit())"

# A case file that the transaction holds for a change stays in its hands to the end of it, also where the change takes
# it out of the caller's sight: who shuts themselves out must still be able to say so in the log.
_LET_IN = f"""(id::text in ({HELD}, {BREAKING}) or (
    (not restricted or admitted && {PRINCIPALS} or exists (
        select from public.case_file_break_glass g
        where g.case_file_id = case_file.id and g.principal = any({PRINCIPALS}::text[]) and g.ended_at is null
          and g.until > now()))
    and not shut_out && {PRINCIPALS}))"""
_REACHED = f"""({OWN} or exists (
    select from public.case_file_share s where s.case_file_id = case_file.id and s.organisation = {ORGANISATION}))"""

# Policies of two tables may not look at each other; these ask for one fact as the owner of the tables.
_FUNCTIONS = {
    "casefile_owner(wanted uuid)": (
        "text",
        "begin return (select c.organisation from public.case_file c where c.id = wanted); end",
    ),
    "casefile_lets_in(wanted uuid)": (
        "boolean",
        f"begin return coalesce((select {_LET_IN} from public.case_file where id = wanted), false); end",
    ),
    "casefile_sees(wanted uuid)": (
        "boolean",
        f"begin return exists (select from public.case_file where id = wanted and {_REACHED} and {_LET_IN}); end",
    ),
    "casefile_request_reaches(wanted uuid)": (
        "boolean",
        f"""begin return exists (
            select from public.early_advice_request r where r.id = wanted and (r.organisation = {ORGANISATION}
                or exists (select from public.early_advice_unit u
                           where u.request_id = wanted and u.organisation = {ORGANISATION}))); end""",
    ),
    "casefile_remit()": (
        "text",
        f"""begin return case {KIND} when 'operator' then 'all' when 'oversight' then
            (select o.remit from public.organisation o where o.id = {ORGANISATION}) end; end""",
    ),
}
_TARGET = """
    create function casefile_of(target text, wanted uuid, out case_file_id uuid, out organisation text)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$ begin
        select c.id, c.organisation into case_file_id, organisation from public.case_file c where c.id = case target
            when 'case_file' then wanted
            when 'attachment' then (select a.case_file_id from public.attachment a where a.id = wanted)
            when 'early_advice_request' then
                (select r.case_file_id from public.early_advice_request r where r.id = wanted)
            when 'bundle' then (select b.case_file_id from public.bundle b where b.id = wanted)
        end;
    end $$
    """

_OF_FORCE_OR_AREA = f"({OWN} or casefile_owner(case_file_id) = {ORGANISATION}) and casefile_lets_in(case_file_id)"
_OF_REQUEST = of_row("early_advice_request", "request_id")
_SHARED = f"""exists (select from case_file_share s where s.case_file_id = {{table}}.case_file_id
    and s.number = {{table}}.number and s.organisation = {ORGANISATION})"""
_OWNED = f"exists (select from case_file f where f.id = {{table}}.case_file_id and f.organisation = {ORGANISATION})"


def _version_seen(table: str) -> str:
    """Return the condition on a version: the force's own, or shared."""
    return f"({_OWNED} or {_SHARED} and {of_case()})".replace("{table}", table)


def upgrade() -> None:
    for signature, (answer, body) in _FUNCTIONS.items():
        op.execute(
            f"create function {signature} returns {answer} language plpgsql stable security definer"
            f" cost 1000 set search_path = pg_catalog, pg_temp as $$ {body} $$"
        )
    op.execute(_TARGET)
    for name in (*_FUNCTIONS, "casefile_of(target text, wanted uuid)"):
        op.execute(f"revoke execute on function {name} from public")
        op.execute(f"grant execute on function {name} to {SERVICE_ROLE}")
    _secure_case_files()
    _secure_attachments()
    _secure_early_advice()
    _secure_what_is_told()


def _secure_case_files() -> None:
    secure("case_file", f"{_REACHED} and {_LET_IN}", written=_REACHED, added=OWN)
    for table in ("case_file_version", "case_file_version_attachment"):
        secure(table, _version_seen(table), added=_OWNED.format(table=table))
    secure("case_file_party", of_case())
    # The policy of case files looks at shares: theirs may not look there.
    secure("case_file_share", _OF_FORCE_OR_AREA, added="casefile_sees(case_file_id)")
    secure(
        "case_file_request_position",
        f"{of_case()} and casefile_request_reaches(request_id)",
    )
    for table in ("case_file_correction", "case_file_restriction", "case_file_conflict"):
        secure(table, of_case())
    # The policy of case files looks here: this one may not look there.
    secure("case_file_break_glass", f"({OWN} or owner = {ORGANISATION})", added=OWN)
    # The key of a case is made ahead of it, in the same transaction.
    secure("case_key", of_case(), added=f"{KIND} = 'police'")
    secure("kept_answer", f"exists (select from client k where k.client_id = kept_answer.client_id and k.{OWN})")


def _secure_attachments() -> None:
    named = "exists (select from case_file_version_attachment v where v.attachment_id = attachment.id)"
    secure("attachment", f"{of_case()} and ({OWN} or visible_to_police and {KIND} = 'police' or {named})")
    for table in ("attachment_part", "attachment_custody"):
        secure(table, of_row("attachment", "attachment_id"))
    secure("bundle", f"{OWN} and {of_case()}")


def _secure_early_advice() -> None:
    sent = f"""exists (select from early_advice_unit u
        where u.request_id = early_advice_request.id and u.organisation = {ORGANISATION})"""
    figures = f"({_REMIT} = 'all' or {_REMIT} = organisation)"
    seen = f"({of_case()} and ({OWN} or {sent}) or {figures})"
    secure("early_advice_request", seen, written=f"{of_case()} and ({OWN} or {sent})")
    reaches = "casefile_request_reaches(request_id)"
    secure("early_advice_unit", f"({OWN} or {reaches})", added=reaches)
    for table in ("early_advice_step", "early_advice_action", "early_advice_clock", "early_advice"):
        secure(table, _OF_REQUEST, written=f"{_OF_REQUEST} and {of_case()}")
    secure("early_advice_message", f"{_OF_REQUEST} and {of_case()}")
    secure("early_advice_action_step", of_row("early_advice_action", "action_id"))


def _secure_what_is_told() -> None:
    # Whoever acts on a case tells the other side of it, whose rows they cannot see.
    told = f"({OWN} or {of_case()})"
    secure("event", OWN, added=f"({told} or case_file_id is null)")
    secure("event_sequence", told)
    secure("event_pending", "false", added="true")
    secure("event_position", OWN, added="false")
    secure("webhook_endpoint", OWN)
    secure("webhook_secret", of_row("webhook_endpoint", "endpoint_id"))
    secure("webhook_delivery", OWN)
    secure("webhook_attempt", of_row("webhook_delivery", "delivery_id"))
    secure(
        "audit_entry",
        f"""({OWN} or owner = {ORGANISATION} or {_REMIT} = 'all' or {_REMIT} in (organisation, owner)
             or {_REMIT} = casefile_owner(case_file_id)
             or action = 'get_attachment_content' and casefile_sees(case_file_id))""",
        added="true",
    )


_TABLES = (
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
    "kept_answer",
    "attachment",
    "attachment_part",
    "attachment_custody",
    "bundle",
    "early_advice_request",
    "early_advice_unit",
    "early_advice_step",
    "early_advice_action",
    "early_advice_clock",
    "early_advice",
    "early_advice_message",
    "early_advice_action_step",
    "event",
    "event_sequence",
    "event_pending",
    "event_position",
    "webhook_endpoint",
    "webhook_secret",
    "webhook_delivery",
    "webhook_attempt",
    "audit_entry",
)


def downgrade() -> None:
    for table in _TABLES:
        unsecure(table)
    for name in (*_FUNCTIONS, "casefile_of(target text, wanted uuid)"):
        op.execute(f"drop function {name}")
