"""What every part of a content is made of: bounded texts, days, times, ids and words from lists.

Lengths are those of the courts' data standards where there is one (names 35, location 80, wording 2,500), else
generous: they are there to catch a mistake, not to save space.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from casefile_api.organisations.code_lists import CODE_LISTS


class Part(BaseModel):
    """A part of a content: strict, and nothing in it that this service does not know."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe an optional member as one that may be left out: null is refused before a model is asked."""
        described = handler(schema)
        target = handler.resolve_ref_schema(described)
        properties = target.get("properties", {})
        target["properties"] = {name: _without_null(member) for name, member in properties.items()}
        return described


def _without_null(member: JsonSchemaValue) -> JsonSchemaValue:
    choices = [choice for choice in member.get("anyOf", []) if choice != {"type": "null"}]
    if not choices or len(choices) == len(member["anyOf"]):
        return member
    kept = {name: value for name, value in member.items() if name not in {"anyOf", "default"}}
    return {**choices[0], **kept}


class Word:
    """A word from a code list of this service; `mends` says of some wrong words what to do instead."""

    def __init__(self, code_list: str, mends: Mapping[str, tuple[str, str]] | None = None) -> None:
        self.code_list = code_list
        self._mends = mends or {}

    def check(self, word: str) -> str:
        """Return the word if the list has it."""
        if word in CODE_LISTS[self.code_list].by_code:
            return word
        listed = ("unknown_code", f"Use a code of /v1/code-lists/{self.code_list}.")
        code, detail = self._mends.get(word.lower(), listed)
        raise PydanticCustomError(code, detail)

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take a string, then ask the list."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the words in the API description."""
        values = [value.code for value in CODE_LISTS[self.code_list].values]
        return {**handler(schema), "enum": values, "x-code-list": self.code_list}


def _is_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("impossible_date", "There is no such day; a date is YYYY-MM-DD.") from None
    return text


def _is_moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("impossible_time", "There is no such time; a time is RFC 3339 in UTC.") from None
    return text


ItemId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(
        description="The id the sender gave the item: unique in its list, kept from version to version.",
        examples=["s1"],
    ),
]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
References = Annotated[list[Reference], Field(max_length=500)]
Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_is_day),
    Field(json_schema_extra={"format": "date"}),
]
Moment = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"),
    AfterValidator(_is_moment),
    Field(json_schema_extra={"format": "date-time"}),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=35)]
ShortText = Annotated[str, StringConstraints(max_length=200)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Text = Annotated[str, StringConstraints(max_length=2_500)]
LongText = Annotated[str, StringConstraints(max_length=100_000)]
