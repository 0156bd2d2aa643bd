"""Is this file good enough for what it is being sent for? Each requirement met, missing or not applicable, with the
mend.

Nearly half of all files are sent back at triage, mostly for something that could have been seen before sending. So
every requirement names what it prevents. `required` decides readiness; `advisory` is said and decides nothing. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from casefile_api.case_files.content.reading import Members
from casefile_api.errors import Fault, Invalid
from casefile_api.file_standards.rule_sets import Rules
from casefile_api.file_standards.rules import Finding, Outcome, Scene
from casefile_api.file_standards.standards import NAMES, Level, Rule, Standard, find_standard, list_standards
from casefile_api.web.strict_json import JsonValue

__all__ = ["Result", "Standard", "Verdict", "evaluate", "find_standard", "list_standards"]


@dataclass(frozen=True, slots=True)
class Result:
    """How one requirement stands. `mend` is empty where there is nothing to mend."""

    code: str
    level: Level
    outcome: Outcome
    pointer: str
    message: str
    mend: str
    prevents: tuple[str, ...]

    def as_body(self) -> dict[str, JsonValue]:
        """Return the result as callers see it."""
        return {
            "code": self.code,
            "level": self.level.value,
            "outcome": self.outcome.value,
            "pointer": self.pointer,
            "message": self.message,
            "mend": self.mend,
            "prevents": list(self.prevents),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """A file held against a standard."""

    standard: str
    rule_set: str
    ready: bool
    results: tuple[Result, ...]

    def as_body(self) -> dict[str, JsonValue]:
        """Return the verdict as callers see it."""
        return {
            "standard": self.standard,
            "rule_set": self.rule_set,
            "ready": self.ready,
            "results": [result.as_body() for result in self.results],
        }


def evaluate(
    standard: str,
    content: Members,
    *,
    envelope: Mapping[str, JsonValue],
    request: Mapping[str, JsonValue] | None,
    on: date,
    rules: Rules | None = None,
) -> Verdict:
    """Hold a content, the envelope of its case file and a request against a standard as it is on that day.

    `rules` are those in force; left out, those that come with the package.

    Without a request (a version judged alone), what only a request can bring is not applicable and says so: such a
    version may be ready, and its request still not be.
    Pointers: `/content/…` into the version, `/urn` and the like into the envelope, `/request/…` into the request.

    Raises Invalid naming the parameter `standard` where there is no such standard.
    """
    wanted = find_standard(standard, on, rules)
    if wanted is None:
        detail = f"Use one of {', '.join(NAMES)}."
        raise Invalid("There is no such file standard.", Fault("unknown_code", detail, parameter="standard"))
    scene = Scene(dict(content), dict(envelope), dict(request or {}))
    results = tuple(_judge(rule, scene, alone=request is None) for rule in wanted.rules)
    ready = not any(one.level is Level.REQUIRED and one.outcome is Outcome.MISSING for one in results)
    return Verdict(wanted.name, wanted.rule_set, ready, results)


def _judge(rule: Rule, scene: Scene, *, alone: bool) -> Result:
    finding = rule.requires(scene)
    if rule.of_request and alone:
        return _result(rule, Outcome.NOT_APPLICABLE, finding, f"{rule.title}: judged together with a request.")
    if not all(condition(scene).outcome is Outcome.MET for condition in rule.applies_when):
        return _result(rule, Outcome.NOT_APPLICABLE, finding, f"{rule.title}: does not apply to this case.")
    if finding.outcome is Outcome.MISSING:
        return _result(rule, Outcome.MISSING, finding, rule.message, rule.mend)
    said = {Outcome.MET: "met.", Outcome.NOT_APPLICABLE: "there is nothing in this file that it is about."}
    return _result(rule, finding.outcome, finding, f"{rule.title}: {said[finding.outcome]}")


def _result(rule: Rule, outcome: Outcome, finding: Finding, message: str, mend: str = "") -> Result:
    return Result(rule.code, rule.level, outcome, finding.pointer, message, mend, rule.prevents)
