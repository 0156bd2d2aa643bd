"""What pydantic found wrong with a body's shape, in this service's words: the place and the mend, never the value."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from casefile_api.errors import Fault
from casefile_api.web.strict_json import MOST_FAULTS, pointer_of


def faults_of(found: ValidationError, base: Iterable[str | int] = ()) -> list[Fault]:
    """Turn pydantic's findings into faults that name the place and the mend, never the value."""
    faults = []
    for finding in found.errors(include_url=False, include_context=True, include_input=False)[:MOST_FAULTS]:
        code, detail = _wording(finding["type"], finding["msg"], finding.get("ctx", {}))
        faults.append(Fault(code, detail, pointer=pointer_of([*base, *finding["loc"]])))
    return faults


_WORDS = {
    "missing": ("required", "This member is required."),
    "extra_forbidden": ("unknown_field", "There is no such member here; leave it out or put it under extensions."),
    "string_type": ("wrong_type", "A string is wanted."),
    "int_type": ("wrong_type", "An integer is wanted."),
    "bool_type": ("wrong_type", "true or false is wanted."),
    "list_type": ("wrong_type", "A list is wanted."),
    "tuple_type": ("wrong_type", "A list is wanted."),
    "dict_type": ("wrong_type", "An object is wanted."),
    "model_type": ("wrong_type", "An object is wanted."),
    "model_attributes_type": ("wrong_type", "An object is wanted."),
    "date_type": ("wrong_type", "A date is wanted: YYYY-MM-DD."),
}


def _wording(kind: str, message: str, context: Mapping[str, Any]) -> tuple[str, str]:
    if kind in _WORDS:
        return _WORDS[kind]
    if kind.startswith(("date", "time")):
        return "malformed", "A date is wanted as YYYY-MM-DD, a time as RFC 3339 in UTC with Z."
    if kind in {"enum", "literal_error"}:
        return "unknown_code", f"Use {context.get('expected', 'one of the listed values')}."
    if kind == "value_error":
        return "invalid_value", message.removeprefix("Value error, ")
    return kind, message if message.endswith(".") else f"{message}."
