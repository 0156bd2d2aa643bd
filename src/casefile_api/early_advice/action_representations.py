"""What callers get of an action plan: the shapes that the OpenAPI document promises."""

from typing import Literal

from pydantic import Field

from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.representations import ClockView, OpenStep, Receipt, Representation, TakenStep


class FileChanges(Representation):
    """Which two versions of the case file to compare to see what an answer brought, and where."""

    since: int
    version: int
    href: str


class ActionItem(Representation):
    """An action of the action plan."""

    id: str
    early_advice_request_id: str
    case_file_id: str
    number: int
    state: ActionState
    with_: Side = Field(alias="with", description="who is to act")
    category: str
    description: str
    justification: str | None
    gating: Literal["pre_decision", "post_charge"]
    suspect_ids: list[str]
    due_on: str
    extension_requested_to: str | None
    cycle: int
    set_at: str
    updated_at: str
    clocks: list[ClockView]
    steps: list[OpenStep]


class ListedAction(ActionItem):
    """An action in a list, with its tag."""

    etag: str


class TakenActionStep(TakenStep):
    """A step that was taken with an action."""

    cycle: int
    due_on: str | None
    due_on_before: str | None


class ActionView(ActionItem):
    """An action with its history."""

    file_changes: FileChanges | None = Field(
        description="between the version the action was set on and the newest one it was answered with"
    )
    history: list[TakenActionStep]
    receipt: Receipt | None = Field(None, description="in the answer to a return that shares a version")


class ActionPage(Representation):
    """A page of an action plan."""

    items: list[ListedAction]
    next_cursor: str | None
