"""Who plays: Gloucestershire's RASSO team and CPS South West's RASSO unit, each through its own system."""

from dataclasses import dataclass

from tests.outside.client import Party, Sandbox


@dataclass
class Cast:
    """The people of the main story."""

    officer: Party
    supervisor: Party
    senior_officer: Party
    assistant: Party
    manager: Party
    prosecutor: Party
    unit_head: Party
    auditor: Party

    @classmethod
    def of(cls, sandbox: Sandbox) -> "Cast":
        """The people as the sandbox names them."""
        police, cps = "police-53-rasso", "cps-south-west-rasso"
        return cls(
            officer=sandbox.person("officer", unit=police),
            supervisor=sandbox.person("supervisor", unit=police),
            senior_officer=sandbox.person("senior_officer", unit=police),
            assistant=sandbox.person("casework_assistant", unit=cps),
            manager=sandbox.person("legal_manager", unit=cps),
            prosecutor=sandbox.person("prosecutor", unit=cps),
            unit_head=sandbox.person("unit_head", unit=cps),
            auditor=sandbox.person("auditor", organisation="oversight-hmcpsi"),
        )
