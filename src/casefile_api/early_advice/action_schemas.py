"""What is sent with each step of an action: one body per act, named for the act."""

from datetime import date
from typing import Annotated

from pydantic import Field

from casefile_api.early_advice.actions_workflow import DisputeOutcome
from casefile_api.early_advice.schemas import ItemId, Text, VersionNumber
from casefile_api.web.bodies import Body


class StartAction(Body):
    """The police begin work on an action."""

    note: Text | None = None


class ReturnAction(Body):
    """The police answer an action with material of a version."""

    answer: Text
    material_ids: Annotated[list[ItemId], Field(max_length=200)]
    version: Annotated[VersionNumber | None, Field(description="the version that holds the material")] = None


class SatisfyAction(Body):
    """The prosecutor is satisfied, and may say why."""

    reason: Text | None = None
    note: Text | None = None


class RejectAction(Body):
    """The prosecutor is not satisfied; the action is open again, by the same date or another."""

    reason: Text
    due_on: Annotated[date | None, Field(description="another date, where there is to be one")] = None


class CancelAction(Body):
    """The prosecutor cancels an action."""

    reason: Text


class DisputeAction(Body):
    """The police dispute that an action is reasonable."""

    reason: Text


class AnswerDispute(Body):
    """The CPS withdraws the action, or confirms it."""

    outcome: DisputeOutcome
    reason: Text


class RequestExtension(Body):
    """The police ask for more time."""

    due_on: date
    reason: Text


class DecideExtension(Body):
    """The prosecutor decides on more time; the old date is kept in the history."""

    granted: bool
    reason: Text
