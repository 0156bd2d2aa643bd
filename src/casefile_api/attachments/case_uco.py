"""The chain of custody as CASE/UCO JSON-LD (caseontology.org 1.4), for tools that do not know this service. Pure.

Each link is an InvestigativeAction on the file, by an Identity, with the audit entry as an external reference; how the
file was acquired is one more, with the tool as its instrument. Ids are those of the service, or follow from them.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import orjson

from casefile_api.attachments.provenance import Acquisition
from casefile_api.attachments.schemas import AttachmentItem, CustodyChain, CustodyView

LD_JSON = "application/ld+json"
Node = dict[str, Any]
_CONTEXT = {
    "kb": "urn:uuid:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def as_case_uco(view: AttachmentItem, chain: CustodyChain) -> bytes:
    """Return the file, who handled it and what they did, as a graph."""
    graph = [_file(view), *_identities(view.id, chain), *_actions(view.id, chain)]
    if chain.acquisition is not None:
        graph.extend(_acquired(view.id, chain.acquisition))
    graph.append(_record(view.id, graph))
    return orjson.dumps({"@context": _CONTEXT, "@graph": graph})


def _file(view: AttachmentItem) -> Node:
    content = {
        "@id": _derived(view.id, "content"),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:mimeType": view.media_type,
        "uco-observable:sizeInBytes": {"@type": "xsd:integer", "@value": str(view.size)},
        "uco-observable:hash": [_hash(view.id, "hash", view.sha256)],
    }
    reference = {
        "@id": _derived(view.id, "reference"),
        "@type": "uco-core:ExternalReference",
        "uco-core:definingContext": "Attachment of the case file",
        "uco-core:externalIdentifier": str(view.id),
    }
    return {
        "@id": _derived(view.id, "file"),
        "@type": "uco-observable:File",
        "uco-core:hasFacet": [content],
        "uco-core:externalReference": [reference],
    }


def _identities(attachment_id: UUID, chain: CustodyChain) -> Iterator[Node]:
    for name in sorted({_who(link) for link in chain.items}):
        yield {
            "@id": _derived(attachment_id, f"identity {name}"),
            "@type": "uco-identity:Identity",
            "uco-core:name": name,
        }


def _actions(attachment_id: UUID, chain: CustodyChain) -> Iterator[Node]:
    for link in chain.items:
        told = {"version": link.version, "recipients": link.recipients, **link.facts, "sha256": link.sha256}
        described = "; ".join(f"{name}: {value}" for name, value in told.items() if value)
        # Not by its place: the other side's chain, or tomorrow's, has others before it, and may be read together.
        act = f"{link.kind} {link.at} {_who(link)} {described} {link.audit_entry_id}"
        action: Node = {
            "@id": _derived(attachment_id, f"action {act}"),
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": link.kind,
            "uco-action:startTime": {"@type": "xsd:dateTime", "@value": link.at},
            "uco-action:endTime": {"@type": "xsd:dateTime", "@value": link.at},
            "uco-action:performer": {"@id": _derived(attachment_id, f"identity {_who(link)}")},
            "uco-action:object": [{"@id": _derived(attachment_id, "file")}],
        }
        action["uco-core:description"] = described
        if link.audit_entry_id is not None:
            action["uco-core:externalReference"] = [
                {
                    "@id": _derived(attachment_id, f"entry {act}"),
                    "@type": "uco-core:ExternalReference",
                    "uco-core:definingContext": "Entry of the audit log",
                    "uco-core:externalIdentifier": str(link.audit_entry_id),
                }
            ]
        yield {name: value for name, value in action.items() if value != ""}


def _acquired(attachment_id: UUID, said: Acquisition) -> Iterator[Node]:
    examiner, tool = _derived(attachment_id, "examiner"), _derived(attachment_id, "tool")
    action: Node = {
        "@id": _derived(attachment_id, "acquisition"),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": "acquired",
        "uco-action:object": [{"@id": _derived(attachment_id, "file")}],
    }
    facts = {"device": said.device, "original_sha256": said.original_sha256, "seals": ", ".join(said.seal_numbers)}
    described = "; ".join(f"{name}: {value}" for name, value in facts.items() if value)
    if described:
        action["uco-core:description"] = described
    if said.acquired_at is not None:
        action["uco-action:startTime"] = {"@type": "xsd:dateTime", "@value": said.acquired_at}
    if said.examiner is not None:
        action["uco-action:performer"] = {"@id": examiner}
        yield {"@id": examiner, "@type": "uco-identity:Identity", "uco-core:name": said.examiner}
    if said.tool is not None:
        action["uco-action:instrument"] = [{"@id": tool}]
        version = {"uco-tool:version": said.tool_version} if said.tool_version else {}
        yield {"@id": tool, "@type": "uco-tool:Tool", "uco-core:name": said.tool, **version}
    yield action


def _record(attachment_id: UUID, graph: list[Node]) -> Node:
    return {
        "@id": _derived(attachment_id, "record"),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": "Chain of custody of one file",
        "uco-core:object": [{"@id": node["@id"]} for node in graph],
    }


def _hash(attachment_id: UUID, name: str, sha256: str) -> Node:
    return {
        "@id": _derived(attachment_id, name),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": sha256},
    }


def _who(link: CustodyView) -> str:
    """Name who acted as the log does: organisation and number; no organisation is the service itself."""
    person = link.staff_id or link.client_id
    return "/".join(filter(None, (link.organisation, person))) or "the service"


def _derived(attachment_id: UUID, name: str) -> str:
    # UCO wants UUIDs of RFC 4122, and ours are of version 7: each follows from ours by name, the same every time.
    return f"kb:{uuid5(attachment_id, name)}"
