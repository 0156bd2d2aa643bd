"""The calls about bundles."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from casefile_api.attachments.bundles import (
    BundleView,
    bundle_tag,
    bundle_view,
    find_bundle,
    open_bundle,
)
from casefile_api.attachments.bundles import request_bundle as ask_for_bundle
from casefile_api.attachments.redirecting import REDIRECT, StorageAtHand
from casefile_api.identifiers import parse_id
from casefile_api.unit_of_work import ReadingNow, Work
from casefile_api.web.documenting import refusals
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["bundles"])
Number = Annotated[int, Path(ge=1, le=2_147_483_647, description="number of a version")]


@router.post(
    "/case-files/{case_file_id}/versions/{number}/bundles",
    operation_id="request_bundle",
    summary="Ask for a bundle of a version",
    status_code=202,
    response_model=BundleView,
    responses=refusals("gone"),
)
async def request_bundle(case_file_id: str, number: Number, work: Work) -> Response:
    """The worker builds a BagIt bag (RFC 8493) of what the caller may see: content, attachments, history, proofs."""
    async with work:
        return await ask_for_bundle(work, parse_id(case_file_id), number)


@router.get(
    "/bundles/{bundle_id}", operation_id="get_bundle", summary="See how far a bundle is", response_model=BundleView
)
async def get_bundle(bundle_id: str, reading: ReadingNow) -> Response:
    """State, and once it is ready size and SHA-256."""
    async with reading:
        view = bundle_view((await find_bundle(reading, parse_id(bundle_id))).bundle)
        return reading.answer(view, etag=bundle_tag(view))


@router.get(
    "/bundles/{bundle_id}/content",
    operation_id="get_bundle_content",
    summary="Open a bundle",
    status_code=307,
    response_class=Response,
    responses=REDIRECT | refusals("wrong-state", "gone"),
)
async def get_bundle_content(bundle_id: str, reading: ReadingNow, storage: StorageAtHand) -> Response:
    """A redirect to the bag, for a minute."""
    async with reading:
        return await open_bundle(reading, storage, parse_id(bundle_id))
