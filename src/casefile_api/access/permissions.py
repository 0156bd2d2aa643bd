"""Who may call what: one table, one row per operation.

A permission is an OAuth scope is the security requirement in the OpenAPI document: one word. A caller may call an
operation when the token carries the scope *and* one of the roles that the row gives to the caller's kind of
organisation. What is not in the table cannot be served. The row also holds the word of DPA 2018 s.62 for the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from casefile_api.access.caller import Caller, OrganisationKind

POLICE, CPS, OVERSIGHT, OPERATOR = OrganisationKind

ROLES: Mapping[OrganisationKind, tuple[str, ...]] = {
    POLICE: ("officer", "supervisor", "gatekeeper", "disclosure_officer", "senior_officer", "system"),
    CPS: ("casework_assistant", "legal_manager", "prosecutor", "unit_head", "system"),
    OVERSIGHT: ("auditor", "system"),
    OPERATOR: ("operator", "system"),
}

SCOPES: Mapping[str, str] = {
    "case-files:read": "Read case files, versions, changes, readiness, timelines and bundles",
    "case-files:write": "Open, version, patch and correct case files",
    "attachments:read": "Read attachments and their custody",
    "attachments:write": "Declare, upload, complete and delete attachments",
    "early-advice:read": "Read requests, actions and messages",
    "early-advice:request": "Police side of early advice: create, submit, answer, appeal, withdraw",
    "early-advice:triage": "CPS triage and management of early advice",
    "early-advice:advise": "CPS prosecutor's side of early advice",
    "webhooks:manage": "Manage webhook endpoints",
    "events:read": "Read the feed of events",
    "staff:manage": "Register the organisation's staff",
    "audit:read": "Read entries of the audit log",
    "statistics:read": "Read statistics",
}


class Operation62(StrEnum):
    """The processing operations that DPA 2018 s.62 wants logged."""

    COLLECTION = "collection"
    ALTERATION = "alteration"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"


class Logged(StrEnum):
    """Whether an allowed call gets an entry. Refusals always do."""

    ALWAYS = "always"
    NEVER = "never"
    WHEN_TOLD = "when_told"


@dataclass(frozen=True, slots=True)
class Grant:
    """A scope, and the roles of one kind of organisation that may use it."""

    scope: str | None
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """A row of the table."""

    grants: Mapping[OrganisationKind, Grant] = field(default_factory=dict)
    word: Operation62 | None = None
    logged: Logged = Logged.ALWAYS
    open: bool = False
    # Open to callers without a token where the settings publish the log.
    published: bool = False

    @property
    def scopes(self) -> frozenset[str]:
        """Return the scopes that open the operation to somebody."""
        return frozenset(grant.scope for grant in self.grants.values() if grant.scope)

    @property
    def for_anyone(self) -> bool:
        """Say whether every token may call this, whoever holds it."""
        return all(
            kind in self.grants and self.grants[kind].scope is None and self.grants[kind].roles >= frozenset(roles)
            for kind, roles in ROLES.items()
        )

    def role_allows(self, caller: Caller) -> bool:
        """Say whether one of the caller's roles may call this."""
        grant = self.grants.get(caller.kind)
        return grant is not None and not grant.roles.isdisjoint(caller.roles)

    def scope_missing(self, caller: Caller) -> str | None:
        """Return the scope that the caller's token lacks, or None."""
        grant = self.grants.get(caller.kind)
        if grant is None or grant.scope is None or grant.scope in caller.scopes:
            return None
        return grant.scope


def _grant(scope: str | None, **kinds: str) -> dict[OrganisationKind, Grant]:
    return {
        OrganisationKind(kind): Grant(
            scope, frozenset(ROLES[OrganisationKind(kind)] if roles == "*" else roles.split())
        )
        for kind, roles in kinds.items()
    }


_ANYONE = _grant(None, police="*", cps="*", oversight="*", operator="*")
_SYSTEMS = dict.fromkeys(("police", "cps", "oversight", "operator"), "system")
_WRITERS = "officer supervisor gatekeeper disclosure_officer system"
_COLLECT, _ALTER, _READ, _ERASE = (
    Operation62.COLLECTION,
    Operation62.ALTERATION,
    Operation62.CONSULTATION,
    Operation62.ERASURE,
)


def _case_write(word: Operation62) -> Operation:
    return Operation(_grant("case-files:write", police=_WRITERS), word)


def _attach(word: Operation62) -> Operation:
    return Operation(_grant("attachments:write", police=_WRITERS, cps="prosecutor casework_assistant system"), word)


def _reads(scope: str) -> Operation:
    return Operation(_grant(scope, police="*", cps="*"), _READ)


def _ask(roles: str, word: Operation62 = _ALTER) -> Operation:
    return Operation(_grant("early-advice:request", police=roles), word)


def _escalates(word: Operation62) -> Operation:
    return Operation(
        {
            **_grant("early-advice:request", police="gatekeeper senior_officer"),
            **_grant("early-advice:triage", cps="legal_manager unit_head"),
        },
        word,
    )


def _triage(roles: str) -> Operation:
    return Operation(_grant("early-advice:triage", cps=roles), _ALTER)


def _advise(roles: str, word: Operation62 = _ALTER) -> Operation:
    return Operation(_grant("early-advice:advise", cps=roles), word)


def _hooks(word: Operation62 | None = None) -> Operation:
    return Operation(_grant("webhooks:manage", **_SYSTEMS), word)


_OPEN = Operation(word=None, logged=Logged.NEVER, open=True)
_LOOK_UP = Operation(_ANYONE, logged=Logged.NEVER)
_PUBLISHED = Operation(_ANYONE, logged=Logged.NEVER, published=True)

_AUDIT = Operation(_grant("audit:read", oversight="auditor system"), _READ)
_GUARDS = "gatekeeper senior_officer"
_RESTRICT = Operation(_grant("case-files:write", police=_GUARDS), _ALTER)
_CONFLICT = Operation(
    {**_grant("case-files:write", police=_GUARDS), **_grant("early-advice:triage", cps="unit_head")}, _ALTER
)
_SUPERVISES = "supervisor gatekeeper"
_INVESTIGATES = "officer supervisor gatekeeper"
_WRITES = Operation(
    {
        **_grant("early-advice:request", police=_INVESTIGATES),
        **_grant("early-advice:advise", cps="prosecutor legal_manager"),
    },
    _COLLECT,
)

OPERATIONS: Mapping[str, Operation] = {
    # The authorisation server, health and reference: open, or anyone with a token.
    "issue_token": Operation(open=True),
    "revoke_token": Operation(open=True),
    "introspect_token": Operation(open=True),
    "get_jwks": _OPEN,
    "get_authorization_server_metadata": _OPEN,
    "get_protected_resource_metadata": _OPEN,
    "get_health": _OPEN,
    "get_service_readiness": _OPEN,
    "get_problem": _OPEN,
    "get_me": _LOOK_UP,
    "list_organisations": _LOOK_UP,
    "list_units": _LOOK_UP,
    "list_unit_staff": Operation(_ANYONE, _READ),
    "list_code_lists": _LOOK_UP,
    "get_code_list": _LOOK_UP,
    "list_schemas": _LOOK_UP,
    "get_schema": _LOOK_UP,
    "list_problem_codes": _LOOK_UP,
    "get_problem_code": _LOOK_UP,
    "put_staff_member": Operation(
        _grant("staff:manage", police="system", cps="system", oversight="system", operator="operator system"), _COLLECT
    ),
    # Case files.
    "open_case_file": _case_write(_COLLECT),
    "add_version": _case_write(_ALTER),
    "patch_case_file": _case_write(_ALTER),
    "restore_version": _case_write(_ALTER),
    "correct_case_file": _case_write(_ALTER),
    "retract_version": Operation(_grant("case-files:write", police=_SUPERVISES), _ALTER),
    "link_case_files": _case_write(_ALTER),
    "list_links": _reads("case-files:read"),
    "remove_link": _case_write(_ALTER),
    "split_case_file": Operation(_grant("case-files:write", police=_SUPERVISES), _COLLECT),
    "merge_case_file": Operation(_grant("case-files:write", police=_SUPERVISES), Operation62.COMBINATION),
    "restrict_case_file": _RESTRICT,
    "change_restriction": _RESTRICT,
    "lift_restriction": _RESTRICT,
    "get_restriction": _reads("case-files:read"),
    "list_restrictions": Operation(_grant("case-files:read", police=_GUARDS), _READ),
    "list_corrections": Operation(_grant("case-files:read", police="*"), _READ),
    "declare_conflict": _CONFLICT,
    "withdraw_conflict": _CONFLICT,
    "list_conflicts": Operation(_grant("case-files:read", police=_GUARDS, cps="unit_head"), _READ),
    "break_glass": Operation(_grant("case-files:read", police="senior_officer", cps="unit_head"), _READ),
    "end_break_glass": Operation(_grant("case-files:read", police=_GUARDS, cps="unit_head"), _ALTER),
    "list_break_glass": Operation(_grant("case-files:read", police=_GUARDS, cps="unit_head"), _READ),
    "list_case_files": _reads("case-files:read"),
    "search_case_files": _reads("case-files:read"),
    "get_case_file": _reads("case-files:read"),
    "list_versions": _reads("case-files:read"),
    "get_version": _reads("case-files:read"),
    "get_changes": _reads("case-files:read"),
    "get_readiness": _reads("case-files:read"),
    "check_content": _case_write(_READ),
    "get_timeline": _reads("case-files:read"),
    "request_bundle": Operation(_grant("case-files:read", police="*", cps="*"), Operation62.COMBINATION),
    "get_bundle": _reads("case-files:read"),
    "get_bundle_content": _reads("case-files:read"),
    # Attachments.
    "declare_attachment": _attach(_COLLECT),
    "request_upload_urls": _attach(_COLLECT),
    "complete_upload": _attach(_COLLECT),
    "delete_attachment": _attach(_ERASE),
    "get_upload": _reads("attachments:read"),
    "list_attachments": _reads("attachments:read"),
    "get_attachment": _reads("attachments:read"),
    "get_attachment_content": _reads("attachments:read"),
    "get_custody": _reads("attachments:read"),
    # Early advice: requests.
    "create_early_advice_request": _ask(_INVESTIGATES, _COLLECT),
    "record_early_advice_not_sought": _ask(_SUPERVISES, _COLLECT),
    "list_early_advice_not_sought": _reads("early-advice:read"),
    "list_early_advice_requests": _reads("early-advice:read"),
    "count_early_advice_queues": _reads("early-advice:read"),
    "get_early_advice_request": _reads("early-advice:read"),
    "patch_early_advice_request": _ask(_INVESTIGATES),
    "get_early_advice_readiness": _reads("early-advice:read"),
    "get_advice_document": Operation(_grant("early-advice:read", police="*", cps="*"), Operation62.DISCLOSURE),
    "submit_early_advice_request": Operation(
        _grant("early-advice:request", police=_SUPERVISES), Operation62.DISCLOSURE
    ),
    "accept_early_advice_request": _triage("casework_assistant"),
    "return_early_advice_request": _triage("casework_assistant"),
    "approve_early_advice_request": _triage("legal_manager"),
    "refuse_early_advice_request": _triage("legal_manager"),
    "appeal_early_advice_request": _ask("senior_officer"),
    "uphold_early_advice_request": _triage("unit_head"),
    "overturn_early_advice_request": _triage("unit_head"),
    "allocate_early_advice_request": _triage("legal_manager unit_head"),
    "transfer_early_advice_request": _triage("legal_manager unit_head"),
    "finalise_early_advice_request": _triage("legal_manager"),
    "list_escalations": _reads("early-advice:read"),
    "raise_escalation": _escalates(_COLLECT),
    "answer_escalation": _escalates(_ALTER),
    "list_outcomes": _reads("early-advice:read"),
    "record_outcome": _ask(_INVESTIGATES, _COLLECT),
    "move_response_date": _triage("casework_assistant legal_manager"),
    "request_information_early_advice_request": _advise("prosecutor"),
    "provide_information_early_advice_request": _ask(_INVESTIGATES),
    "advise_early_advice_request": _advise("prosecutor"),
    "complete_early_advice_request": _advise("prosecutor"),
    "withdraw_early_advice_request": _ask(_SUPERVISES),
    "reopen_early_advice_request": _ask(_SUPERVISES),
    # Early advice: actions and messages.
    "list_actions": _reads("early-advice:read"),
    "get_action": _reads("early-advice:read"),
    "set_action": _advise("prosecutor", _COLLECT),
    "start_action": _ask(_INVESTIGATES),
    "return_action": _ask(_INVESTIGATES),
    "satisfy_action": _advise("prosecutor"),
    "reject_action": _advise("prosecutor"),
    "cancel_action": _advise("prosecutor"),
    "dispute_action": _ask(_SUPERVISES),
    "answer_action_dispute": _advise("prosecutor legal_manager"),
    "request_action_extension": _ask(_INVESTIGATES),
    "decide_action_extension": _advise("prosecutor"),
    "list_messages": _reads("early-advice:read"),
    "send_message": _WRITES,
    "mark_messages_read": _WRITES,
    # Early advice: what the prosecutor writes before it is issued.
    "save_advice_draft": _advise("prosecutor", _COLLECT),
    "list_advice_drafts": Operation(
        _grant("early-advice:advise", cps="prosecutor legal_manager unit_head system"), _READ
    ),
    # Events and webhooks.
    "list_event_types": _LOOK_UP,
    "get_event_type": _LOOK_UP,
    "list_events": Operation(_grant("events:read", **_SYSTEMS), _READ, Logged.WHEN_TOLD),
    "list_archived_events": Operation(_grant("events:read", **_SYSTEMS), _READ),
    "create_webhook_endpoint": _hooks(),
    "list_webhook_endpoints": _hooks(),
    "get_webhook_endpoint": _hooks(),
    "patch_webhook_endpoint": _hooks(),
    "delete_webhook_endpoint": _hooks(),
    "rotate_webhook_secret": _hooks(),
    "test_webhook_endpoint": _hooks(),
    "list_webhook_deliveries": _hooks(),
    "get_webhook_endpoint_status": _hooks(),
    "redeliver_webhooks": _hooks(),
    # The log and statistics.
    "list_audit_entries": _AUDIT,
    "get_audit_entry": _AUDIT,
    "get_inclusion_proof": _LOOK_UP,
    "find_inclusion_proof": _LOOK_UP,
    "get_consistency_proof": _LOOK_UP,
    "get_checkpoint": _PUBLISHED,
    "get_public_key": _PUBLISHED,
    "get_tile": _PUBLISHED,
    "get_early_advice_statistics": Operation(
        _grant(
            "statistics:read",
            police="senior_officer gatekeeper system",
            cps="unit_head legal_manager system",
            oversight="auditor system",
            operator="system",
        ),
        _READ,
    ),
    # The sandbox.
    "get_sandbox_clock": Operation(_grant(None, operator="operator"), logged=Logged.NEVER),
    "advance_sandbox_clock": Operation(_grant(None, operator="operator")),
}
