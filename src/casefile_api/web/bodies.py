"""Bodies: read once with a limit, parsed strictly, and validated against the model of the act.

Use `body: Annotated[SubmitRequest, JsonBody(SubmitRequest)]` in a route. The route class reads and parses before
FastAPI does anything, so that refusals come in the promised order.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from casefile_api.errors import Fault, Invalid, TooLarge, UnsupportedMediaType
from casefile_api.web.exchange import exchange_of
from casefile_api.web.shapes import faults_of
from casefile_api.web.strict_json import NullPolicy, only_in_extensions, parse
from casefile_api.web.weighing import Weighing, announced_bytes

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
LARGE_BYTES = 65_536
_LONGEST_SECONDS = 30
_BESIDE = ThreadPoolExecutor(1, "large-bodies")


class Body(BaseModel):
    """An inbound body, named for the act; strict, and unknown fields are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Read = TypeVar("Read")


class BodyReader:
    """The dependency that hands a route its validated body."""

    def __init__(
        self, media_types: Mapping[str, type[BaseModel]], nulls: Mapping[str, NullPolicy], *, optional: bool
    ) -> None:
        self.media_types = media_types
        self.optional = optional
        self._nulls = nulls

    def check_media_type(self, header: str) -> str:
        """Return the media type of the request's body.

        Raises UnsupportedMediaType naming those that the call takes.
        """
        media_type, _, parameters = header.partition(";")
        media_type = media_type.strip().lower()
        charset = parameters.lower().replace(" ", "").replace('"', "")
        if media_type not in self.media_types or ("charset=" in charset and "charset=utf-8" not in charset):
            raise UnsupportedMediaType(f"Send {' or '.join(self.media_types)}, in UTF-8.")
        return media_type

    async def parse(self, raw: bytes, media_type: str) -> Any:
        """Return the body's JSON value; Invalid names each place that has no single meaning."""
        return await _read(raw, partial(parse, raw, allow_null=self._nulls.get(media_type, only_in_extensions)))

    async def __call__(self, request: Request) -> BaseModel:
        """Return the validated body of this request."""
        exchange = exchange_of(request)
        model = self.media_types[exchange.media_type or next(iter(self.media_types))]
        raw = exchange.body if exchange.body.strip() else b"{}"
        try:
            return await _read(raw, partial(model.model_validate_json, raw))
        except ValidationError as found:
            raise Invalid("The body is not as this call wants it.", *faults_of(found)) from None


async def _read(raw: bytes, reading: Callable[[], Read]) -> Read:
    """Read a body; a large one beside the loop, one at a time, so that the requests of others go between."""
    if len(raw) <= LARGE_BYTES:
        return reading()
    return await asyncio.get_running_loop().run_in_executor(_BESIDE, reading)


def JsonBody(model: type[BaseModel], *, optional: bool = False) -> Any:  # noqa: N802 - reads as a type in a signature
    """Declare a JSON body of this model; an optional one may be left out."""
    return Depends(BodyReader({JSON: model}, {}, optional=optional))


def PatchBody(models: Mapping[str, type[BaseModel]], nulls: Mapping[str, NullPolicy]) -> Any:  # noqa: N802
    """Declare a body whose model goes by its media type (merge patch, JSON patch)."""
    return Depends(BodyReader(models, nulls, optional=False))


async def read_body(request: Request, limit_bytes: int, weighing: Weighing | None = None) -> bytes:
    """Read the body up to the limit, and count it in the rate of who sends it as it comes.

    Raises TooLarge as soon as more is announced or has come, TooManyRequests where the rate gives no more.
    """
    if announced_bytes(request) > limit_bytes:
        raise _too_large(limit_bytes)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit_bytes:
                    raise _too_large(limit_bytes)
                if weighing is not None:
                    await weighing.count(size)
                parts.append(part)
    except TimeoutError:
        fault = Fault("too_slow", f"Send the whole body within {_LONGEST_SECONDS} seconds.", pointer="")
        raise Invalid("The body did not come in time.", fault) from None
    return b"".join(parts)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"A body may have {limit_bytes} bytes; attachments go straight to storage.")
