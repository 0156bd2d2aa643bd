"""Every rule tried on a file that meets it and on one that does not: the samples stand beside the rules.

A sample is the example of a content, with its envelope and a request, and some members changed: `set` gives another
value, `without` takes a member away. A rule set whose samples do not come out as they say cannot be loaded.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from casefile_api.case_files.content import example
from casefile_api.file_standards.readiness import Result, evaluate
from casefile_api.file_standards.rule_sets import NATIONAL, Rules, RuleSet, Table, package_rules
from casefile_api.file_standards.rules import Outcome
from casefile_api.file_standards.standards import Rule, find_standard
from casefile_api.organisations.code_lists import CODE_LISTS
from casefile_api.web.strict_json import JsonValue

Members = dict[str, JsonValue]

ENVELOPE: Members = {
    "urn": "53BH0012326",
    "urn_suffix": None,
    "police_unit": "police-53-rasso",
    "cps_unit": "cps-south-west-rasso",
    "crime_references": ["53/2026/004711"],
}
REQUEST: Members = {
    "suspect_ids": ["s1"],
    "facts": "They met in a bar.",
    "issues": "Whether the phone is proportionate.",
    "advice_sought": [{"topic": "lines_of_enquiry", "question": "Is the phone a reasonable line of enquiry?"}],
}
REASONS = ("triage_rejection_reason", "dga_failure_reason", "priority_red_rejection_reason")


@dataclass(frozen=True, slots=True)
class Trial:
    """A row of a standard, tried on one of its samples: what was wanted, and what came out."""

    standard: str
    rule: Rule
    wanted: Outcome
    result: Result

    @property
    def passed(self) -> bool:
        """Say whether the sample came out as it says."""
        return self.result.outcome is self.wanted


def rules_with(rule_set: RuleSet) -> Rules:
    """Return the rules that a set is tried in: alone where it is national, else beside the package's."""
    return Rules(rule_set) if rule_set.owner == NATIONAL else Rules(package_rules().national, rule_set)


def try_rule_set(rule_set: RuleSet, on: date) -> Iterator[Trial]:
    """Try every row of the set that is in force on both of its samples."""
    rules = rules_with(rule_set)
    for name in rule_set.table("standards"):
        standard = find_standard(name, on, rules)
        for rule in standard.rules if standard else ():
            if rule.owner == rule_set.owner:
                for wanted in (Outcome.MISSING, Outcome.MET):
                    yield _try(name, rule, wanted, rules, on)


def faults_of(rule_set: RuleSet, on: date) -> list[str]:
    """Say what is wrong with a set: rules without samples, that prevent nothing known, or that judge otherwise."""
    faults = []
    known = {code for name in REASONS for code in CODE_LISTS[name].by_code}
    for code, wanted in rule_set.table("requirements").items():
        if code not in rule_set.table("samples"):
            faults.append(f"{code} has no samples: one file that meets it, and one that does not.")
        prevented = cast(list[str], wanted["prevents"])
        if not prevented or not set(prevented) <= known:
            faults.append(f"{code} must name the triage reason or assessment failure it prevents.")
    if not faults:
        faults += [
            f"{trial.standard}: {trial.rule.code} is {trial.result.outcome.value} where its sample says "
            f"{trial.wanted.value}."
            for trial in try_rule_set(rule_set, on)
            if not trial.passed
        ]
    return faults


def _try(name: str, rule: Rule, wanted: Outcome, rules: Rules, on: date) -> Trial:
    owner = rules.local if rules.local and rule.owner == rules.local.owner else rules.national
    sample = owner.table("samples").get(rule.code, {})
    scene = sample_scene(cast(Table, sample.get(wanted.value, {})), rule)
    verdict = evaluate(name, scene["content"], envelope=scene["envelope"], request=scene["request"], on=on, rules=rules)
    return Trial(name, rule, wanted, next(result for result in verdict.results if result.code == rule.code))


def sample_scene(changes: Table, rule: Rule) -> dict[str, Members]:
    """Return content, envelope and request of the example, changed; a row for police charges gets such a file."""
    scene = {"content": cast(Members, example()), "envelope": dict(ENVELOPE), "request": copy.deepcopy(REQUEST)}
    if "charged_by_police_not_guilty" in rule.conditions:
        scene["content"]["charging_authority"] = "police"
    for path, value in cast(Mapping[str, JsonValue], changes.get("set", {})).items():
        root, name = path.split(".", 1)
        scene[root][name] = value
    for path in cast(list[str], changes.get("without", [])):
        root, name = path.split(".", 1)
        scene[root].pop(name, None)
    return scene
