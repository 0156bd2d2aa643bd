"""Coded reasons that systems of police and CPS send with a request, and the justification that each stands for here.

A dated list, served as the code list `reason_code`: what is retired is no longer taken, and stays readable in the log.
The words are this service's own: national systems publish no common list, so a force maps its codes to these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

LIST_NAME = "reason_code"
LIST_TITLE = "Coded reasons for access, and the justification each stands for"


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A coded reason, from when to when it is taken (both included; None is unbounded)."""

    title: str
    justification: str
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, on: date) -> bool:
        """Say whether the code may be sent on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


REASON_CODES: Mapping[str, ReasonCode] = {
    "crime_investigation": ReasonCode("Investigating an offence", "investigation"),
    "arrest_or_interview": ReasonCode("Preparing an arrest or an interview", "investigation"),
    "safeguarding": ReasonCode("Protecting a complainant, a child or somebody at risk", "investigation"),
    "victim_contact": ReasonCode("Keeping a complainant or witness informed", "investigation"),
    "file_build": ReasonCode("Building a case file", "investigation"),
    "early_advice": ReasonCode("Asking for, giving or acting on early advice", "early-advice"),
    "charging_decision": ReasonCode("Preparing or making a charging decision", "charging-review"),
    "triage": ReasonCode("Checking a submission", "triage"),
    "supervisory_review": ReasonCode("Supervising an investigation or a prosecutor's work", "supervision"),
    "disclosure": ReasonCode("Reviewing unused material and disclosure", "disclosure-review"),
    "professional_standards": ReasonCode("Inquiring into conduct or complaints", "audit"),
    "inspection": ReasonCode("Inspecting or auditing", "audit"),
    "system_synchronisation": ReasonCode("Keeping systems in step", "system-sync"),
    "data_quality": ReasonCode("Finding and mending errors in data", "system-sync"),
    "subject_access": ReasonCode("Answering a data subject (DPA 2018 ss.44-48)", "other"),
    "court_order": ReasonCode("Complying with an order of a court", "other"),
}
