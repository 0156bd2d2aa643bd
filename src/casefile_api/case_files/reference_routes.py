"""What a sender needs before sending: the schema of a content."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from casefile_api.case_files.content.publishing import NAME, NEWEST, VERSIONS, published
from casefile_api.errors import NotFound
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["reference"])


class SchemaItem(BaseModel):
    """A published schema."""

    name: str = Field(examples=[NAME])
    version: str = Field(examples=[NEWEST])
    href: str = Field(description="where it is", examples=[f"/v1/schemas/{NAME}/{NEWEST}"])
    newest: bool = Field(description="whether what is sent now is held to it")
    description: str
    etag: str


class SchemaList(BaseModel):
    """A page of schemas, in the order in which they came."""

    items: list[SchemaItem]
    next_cursor: str | None


class JsonSchema(BaseModel):
    """A JSON Schema (2020-12) with complete examples. `x-source` says where a member comes from, `x-nature` whether it
    holds a fact or an opinion, `x-data-subject` to which category of people a part belongs, `x-code-list` which list.
    """

    model_config = {"extra": "allow"}


@router.get("/schemas", operation_id="list_schemas", summary="Schemas of contents", response_model=SchemaList)
async def list_schemas(reading: ReadingNow, page: AskedPage) -> Response:
    """List the schemas that were ever published, in the order in which they came."""
    (after,) = page.after(int) or (0,)
    views = [_item(version) for version in VERSIONS if int(version) > after]
    shown = views[: page.limit]
    body, headers = page.body(shown, (int(str(shown[-1]["version"])),) if len(views) > page.limit else None)
    return reading.answer(body, etag=tag_of(body), headers=headers)


@router.get(
    "/schemas/{schema_name}/{schema_version}",
    operation_id="get_schema",
    summary="A schema of a content",
    response_model=JsonSchema,
)
async def get_schema(
    reading: ReadingNow,
    schema_name: Annotated[str, Path(max_length=80, description="the schema's name")],
    schema_version: Annotated[str, Path(max_length=20, description="its number")],
) -> Response:
    """Return a JSON Schema with complete examples; one that was published never changes."""
    found = published(schema_version) if schema_name == NAME else None
    if found is None:
        raise NotFound()
    return reading.answer(found, etag=tag_of(orjson.loads(found)))


def _item(version: str) -> dict[str, str | bool]:
    view: dict[str, str | bool] = {
        "name": NAME,
        "version": version,
        "href": f"/v1/schemas/{NAME}/{version}",
        "newest": version == NEWEST,
        "description": VERSIONS[version],
    }
    return {**view, "etag": tag_of(view)}
