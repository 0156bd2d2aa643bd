"""What a sender needs before sending: the schema of a content, and the codes of what can be wrong with it."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from casefile_api.case_files.checks.catalogue import PROBLEM_CODES, ProblemCode, ProblemLevel
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


class ProblemCodeView(BaseModel):
    """What can be wrong with a content, and what to do about it."""

    code: str = Field(description="stable: never renamed", examples=["bail_beyond_stage"])
    level: ProblemLevel = Field(description="shape and error refuse a content; a warning is kept with the version")
    section: str = Field(description="where it is raised; `any` for everywhere", examples=["suspects"])
    meaning: str
    mend: str
    source: str = Field(description="where the rule comes from", examples=["PACE 1984 s.47ZB"])
    etag: str


class ProblemCodeList(BaseModel):
    """A page of problem codes, in the order of the catalogue."""

    items: list[ProblemCodeView]
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


@router.get(
    "/problem-codes",
    operation_id="list_problem_codes",
    summary="What can be wrong with a content",
    response_model=ProblemCodeList,
)
async def list_problem_codes(
    reading: ReadingNow,
    page: AskedPage,
    level: Annotated[ProblemLevel | None, Query(description="only codes of this level")] = None,
) -> Response:
    """List every problem code with its meaning and mend, in the order of the catalogue."""
    (start,) = page.after(int) or (0,)
    rows = [row for row in PROBLEM_CODES.values() if level in (None, row.level)]
    following = max(start, 0) + page.limit
    shown = [_code(row) for row in rows[max(start, 0) : following]]
    body, headers = page.body(shown, (following,) if following < len(rows) else None)
    return reading.answer(body, etag=tag_of(body), headers=headers)


@router.get(
    "/problem-codes/{problem_code}",
    operation_id="get_problem_code",
    summary="One thing that can be wrong",
    response_model=ProblemCodeView,
)
async def get_problem_code(
    reading: ReadingNow, problem_code: Annotated[str, Path(max_length=80, description="the code")]
) -> Response:
    """Return what a problem code means, what to do about it, and where the rule comes from."""
    row = PROBLEM_CODES.get(problem_code)
    if row is None:
        raise NotFound()
    return reading.answer(_code(row), etag=tag_of(_code(row)))


def _code(row: ProblemCode) -> dict[str, str]:
    view = row.as_body()
    return {**view, "etag": tag_of(view)}


def _item(version: str) -> dict[str, str | bool]:
    view: dict[str, str | bool] = {
        "name": NAME,
        "version": version,
        "href": f"/v1/schemas/{NAME}/{version}",
        "newest": version == NEWEST,
        "description": VERSIONS[version],
    }
    return {**view, "etag": tag_of(view)}
