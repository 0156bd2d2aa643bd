"""How each operation is called well-formed, and how it answers somebody who may: from the contract's bodies.

Where a change wants If-Match the call leaves it out, so that "may" shows as 428 and nothing changes: 428 comes after
401, 403, 422 (malformed) and 404 in the order of refusals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.scene import Scene
from tests.outside import cases, files
from tests.outside.client import CLIENT_ASSERTION_TYPE, Party, new_key
from tests.outside.signing import sha256_hex

Json = Any
LATER = "2027-03-01"
REVIEW = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}


@dataclass(frozen=True)
class Call:
    """One well-formed call and the statuses that show that the caller may make it."""

    may: frozenset[int]
    body: Callable[[Scene, Party], Json] | None = None
    params: Callable[[Scene], Mapping[str, str]] | None = None
    media_type: str = "application/json"
    uploading: bool = False
    form: Callable[[Party], Mapping[str, str]] | None = None


def _may(*statuses: int, body: Json = None, uploading: bool = False, media_type: str = "application/json") -> Call:
    return Call(
        frozenset(statuses), (lambda scene, party: body) if body is not None else None, None, media_type, uploading
    )


def _reads(**params: str) -> Call:
    return Call(frozenset({200}), params=(lambda scene: params) if params else None)


def _step(body: Json, *otherwise: int) -> Call:
    """A step without its tag."""
    return _may(428, *otherwise, body=body)


def _client_form(**more: str) -> Callable[[Party], Mapping[str, str]]:
    def form(party: Party) -> Mapping[str, str]:
        proof = {"client_assertion_type": CLIENT_ASSERTION_TYPE, "client_assertion": party.assertion()}
        return proof | {name: party.token if value == "its token" else value for name, value in more.items()}

    return form


def _own_opening(scene: Scene, party: Party) -> Json:
    organisation = party.organisation if party.organisation in cases.FORCE_UNIT else "police-53"
    return cases.opening(organisation, police_unit=f"{organisation}-rasso", note=new_key())


def _merge_patch(body: Json) -> Call:
    return _may(428, body=body, media_type="application/merge-patch+json")


STEPS: dict[str, Json] = {
    "submit": {"endorsement": "Endorsed.", "version": 2},
    "accept": REVIEW,
    "return": REVIEW | {"reasons": [{"code": "NO_MG3", "detail": "Missing."}], "response_due_on": LATER},
    "approve": {},
    "refuse": {"reasons": ["Too early."]},
    "appeal": {"grounds": "It is not too early."},
    "uphold": {"reason": "It is."},
    "overturn": {"reason": "It is not."},
    "allocate": {"prosecutor": "somebody"},
    "request-information": {"questions": ["Who was there?"], "response_due_on": LATER},
    "provide-information": {"answer": "Nobody."},
    "advise": {"advice": [{"topic": "lines_of_enquiry", "text": "Ask."}], "actions": []},
    "complete": {},
    "transfer": {"unit": "cps-west-midlands-rasso", "reason": "Nearer."},
    "withdraw": {"reason": "No longer needed."},
    "finalise": {"reason": "No answer came."},
    "reopen": {"reason": "An answer came.", "version": 2},
}
ACTION_STEPS: dict[str, tuple[str, Json]] = {
    "start_action": ("start", {}),
    "return_action": ("return", {"answer": "Done.", "material_ids": []}),
    "satisfy_action": ("satisfy", {}),
    "reject_action": ("reject", {"reason": "Not done."}),
    "cancel_action": ("cancel", {"reason": "No longer needed."}),
    "dispute_action": ("dispute", {"reason": "Disproportionate."}),
    "answer_action_dispute": ("answer-dispute", {"outcome": "confirmed", "reason": "It is needed."}),
    "request_action_extension": ("request-extension", {"due_on": LATER, "reason": "The witness is abroad."}),
    "decide_action_extension": ("decide-extension", {"granted": True, "reason": "Reasonable."}),
}
ACTION = {
    "category": "FOOTAGE",
    "description": "Fetch it.",
    "due_on": LATER,
    "suspect_ids": ["s1"],
    "gating": "pre_decision",
}
STAFF = {"name": "Invented Person", "rank": "Constable", "active": True}
UPLOAD = {"parts": [{"number": 1, "sha256": sha256_hex(files.statement(2).data)}]}
ENDPOINT = {"url": "http://127.0.0.1:9/hooks", "event_types": ["audit.*"], "description": "nobody listens here"}
STAFF_ROLE = {"police": "officer", "cps": "prosecutor", "oversight": "auditor", "operator": "operator"}


def _staff(scene: Scene, party: Party) -> Json:
    kind = party.organisation.split("-")[0]
    unit = {"police": "police-53-rasso", "cps": "cps-south-west-rasso"}.get(kind)
    return STAFF | {"roles": [STAFF_ROLE[kind]]} | ({"unit": unit} if unit else {})


def _conflict(scene: Scene, party: Party) -> Json:
    """Somebody of the caller's kind who is declared to have an interest already."""
    kind = party.organisation.split("-")[0]
    return {"staff_id": scene.interested.get(kind, "nobody"), "reason": "A neighbour of the suspect."}


def _link(scene: Scene, party: Party) -> Json:
    """A case file that is linked already."""
    return {"case_file_id": scene.linked or "none", "relation": "same_suspect", "reason": "The same man."}


SPLIT = {"suspect_ids": ["s1"], "urn_suffix": "9", "note": "split off", "reason": "Tried apart."}
ADMITTED = [{"organisation": "police-53", "role": "gatekeeper"}]
CALLS: dict[str, Call] = {
    "issue_token": Call(frozenset({200}), form=lambda party: party.token_form()),
    "revoke_token": Call(frozenset({200}), form=_client_form(token="unknown")),
    "introspect_token": Call(frozenset({200}), form=_client_form(token="its token")),
    "get_jwks": _reads(),
    "get_authorization_server_metadata": _reads(),
    "get_protected_resource_metadata": _reads(),
    "get_health": _reads(),
    "get_service_readiness": _reads(),
    "get_problem": _reads(),
    "get_me": _reads(),
    "list_organisations": _reads(),
    "list_units": _reads(),
    "list_unit_staff": _may(200, 404),
    "list_code_lists": _reads(),
    "get_code_list": _reads(),
    "list_schemas": _reads(),
    "get_schema": _reads(),
    "list_problem_codes": _reads(),
    "get_problem_code": _reads(),
    "list_event_types": _reads(),
    "get_event_type": _reads(),
    "put_staff_member": Call(frozenset({200, 201}), body=_staff),
    "open_case_file": Call(frozenset({201}), body=_own_opening),
    "add_version": _step({"content": cases.case_content(), "note": "again"}),
    "patch_case_file": _merge_patch({"content": {"issues": "Another."}, "note": "again"}),
    "restore_version": _step({"note": "as it was"}),
    "retract_version": _step({"code": "wrong_case", "reason": "Of another investigation."}),
    "link_case_files": Call(frozenset({409}), body=_link),
    "list_links": _reads(),
    "remove_link": _step({"reason": "Another man."}),
    "split_case_file": _step(SPLIT),
    "merge_case_file": _step({"case_file_id": "none", "reason": "One event."}),
    "correct_case_file": _step({"crime_references": ["53/2026/000001"], "reason": "Typed wrongly."}),
    "restrict_case_file": _step({"admitted": ADMITTED, "reason": "Leaks are feared."}),
    "change_restriction": _step({"admitted": ADMITTED, "reason": "One more."}),
    "lift_restriction": _step({"reason": "No longer needed."}),
    "get_restriction": _reads(),
    "list_restrictions": _reads(),
    "list_corrections": _reads(),
    "declare_conflict": Call(frozenset({409}), body=_conflict),
    "list_conflicts": _reads(),
    "withdraw_conflict": _step({"reason": "Another of the name."}),
    "break_glass": _may(409, body={"reason": "She is in danger."}),
    "list_break_glass": _reads(),
    "end_break_glass": _may(409),
    "list_case_files": _reads(limit="200"),
    "search_case_files": _may(200, body={"suspect": {"family_name": "Quorthwaite"}}),
    "get_case_file": _reads(),
    "list_versions": _reads(),
    "get_version": _reads(),
    "get_changes": _reads(since="2"),
    "get_readiness": _reads(standard="early_advice"),
    "check_content": _may(200, body={"content": cases.case_content()}),
    "request_bundle": _may(202),
    "get_bundle": _reads(),
    "get_bundle_content": _may(307, 409),
    "get_timeline": _reads(),
    "declare_attachment": _may(201, body=files.photograph().declaration()),
    "request_upload_urls": _may(200, body=UPLOAD, uploading=True),
    "complete_upload": _may(409, uploading=True),
    "delete_attachment": _may(428, uploading=True),
    "get_upload": _may(200, uploading=True),
    "list_attachments": _reads(),
    "get_attachment": _reads(),
    "get_attachment_content": _may(307),
    "get_custody": _reads(),
    "create_early_advice_request": _may(409, body=cases.request_body()),
    "record_early_advice_not_sought": _may(409, body={"suspect_ids": ["s1"], "code": "custody_time"}),
    "list_early_advice_not_sought": _reads(),
    "list_escalations": _reads(),
    "raise_escalation": _may(409, body={"subject": "delay", "grounds": "Bail ends in a week."}),
    "answer_escalation": _step({"outcome": "maintained", "reason": "It is in hand."}),
    "list_outcomes": _reads(),
    "record_outcome": _may(201, body={"suspect_id": "s1", "outcome": "OTHER", "decided_on": "2026-01-05"}),
    "move_response_date": _step({"response_due_on": LATER, "reason": "The laboratory is late."}),
    "list_early_advice_requests": _reads(limit="200"),
    "count_early_advice_queues": _reads(),
    "get_early_advice_request": _reads(),
    "patch_early_advice_request": _merge_patch({"issues": "Another."}),
    "get_early_advice_readiness": _reads(),
    "get_advice_document": _reads(),
    **{f"{step.replace('-', '_')}_early_advice_request": _step(body) for step, body in STEPS.items()},
    "list_actions": _reads(),
    "get_action": _reads(),
    "set_action": _may(201, body=ACTION),
    **{operation: _step(body) for operation, (_, body) in ACTION_STEPS.items()},
    "list_messages": _reads(),
    "send_message": _may(201, body={"text": "Seen."}),
    "mark_messages_read": _may(422, body={"up_to": 2**31 - 1}),
    "save_advice_draft": _may(409, body={"advice": [{"topic": "lines_of_enquiry", "text": "Not"}]}),
    "list_advice_drafts": _reads(),
    "list_events": _reads(),
    "list_archived_events": _reads(),
    "create_webhook_endpoint": _may(201, body=ENDPOINT),
    "list_webhook_endpoints": _reads(),
    "get_webhook_endpoint": _reads(),
    "patch_webhook_endpoint": _merge_patch({"description": "still nobody"}),
    "delete_webhook_endpoint": _may(428),
    "rotate_webhook_secret": _may(428),
    "test_webhook_endpoint": _may(200, 202, 204),
    "list_webhook_deliveries": _reads(),
    "get_webhook_endpoint_status": _reads(),
    "redeliver_webhooks": _may(200, 202, 204, body={"since": "2026-01-01T00:00:00Z"}),
    "list_audit_entries": _reads(limit="1"),
    "get_audit_entry": _reads(),
    "get_inclusion_proof": _reads(),
    "find_inclusion_proof": Call(frozenset({200}), params=lambda scene: {"leaf_hash": scene.leaf_hash}),
    "get_consistency_proof": Call(frozenset({200}), params=lambda scene: {"from": "1", "to": "1"}),
    "get_checkpoint": _reads(),
    "get_public_key": _reads(),
    "get_tile": _reads(),
    "get_early_advice_statistics": Call(
        frozenset({200}), params=lambda scene: {"from": "2026-01-01", "to": "2026-12-31", "group_by": "force"}
    ),
    "get_sandbox_clock": _reads(),
    "advance_sandbox_clock": _may(200, body={"advance": "PT1S"}),
}


def make(scene: Scene, party: Party, operation: str, call: str, kind: str) -> Any:
    """Makes the call; gives the raw answer."""
    how = CALLS[operation]
    method, template = call.split(" ", 1)
    path = scene.path(template, kind, how.uploading)
    if how.form is not None:
        return scene.sandbox.http.post(scene.sandbox.base_url + path, data=dict(how.form(party)))
    body = how.body(scene, party) if how.body else None
    params = how.params(scene) if how.params else None
    media_type = how.media_type if body is not None else None
    return party.call(method, path, json=body, params=params, media_type=media_type)
