"""Bodies of the catalogue of events, and of an event in the form that brokers know."""

from typing import Any

from pydantic import BaseModel, Field


class EventTypeItem(BaseModel):
    """An event of the catalogue."""

    type: str = Field(examples=["early_advice.submitted"])
    sentence: str = Field(description="what it says; members of its data in brackets")
    told: str = Field(description="who is told, in a word", examples=["parties"])
    told_to: str = Field(description="who is told, in words")
    in_feed: bool = Field(description="whether it is in the feed; if not, it goes to one webhook endpoint alone")
    of_a_case: bool = Field(description="whether it belongs to a case file and is counted by `sequence`")
    since: str = Field(description="the version of the API that first told it", examples=["0.1.0"])
    href: str
    etag: str


class EventTypeView(EventTypeItem):
    """An event of the catalogue with its JSON Schema (2020-12) and an example."""

    schema_: dict[str, Any] = Field(alias="schema")
    example: dict[str, Any]


class EventTypeList(BaseModel):
    """A page of the catalogue of events."""

    items: list[EventTypeItem]
    next_cursor: str | None


class CloudEvent(BaseModel):
    """An event with the attributes of CloudEvents 1.0 (JSON format); `data` as in the other form."""

    specversion: str = Field(examples=["1.0"])
    id: str = Field(description="the event's id")
    source: str
    type: str
    time: str
    datacontenttype: str
    dataschema: str = Field(description="the event's JSON Schema")
    subject: str | None = Field(None, description="the case file, where there is one")
    sequence: str | None = Field(None, description="as in `data`, of twelve digits, so that text sorts as numbers do")
    traceparent: str | None = Field(None, description="the trace of the call that did it (W3C)")
    data: dict[str, Any]
