"""The OpenAPI document: generated from the code, with the components that the routes name."""

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from casefile_api import __version__
from casefile_api.access.permissions import SCOPES
from casefile_api.web.documenting import BODY_MODELS
from casefile_api.web.problems import PROBLEMS
from casefile_api.web.strict_json import LIMITS

_DESCRIPTION = f"""\
Joint case files of the police and the Crown Prosecution Service in England and Wales: numbered, hashed versions,
early advice with its clocks, attachments with their custody, and a log that proves itself.

Bodies may have 1 MiB; JSON may nest {LIMITS.depth} deep, a list or object may have {LIMITS.items:,} members and a
string {LIMITS.characters:,} characters. Errors are problem documents (RFC 9457); `code` is stable.
"""


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the document; built once, kept by the application."""
    if app.openapi_schema is None:
        app.openapi_schema = _build(app)
    return app.openapi_schema


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="casefile-api", version=__version__, description=_DESCRIPTION, routes=app.routes, tags=app.openapi_tags
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (model, "validation") for _, model in sorted(BODY_MODELS.items())
    ]
    _, bodies = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas |= {name: _without_null(schema) for name, schema in bodies.get("$defs", {}).items()}
    schemas["Problem"] = _problem_schema()
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "oauth2": {
            "type": "oauth2",
            "description": "client_credentials and RFC 7523 jwt-bearer; clients authenticate by private_key_jwt."
            " In production tokens are bound to a key of the client and sent with a proof of it (DPoP, RFC 9449).",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": dict(SCOPES)}},
        }
    }
    document["servers"] = [{"url": "/"}]
    for operations in document["paths"].values():
        for operation in operations.values():
            _drop_foreign_refusals(operation)
    document["webhooks"], shared = app.state.described_webhooks
    for kind, named in shared.items():
        components[kind] = components.get(kind, {}) | named
    return document


def _without_null(schema: Any) -> Any:
    """Inbound JSON has no null; an optional member is left out."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _without_null(member) for name, member in schema.items()}
    choices = plain.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        plain.pop("anyOf")
        if plain.get("default", "") is None:
            plain.pop("default")
        return {**rest[0], **plain} if len(rest) == 1 else {"anyOf": rest, **plain}
    return plain


def _drop_foreign_refusals(operation: dict[str, Any]) -> None:
    """FastAPI documents a 422 of its own shape; ours are problem documents."""
    answer = operation.get("responses", {}).get("422")
    if answer and "HTTPValidationError" in str(answer.get("content", {}).get("application/json", "")):
        answer["content"].pop("application/json")
        if not answer["content"]:
            operation["responses"].pop("422")


def _problem_schema() -> Mapping[str, Any]:
    fault = {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {
            "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901) from the body's root"},
            "parameter": {"type": "string", "description": "name of the query parameter"},
            "header": {"type": "string", "description": "name of the header"},
            "code": {"type": "string"},
            "detail": {"type": "string", "description": "what would mend it"},
        },
    }
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457 problem document.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "enum": sorted(PROBLEMS)},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "items": fault},
        },
    }
