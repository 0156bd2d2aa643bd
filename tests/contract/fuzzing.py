"""How schemathesis is set to work: every operation, every check, callers of several roles, and ids that exist.

Half of the generated cases get the ids of a real case in their paths, or nearly all would end at 404.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, Scene
from tests.outside.client import Exchange, Party, Sandbox

OPENAPI = Path(__file__).parents[2] / "openapi" / "openapi.yaml"
PATIENT = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
ROWS = {row.operation: row for row in read_matrix()}
# A body that fits the schema may still break a rule of content (422), or come without the tag of now (412, 428).
ACCEPTED = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "412", "422", "428"]
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429"]
# Callers take turns, so that a call without or with another token is not always answered like the one before.
CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ACCEPTED},
        "negative_data_rejection": {"expected-statuses": REFUSED},
        "unsupported_method": {"enabled": True},
    },
    "generation": {"database": "none"},
}


@cache
def schema() -> Any:
    """The committed document, no operation excluded."""
    return schemathesis.openapi.from_path(OPENAPI, config=SchemathesisConfig.from_dict(CONFIG))


@dataclass
class Callers:
    """Who calls: for each operation those who may, and one who may not."""

    sandbox: Sandbox
    scene: Scene
    session: requests.Session = field(default_factory=requests.Session)
    turns: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def of(self, operation: str, turn: int) -> tuple[Party, str] | None:
        """The caller whose turn it is; None where no token is needed."""
        row = ROWS[operation]
        if row.open:
            return None
        may = [(role, kind) for kind in ORGANISATIONS for role in row.may(kind)]
        may_not = [(role, kind) for (kind, role), cell in row.cells.items() if cell == "no"]
        role, kind = (may[:3] + may_not[:1])[turn % len(may[:3] + may_not[:1])]
        return self.scene.person(role, kind), kind

    def prepare(self, case: Any, *, real_ids: bool = True) -> dict[str, str]:
        """Puts real ids into every other case; gives the headers of the caller whose turn it is."""
        operation = case.operation.definition.raw["operationId"]
        turn = self.turns[operation]
        self.turns[operation] += 1
        caller = self.of(operation, turn)
        generated = case.path_parameters and not _negative(case, ParameterLocation.PATH)
        if real_ids and generated and turn % 2 == 0:
            self._use_real_ids(case, ROWS[operation], caller[1] if caller else "police")
        if caller is None:
            return {}
        headers = {"Authorization": f"Bearer {caller[0].token}"}
        if caller[0].justification and "Access-Justification" not in (case.headers or {}):
            headers["Access-Justification"] = caller[0].justification
        return headers

    def _use_real_ids(self, case: Any, row: Row, kind: str) -> None:
        golden = [part[1:-1] for part in row.call.split("/") if part.startswith("{")]
        values = self.scene.values | self.scene.by_kind[kind] | {"tile": "0/000.p/1"}
        for name, place in zip(list(case.path_parameters), golden, strict=True):
            if place in values:
                case.path_parameters[name] = values[place]

    def call(self, case: Any) -> None:
        """One generated call, with every check there is."""
        headers = self.prepare(case)
        response = case.call_and_validate(base_url=self.sandbox.base_url, session=self.session, headers=headers)
        self.note(case, response)

    def note(self, case: Any, response: Any) -> None:
        """Remembers what was answered, for the table of what was seen."""
        code = ""
        if "problem+json" in str(response.headers.get("content-type")):
            code = str(response.json().get("code", ""))
        path = case.operation.schema.get_full_path(case.formatted_path) if case.path_parameters else case.path
        self.sandbox.exchanges.append(Exchange(case.method.upper(), path, response.status_code, code))


def linked(callers: Callers) -> type[Any]:
    """What follows from what: ids of one answer are used in the next call."""
    schema().config.update(base_url=callers.sandbox.base_url)

    class Linked(schema().as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"session": callers.session, "headers": callers.prepare(case, real_ids=False)}

        def after_call(self, response: Any, case: Any) -> None:
            callers.note(case, response)

    return Linked


def _negative(case: Any, location: ParameterLocation) -> bool:
    return case.meta is not None and bool(case.meta.is_negative_at(location))
