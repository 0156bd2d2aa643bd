"""The calls about attachments. The bytes themselves go straight between the caller and storage."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from casefile_api.attachments import commands
from casefile_api.attachments.case_uco import LD_JSON, as_case_uco
from casefile_api.attachments.chain import find_custody
from casefile_api.attachments.downloading import open_content
from casefile_api.attachments.joining import complete_upload as complete
from casefile_api.attachments.progress import look_at_upload, tell_progress
from casefile_api.attachments.queries import find_attachment, list_attachments
from casefile_api.attachments.redirecting import REDIRECT, StorageAtHand
from casefile_api.attachments.schemas import (
    AttachmentList,
    AttachmentView,
    CustodyChain,
    DeclareAttachmentRequest,
    RequestUploadUrlsRequest,
    UploadUrlsView,
    UploadView,
)
from casefile_api.attachments.uploading import request_upload_urls as request_urls
from casefile_api.attachments.views import attachment_tag, view_of
from casefile_api.identifiers import parse_id
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["attachments"])


_COMPLETED: dict[int | str, dict[str, Any]] = {
    200: {"model": AttachmentView, "description": "It was completed before: the present state."}
}


@router.post(
    "/case-files/{case_file_id}/attachments",
    operation_id="declare_attachment",
    summary="Declare a file",
    status_code=201,
    response_model=AttachmentView,
    responses=refusals("invalid"),
)
async def declare_attachment(
    case_file_id: str,
    work: Work,
    storage: StorageAtHand,
    body: Annotated[DeclareAttachmentRequest, JsonBody(DeclareAttachmentRequest)],
) -> Response:
    """Say what file is about to come, and get the way for it: one URL where it fits in one part, else its parts."""
    async with work:
        return await commands.declare_attachment(work, storage, parse_id(case_file_id), body)


@router.get(
    "/case-files/{case_file_id}/attachments",
    operation_id="list_attachments",
    summary="List the attachments of a case file",
    response_model=AttachmentList,
)
async def list_case_attachments(case_file_id: str, reading: ReadingNow, page: AskedPage) -> Response:
    """List what the caller sees, in the order of declaration; names and titles are left out."""
    async with reading:
        body, headers = await list_attachments(reading, parse_id(case_file_id), page)
        return reading.answer(body, headers=headers)


@router.get(
    "/attachments/{attachment_id}",
    operation_id="get_attachment",
    summary="Look at an attachment",
    response_model=AttachmentView,
)
async def get_attachment(attachment_id: str, reading: ReadingNow) -> Response:
    """Metadata and status; where it was rejected, why and what would mend it."""
    async with reading:
        view = await view_of(reading, (await find_attachment(reading, parse_id(attachment_id))).attachment)
        return reading.answer(view, etag=attachment_tag(view))


@router.post(
    "/attachments/{attachment_id}/upload",
    operation_id="request_upload_urls",
    summary="Get the URLs of some parts",
    response_model=UploadUrlsView,
    responses=refusals("wrong-state", "invalid"),
)
async def request_upload_urls(
    attachment_id: str,
    work: Work,
    storage: StorageAtHand,
    body: Annotated[RequestUploadUrlsRequest, JsonBody(RequestUploadUrlsRequest)],
) -> Response:
    """Get presigned PUTs, as often as needed: an upload goes on after a day's pause or a lost connection."""
    return await request_urls(work, storage, parse_id(attachment_id), body.parts)


@router.get(
    "/attachments/{attachment_id}/upload",
    operation_id="get_upload",
    summary="See how far an upload is",
    response_model=UploadView,
)
async def get_upload(attachment_id: str, reading: ReadingNow, storage: StorageAtHand) -> Response:
    """Parts received and missing, as storage has them now."""
    upload = await look_at_upload(reading, parse_id(attachment_id))
    view = await tell_progress(storage, upload)
    return reading.answer(view, etag=tag_of(view.model_dump(mode="json")))


@router.post(
    "/attachments/{attachment_id}/complete",
    operation_id="complete_upload",
    summary="Say that all was sent",
    status_code=202,
    response_model=AttachmentView,
    responses=_COMPLETED | refusals("wrong-state"),
)
async def complete_upload(attachment_id: str, work: Work, storage: StorageAtHand) -> Response:
    """The service reads the file back, checks it, and makes it available or rejects it; missing parts are named."""
    return await complete(work, storage, parse_id(attachment_id))


@router.get(
    "/attachments/{attachment_id}/content",
    operation_id="get_attachment_content",
    summary="Open the file",
    status_code=307,
    response_class=Response,
    responses=REDIRECT | refusals("wrong-state"),
)
async def get_attachment_content(attachment_id: str, reading: ReadingNow, storage: StorageAtHand) -> Response:
    """A redirect to the bytes; recorded as consultation by one's own side, as disclosure to the other."""
    async with reading:
        return await open_content(reading, storage, parse_id(attachment_id))


@router.get(
    "/attachments/{attachment_id}/custody",
    operation_id="get_custody",
    summary="See the chain of custody",
    response_model=CustodyChain,
    responses={200: {"content": {LD_JSON: {"schema": {"type": "object"}}}}},
)
async def get_custody(attachment_id: str, reading: ReadingNow, request: Request) -> Response:
    """Every handling of the file: time, actor, hash and audit entry; as CASE/UCO where JSON-LD is accepted."""
    async with reading:
        chain = await find_custody(reading, parse_id(attachment_id))
        varies = {"Vary": "Accept"}
        if LD_JSON in request.headers.get("accept", ""):
            view = await view_of(reading, (await find_attachment(reading, chain.attachment_id)).attachment)
            return Response(as_case_uco(view, chain), headers=varies, media_type=LD_JSON)
        return reading.answer(chain, etag=tag_of(chain.model_dump(mode="json")), headers=varies)


@router.delete(
    "/attachments/{attachment_id}",
    operation_id="delete_attachment",
    summary="Delete a file that was never shared",
    response_model=AttachmentView,
    responses=refusals("wrong-state"),
)
async def delete_attachment(attachment_id: str, work: ConditionalWork) -> Response:
    """Only before it is in a submitted version: the bytes go, the record stays and says `deleted`."""
    async with work:
        return await commands.delete_attachment(work, parse_id(attachment_id))
