"""Ids of another tenant beside ids that do not exist: each pair of calls differs in that id alone."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.contract import calls
from tests.contract.matrix import Row
from tests.contract.scene import POLICE_UNIT, Scene
from tests.outside import cases, files
from tests.outside.client import Party

Json = Any
ELSEWHERE = {"police": ("police-52", "police-52-rasso"), "cps": ("cps-west-midlands", "cps-west-midlands-rasso")}
# As the matrix calls them, and as the document does.
IN_PATHS = {
    name: name
    for name in (
        "request_id",
        "case_file_id",
        "action_id",
        "attachment_id",
        "endpoint_id",
        "bundle_id",
        "break_glass_id",
        "conflict_id",
        "link_id",
        "escalation_id",
    )
} | {"unit": "unit_id"}
BUSY_AT_MOST = 3
VOLATILE = {"date", "request-id", "dpop-nonce", "ratelimit", "traceparent"}


@dataclass(frozen=True)
class Pair:
    """Two calls of one party that must be answered alike, and the positions they try."""

    operation: str
    where: str
    name: str
    party: Party
    method: str
    path: tuple[str, str]
    how: tuple[dict[str, Any], dict[str, Any]]

    def answers(self) -> tuple[Any, Any]:
        """What both are answered, without what differs from call to call."""
        first, second = (self._answer(path, how) for path, how in zip(self.path, self.how, strict=True))
        return _lasting(first), _lasting(second)

    def _answer(self, path: str, how: dict[str, Any]) -> Any:
        """What a call is answered; that the database is away for a moment says nothing of any id: asked again."""
        for _ in range(BUSY_AT_MOST):
            answer = self.party.call(self.method, path, **how)
            if answer.status_code != 503:
                break
        return answer


def _lasting(answer: Any) -> Any:
    headers = {name: value for name, value in answer.headers.items() if name not in VOLATILE}
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body.pop("request_id", None)
    return answer.status_code, headers, body


def unknown(identifier: str) -> str:
    """An id of the same form that does not exist."""
    if len(identifier) == 36:
        return str(uuid.uuid4())
    return f"{identifier[:-3]}zzz"


def in_paths(scene: Scene, own: dict[str, dict[str, str]], row: Row) -> Iterator[Pair]:
    """Each id of a path, those before it being the stranger's own where they have one."""
    method, template = row.call.split(" ", 1)
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    if IN_PATHS.keys().isdisjoint(names):
        return
    for kind, (organisation, unit) in ELSEWHERE.items():
        for role in row.may(kind)[:1]:
            party = scene.caller(kind, role, organisation, unit)
            call = calls.CALLS[row.operation]
            body = call.body(scene, party) if call.body else None
            how = {"json": body, "media_type": call.media_type if body is not None else None}
            how["params"] = call.params(scene) if call.params else None
            values = scene.values | scene.by_kind[kind]
            if call.uploading:
                values = values | {"attachment_id": scene.uploading[kind]}
            for place, name in enumerate(names):
                if name not in IN_PATHS:
                    continue
                before = {earlier: own[kind].get(earlier, values[earlier]) for earlier in names[:place]}
                real = values | before
                path = template.format(**real), template.format(**(real | {name: unknown(real[name])}))
                yield Pair(row.operation, "path", IN_PATHS[name], party, method, path, (how, how))


def own_things(scene: Scene) -> dict[str, dict[str, str]]:
    """A case file and a draft of the strangers' own."""
    officer = scene.caller("police", "officer", *ELSEWHERE["police"])
    case = cases.open_case(officer, police_unit="police-52-rasso")
    request = cases.draft_request(officer, case["id"])
    return {"police": {"case_file_id": case["id"], "request_id": request["id"]}, "cps": {}}


def in_queries_and_bodies(scene: Scene, own: dict[str, dict[str, str]]) -> Iterator[Pair]:
    """The positions of queries and bodies that `id_positions.csv` has as tried."""
    officer = scene.caller("police", "officer", *ELSEWHERE["police"])
    gatekeeper = scene.caller("police", "gatekeeper", *ELSEWHERE["police"])
    system = scene.sandbox.system(ELSEWHERE["police"][0])
    ours = f"/v1/case-files/{own['police']['case_file_id']}"
    theirs = str(scene.person("officer", "police").staff_id)
    case, attachment = scene.case["id"], scene.values["attachment_id"]

    def asked(operation: str, name: str, path: str, real: str, made: str | None = None) -> Pair:
        params = {"params": {name: real}}, {"params": {name: made or unknown(real)}}
        return Pair(operation, "query", name, officer, "GET", (path, path), params)

    def sent(operation: str, name: str, party: Party, path: str, real: Any, made: Any, **more: Any) -> Pair:
        bodies = {"json": real, **more}, {"json": made, **more}
        return Pair(operation, "body", name, party, "PUT" if "/staff/" in path else "POST", (path, path), bodies)

    yield asked("list_case_files", "urn", "/v1/case-files", scene.case["urn"], cases.new_urn())
    yield asked("list_early_advice_requests", "assigned_to", "/v1/early-advice-requests", theirs)
    yield asked("list_early_advice_requests", "case_file_id", "/v1/early-advice-requests", case)
    yield asked("list_early_advice_requests", "unit", "/v1/early-advice-requests", POLICE_UNIT)
    opening = cases.opening("police-52")
    units = (opening | {"police_unit": unit} for unit in (POLICE_UNIT, "police-53-nowhere"))
    yield sent("open_case_file", "police_unit", officer, "/v1/case-files", *units)
    named = []
    for identifier in (attachment, unknown(attachment)):
        content = cases.case_content()
        content["material"][0]["attachment_ids"] = [identifier]
        named.append(opening | {"police_unit": "police-52-rasso", "content": content})
    yield sent("open_case_file", "content/material/attachment_ids", officer, "/v1/case-files", *named)
    copies = (files.statement(3).declaration() | {"derived_from": one} for one in (attachment, unknown(attachment)))
    yield sent("declare_attachment", "derived_from", officer, f"{ours}/attachments", *copies)
    kin = ({"staff_id": one, "reason": "Kin."} for one in (theirs, unknown(theirs)))
    yield sent("declare_conflict", "staff_id", gatekeeper, f"{ours}/conflicts", *kin)
    linked = ({"case_file_id": one, "relation": "linked", "reason": "Kin."} for one in (case, unknown(case)))
    yield sent("link_case_files", "case_file_id", officer, f"{ours}/links", *linked)
    tag = {"if_match": gatekeeper.etag(f"{ours}/restriction")}
    for name, pairs in {
        "admitted/staff_id": [("police-52", theirs), ("police-52", unknown(theirs))],
        "admitted/organisation": [("police-53", theirs), ("police-99", theirs)],
    }.items():
        lists = ({"admitted": [{"organisation": a, "staff_id": b}], "reason": "Leaks."} for a, b in pairs)
        yield sent("restrict_case_file", name, gatekeeper, f"{ours}/restrict", *lists, **tag)
    moved = (calls.STAFF | {"roles": ["officer"], "unit": unit} for unit in (POLICE_UNIT, "police-53-nowhere"))
    yield sent("put_staff_member", "unit", system, "/v1/staff/matrix-9", *moved)
    content = cases.case_content()
    content["suspects"][0]["identifiers"] = {"pnc_id": "2000/1234567V"}
    scene.person("officer", "police").post("/v1/case-files", cases.opening(content=content), expect=201)
    searches = ({"suspect": {"pnc_id": one}} for one in ("2000/1234567V", "2000/1234590V"))
    yield sent("search_case_files", "suspect/pnc_id", officer, "/v1/case-files/search", *searches)
    yield from _by_cps_and_parties(scene, sent)


def _by_cps_and_parties(scene: Scene, sent: Any) -> Iterator[Pair]:
    """Positions that want a request of the caller's own side, or an endpoint."""
    officer, manager = scene.person("officer", "police"), scene.person("legal_manager", "cps")
    elsewhere = str(scene.sandbox.staff("prosecutor", organisation="cps-west-midlands")["staff_id"])
    case = cases.open_case(officer)
    request = cases.submit_request(
        scene.person("supervisor", "police"), cases.draft_request(officer, case["id"])["id"], 1
    )
    path = f"/v1/early-advice-requests/{request['id']}"
    scene.person("casework_assistant", "cps").step(path, "accept", calls.REVIEW)
    manager.step(path, "approve", {})
    given = ({"prosecutor": one} for one in (elsewhere, unknown(elsewhere)))
    tag = manager.etag(path)
    yield sent("allocate_early_advice_request", "prosecutor", manager, f"{path}/allocate", *given, if_match=tag)
    stranger = scene.caller("police", "officer", *ELSEWHERE["police"])
    foreign = cases.open_case(stranger, police_unit="police-52-rasso")
    file = stranger.post(
        f"/v1/case-files/{foreign['id']}/attachments", files.statement(3).declaration(), expect=201
    ).json()["id"]
    said = ({"text": "See.", "attachment_ids": [one]} for one in (file, unknown(file)))
    yield sent("send_message", "attachment_ids", officer, f"{path}/messages", *said)
    to = ({"text": "See.", "to_staff_id": one} for one in (stranger.staff_id, unknown(str(stranger.staff_id))))
    yield sent("send_message", "to_staff_id", officer, f"{path}/messages", *to)
    system, endpoint = scene.sandbox.system("police-53"), scene.by_kind["police"]["endpoint_id"]
    events = scene.sandbox.system("police-52").get("/v1/events", params={"limit": 1}).json()["items"]
    event = events[0]["data"]["event_id"]
    again = ({"event_id": one} for one in (event, unknown(event)))
    yield sent("redeliver_webhooks", "event_id", system, f"/v1/webhook-endpoints/{endpoint}/redeliver", *again)
    theirs, path = scene.sandbox.system("police-52").client_id, f"/v1/webhook-endpoints/{endpoint}"
    merge = {"media_type": "application/merge-patch+json", "if_match": system.etag(path)}
    handed = {"json": {"client_id": theirs}, **merge}, {"json": {"client_id": unknown(theirs)}, **merge}
    yield Pair("patch_webhook_endpoint", "body", "client_id", system, "PATCH", (path, path), handed)
    listed = {"params": {"client_id": theirs}}, {"params": {"client_id": unknown(theirs)}}
    places = ("/v1/webhook-endpoints",) * 2
    yield Pair("list_webhook_endpoints", "query", "client_id", system, "GET", places, listed)
