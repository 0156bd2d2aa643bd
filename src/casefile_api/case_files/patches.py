"""Patches: a merge patch (RFC 7396) or JSON Patch (RFC 6902) applied to `{"content": …, "note": ""}`."""

import copy
from typing import Any

import jsonpatch
import jsonpointer
import orjson

from casefile_api.errors import Fault, Invalid, TooLarge, WrongState
from casefile_api.web.strict_json import check_value, pointer_of

MEMBERS = frozenset({"content", "note"})


def apply_merge_patch(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Return the document with the merge patch applied."""
    merged = _merge(document, patch)
    return merged if isinstance(merged, dict) else {}


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def apply_json_patch(document: dict[str, Any], operations: list[dict[str, Any]], limit_bytes: int) -> dict[str, Any]:
    """Return the document with the operations applied, all or none.

    Raises WrongState where a `test` fails, Invalid where a path is impossible, TooLarge where it outgrows the limit.
    """
    result: Any = copy.deepcopy(document)
    for position, operation in enumerate(operations):
        try:
            result = jsonpatch.JsonPatch([_spelt_out(result, operation)]).apply(result, in_place=True)
        except jsonpatch.JsonPatchTestFailed:
            fault = Fault(
                "test_failed", "Read the case file again: this value is not what you saw.", pointer=f"/{position}"
            )
            raise WrongState("A test of the patch failed; nothing was changed.", fault) from None
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError, IndexError):
            fault = Fault(
                "impossible_path", "There is nothing at this path, or it cannot be changed so.", pointer=f"/{position}"
            )
            raise Invalid("An operation of the patch is impossible.", fault) from None
        if operation["op"] in {"copy", "add", "replace"} and position % 8 == 7:
            _check_size(result, limit_bytes * 2)
        if operation["op"] == "copy":
            _check_size(result, limit_bytes * 2)
    return result if isinstance(result, dict) else {}


class _Fresh:
    """A value that the library need not copy again: its own copying takes seconds over many small parts."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.value


def _spelt_out(document: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Turn a copy into the add it stands for."""
    if operation["op"] != "copy":
        return operation
    value = jsonpointer.resolve_pointer(document, operation["from"])
    return {"op": "add", "path": operation["path"], "value": _Fresh(orjson.loads(orjson.dumps(value)))}


def check_result(result: dict[str, Any], limit_bytes: int) -> tuple[dict[str, Any], str]:
    """Return the content and the note of a patched document.

    Raises Invalid where it is no longer `{content, note}`, TooLarge where it outgrew the limit of a body.
    """
    unknown = [
        Fault("unknown_field", "A patch changes content and note.", pointer=pointer_of([n]))
        for n in result
        if n not in MEMBERS
    ]
    content, note = result.get("content"), result.get("note", "")
    if not isinstance(content, dict):
        unknown.append(Fault("required", "The content must remain an object.", pointer="/content"))
    if not isinstance(note, str) or len(note) > 2_000:
        unknown.append(Fault("wrong_type", "The note is a string of 2,000 characters at the most.", pointer="/note"))
    if unknown or not isinstance(content, dict) or not isinstance(note, str):
        raise Invalid("The patched document is not a content and a note.", *unknown)
    _check_size(result, limit_bytes)
    check_value(result)
    return content, note


def _check_size(result: Any, limit_bytes: int) -> None:
    try:
        size = len(orjson.dumps(result))
    except (TypeError, ValueError):
        # Lone surrogates, numbers out of range and deep nesting cannot be measured: refuse them by their places.
        # At once, because copies nested in copies double at each operation.
        check_value(result)
        return
    if size > limit_bytes:
        raise TooLarge(f"The patched content is larger than {limit_bytes} bytes.")
