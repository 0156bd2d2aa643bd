"""What is sent with each step of a request: one body per act, named for the act."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from casefile_api.early_advice.ladder import Outcome, Subject
from casefile_api.web.bodies import Body

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
"""Words that say something."""
LongText = Annotated[str, StringConstraints(max_length=20_000)]
"""Words that a draft may still lack."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_]+$")]
"""A code of a list; see /v1/code-lists."""
ItemId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""The id that the content gives to an item."""
ReasonDetail = Annotated[str, StringConstraints(min_length=1, max_length=250, pattern=r"\S")]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
AttachmentIds = Annotated[list[UUID], Field(max_length=100, description="attachments named; they become visible")]


class Question(Body):
    """A matter on which advice is wanted, by topic (code list `advice_topic`)."""

    topic: Code
    question: LongText


class CreateRequest(Body):
    """Open a draft (DG6 7.8)."""

    suspect_ids: Annotated[list[ItemId], Field(max_length=50)]
    facts: LongText
    advice_sought: Annotated[list[Question], Field(max_length=50)]
    issues: LongText
    method: Annotated[Code | None, Field(description="code list `consultation_method`")] = None


class EditRequest(Body):
    """Edit a draft, or the words of a returned request (merge patch): what is not named stays as it is."""

    suspect_ids: Annotated[list[ItemId] | None, Field(max_length=50)] = None
    facts: LongText | None = None
    advice_sought: Annotated[list[Question] | None, Field(max_length=50)] = None
    issues: LongText | None = None
    method: Annotated[Code | None, Field(description="code list `consultation_method`; null takes it away")] = None

    @field_validator("suspect_ids", "facts", "advice_sought", "issues")
    @classmethod
    def _cannot_go(cls, value: object) -> object:
        if value is None:
            raise ValueError("This cannot be taken away: give another value, or leave it out.")
        return value


class SubmitRequest(Body):
    """A supervisor endorses a version and sends the request to the CPS."""

    endorsement: Text
    version: VersionNumber


class AcceptRequest(Body):
    """Triage lets the request through."""

    review_type: Annotated[Code, Field(description="code list `review_task_type`")]
    case_type: Annotated[Code, Field(description="code list `case_type`")]
    cps_direct: Annotated[bool | None, Field(description="CPS Direct took the request in, out of hours")] = None


class ReturnReason(Body):
    """Why triage returns a request (code list `triage_rejection_reason`)."""

    code: Code
    detail: ReasonDetail | None = None


class ReturnRequest(Body):
    """Triage returns the request to the police, who answer by a date."""

    reasons: Annotated[list[ReturnReason], Field(min_length=1, max_length=20)]
    response_due_on: date
    remind_on: date | None = None
    review_type: Code
    case_type: Code
    cps_direct: Annotated[bool | None, Field(description="CPS Direct took the request in, out of hours")] = None


class ApproveRequest(Body):
    """The legal manager lets the request through the second gate."""

    note: Text | None = None


class RefuseRequest(Body):
    """The legal manager refuses early advice, with reasons."""

    reasons: Annotated[list[Text], Field(min_length=1, max_length=20)]


class AppealRequest(Body):
    """A senior officer appeals against a refusal."""

    grounds: Text


class DecideAppealRequest(Body):
    """The unit head decides an appeal."""

    reason: Text


class AllocateRequest(Body):
    """The request goes to a prosecutor."""

    prosecutor: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RequestInformationRequest(Body):
    """The prosecutor asks the police, who answer by a date."""

    questions: Annotated[list[Text], Field(min_length=1, max_length=50)]
    response_due_on: date


class ProvideInformationRequest(Body):
    """The police answer, with a newer version where there is one."""

    answer: Text
    version: VersionNumber | None = None


class AdviceItem(Body):
    """Advice on a topic (code list `advice_topic`)."""

    topic: Code
    text: Text


class ProposedCharge(Body):
    """A charge that the prosecutor considered."""

    cjs_code: Code
    suspect_ids: Annotated[list[ItemId], Field(max_length=50)] = Field(default_factory=list)
    comment: Text | None = None


class SetActionRequest(Body):
    """An action for the police (code list `police_request_item_category`)."""

    category: Code
    description: Text
    due_on: date
    suspect_ids: Annotated[list[ItemId], Field(max_length=50)]
    gating: Annotated[str, StringConstraints(pattern=r"^(pre_decision|post_charge)$")]
    justification: Annotated[Text | None, Field(description="why it is needed (DG6)")] = None


class AdviseRequest(Body):
    """The prosecutor gives advice, and may set actions."""

    advice: Annotated[list[AdviceItem], Field(min_length=1, max_length=50)]
    strategy: Text | None = None
    proposed_charges: Annotated[list[ProposedCharge], Field(max_length=50)] = Field(default_factory=list)
    actions: Annotated[list[SetActionRequest], Field(max_length=100)] = Field(default_factory=list)
    attachment_ids: AttachmentIds = Field(default_factory=list)


class DraftedAdvice(Body):
    """Advice on a topic, as far as it is written."""

    topic: Code
    text: LongText


class SaveAdviceDraft(Body):
    """The prosecutor saves advice that is not finished; what `advise` wants may still be missing."""

    advice: Annotated[list[DraftedAdvice], Field(max_length=50)] = Field(default_factory=list)
    strategy: LongText | None = None
    proposed_charges: Annotated[list[ProposedCharge], Field(max_length=50)] = Field(default_factory=list)
    actions: Annotated[list[SetActionRequest], Field(max_length=100)] = Field(default_factory=list)


class CompleteRequest(Body):
    """The prosecutor completes the request."""

    note: Text | None = None


class TransferRequest(Body):
    """The request goes to another unit."""

    unit: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    reason: Text


class WithdrawRequest(Body):
    """The police withdraw the request."""

    reason: Text


class FinaliseRequest(Body):
    """The CPS finalises administratively; not a legal decision."""

    reason: Text


class ReopenRequest(Body):
    """The police reopen with a newer version."""

    reason: Text
    version: VersionNumber


class SendMessageRequest(Body):
    """A message between officer and prosecutor."""

    text: Text
    attachment_ids: AttachmentIds = Field(default_factory=list)
    to_side: Annotated[
        Literal["police", "cps"] | None, Field(description="the side it is for; default: the other one")
    ] = None
    to_staff_id: Annotated[
        str | None, StringConstraints(min_length=1, max_length=100), Field(description="a person, where meant for one")
    ] = None


class MarkRead(Body):
    """Somebody has read the messages up to this number."""

    up_to: Annotated[int, Field(ge=1, le=2**31 - 1)]


class RecordNotSought(Body):
    """Why early advice is not sought for these suspects (code list `early_advice_not_sought_reason`)."""

    suspect_ids: Annotated[list[ItemId], Field(min_length=1, max_length=50)]
    code: Code
    reason: Text | None = None


class RecordOutcome(Body):
    """What became of a suspect (code list `referral_outcome`)."""

    suspect_id: ItemId
    outcome: Code
    decided_on: Annotated[
        date | None, Field(description="the London day of the decision; of a charge that a version shows, not needed")
    ] = None
    reason: Text | None = None


class MoveResponseDate(Body):
    """The police have until another date to answer."""

    response_due_on: date
    reason: Text


class RaiseEscalation(Body):
    """A disagreement is taken up the ladder; `previous_id` where a level answered already."""

    subject: Subject
    grounds: Text
    action_id: Annotated[UUID | None, Field(description="the action, where it is about one")] = None
    previous_id: Annotated[UUID | None, Field(description="the escalation that was answered")] = None


class AnswerEscalation(Body):
    """The other side answers at the level that it was raised at."""

    outcome: Outcome
    reason: Text
