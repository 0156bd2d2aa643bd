"""Somebody was quicker: who steps on what they saw before is told what happened meanwhile, and where things are now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import Select

from casefile_api.clock import utc_text
from casefile_api.early_advice.action_models import EarlyAdviceActionStep
from casefile_api.early_advice.models import EarlyAdviceStep
from casefile_api.errors import Stale
from casefile_api.unit_of_work import UnitOfWork

_Last = Select[str, datetime, str]


@asynccontextmanager
async def telling_what_happened(work: UnitOfWork, state: str, last: _Last) -> AsyncIterator[None]:
    """Let a refusal of what is stale say the state there is now, and the last step: which, when, by which side.

    Raises Stale.
    """
    try:
        yield
    except Stale as stale:
        stale.members = {"state": state}
        for step, at, organisation in (await work.session.execute(last)).all():
            stale.members["last_step"] = {"step": step, "at": utc_text(at), "organisation": organisation}
        raise


def last_step(request_id: UUID) -> _Last:
    """Return the question for the last step of a request."""
    step = EarlyAdviceStep
    asked = select(step.step, step.at, step.organisation).where(step.request_id == request_id)
    return asked.order_by(col(step.number).desc()).limit(1)


def last_action_step(action_id: UUID) -> _Last:
    """Return the question for the last step of an action."""
    step = EarlyAdviceActionStep
    asked = select(step.step, step.at, step.organisation).where(step.action_id == action_id)
    return asked.order_by(col(step.number).desc()).limit(1)
