"""The stage: the sandbox and its parties, and what they have learnt of the case so far."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from casefile_api.demo.answers import NotAsToldError, View
from casefile_api.demo.parties import Credentials, Party, Wire
from casefile_api.demo.receiver import Receiver
from casefile_api.demo.story import Story

POLICE_UNIT = "police-53-rasso"
CPS_UNIT = "cps-south-west-rasso"


@dataclass
class Progress:
    """What the story has come to know."""

    case_file_id: str = ""
    request_id: str = ""
    version: int = 0
    attachments: dict[str, str] = field(default_factory=dict)
    """name of an evidence file → id of its attachment"""
    receipts: list[View] = field(default_factory=list)
    entries: int = 0
    first_checkpoint: bytes = b""

    @property
    def case_file(self) -> str:
        """Path of the case file."""
        return f"/v1/case-files/{self.case_file_id}"

    @property
    def request(self) -> str:
        """Path of the request for early advice."""
        return f"/v1/early-advice-requests/{self.request_id}"


@dataclass
class Stage:
    """Everybody who plays, by what `sandbox.json` says of them."""

    sandbox: View
    directory: Path
    wire: Wire
    story: Story
    receiver: Receiver
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def set_up(cls, sandbox_file: Path, story: Story, receiver: Receiver, base_url: str | None = None) -> "Stage":
        """Reads the file a sandbox writes when it is ready."""
        sandbox = View(json.loads(sandbox_file.read_text(encoding="utf-8")))
        url = base_url or sandbox.text("base_url")
        wire = Wire(url.rstrip("/"), sandbox.text("token_endpoint"), sandbox.text("issuer"))
        return cls(sandbox, sandbox_file.parent, wire, story, receiver)

    def system(self, client_id: str, justification: str | None = "system-sync") -> Party:
        """A system acting as itself."""
        return Party(self.wire, self._credentials("client_id", client_id), client_id, justification)

    def person(self, role: str, unit: str, justification: str) -> Party:
        """The first member of a unit's staff who holds a role."""
        for entry in self.sandbox.items("staff"):
            roles = [role_held.value for role_held in entry.items("roles")]
            if entry.text("unit") == unit and role in roles:
                credentials = self._credentials("organisation", entry.text("organisation"))
                name = f"{entry.text('name')} ({role.replace('_', ' ')})"
                return Party(self.wire, credentials, name, justification, entry.text("staff_id"), (role,))
        raise NotAsToldError(f"The sandbox has nobody in {unit} who is a {role}.")

    def _credentials(self, member: str, value: str) -> Credentials:
        for entry in self.sandbox.items("clients"):
            if entry.text(member) == value:
                key_file = self.directory / entry.text("private_key_file")
                return Credentials(entry.text("client_id"), entry.text("organisation"), entry.text("kid"), key_file)
        raise NotAsToldError(f"The sandbox has no client whose {member} is {value}.")

    def officer(self) -> Party:
        """The officer in the case."""
        return self.person("officer", POLICE_UNIT, "investigation")

    def supervisor(self) -> Party:
        """Who reads the officer's file and endorses it."""
        return self.person("supervisor", POLICE_UNIT, "supervision")

    def assistant(self) -> Party:
        """The casework assistant at the first gate."""
        return self.person("casework_assistant", CPS_UNIT, "triage")

    def manager(self) -> Party:
        """The legal manager at the second gate."""
        return self.person("legal_manager", CPS_UNIT, "triage")

    def prosecutor(self) -> Party:
        """Who gives the advice."""
        return self.person("prosecutor", CPS_UNIT, "early-advice")

    def auditor(self) -> Party:
        """Who sees acts, and never content."""
        entry = next(item for item in self.sandbox.items("staff") if item.text("organisation") == "oversight-hmcpsi")
        credentials = self._credentials("organisation", "oversight-hmcpsi")
        return Party(
            self.wire, credentials, f"{entry.text('name')} (auditor)", "audit", entry.text("staff_id"), ("auditor",)
        )
