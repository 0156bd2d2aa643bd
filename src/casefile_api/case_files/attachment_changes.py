"""Which attachments came, went, or took the place of another between two versions, and by which material. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from casefile_api.case_files.content.reading import Members, items, texts
from casefile_api.web.strict_json import JsonValue

Attachment = Mapping[str, JsonValue]


def attachment_changes(
    before: Members, after: Members, old: Sequence[Attachment], new: Sequence[Attachment]
) -> list[JsonValue]:
    """Say what changed of the attachments; one is replaced where a material item names one instead of another."""
    held, holds = {str(one["id"]): one for one in old}, {str(one["id"]): one for one in new}
    gone, come = [key for key in held if key not in holds], [key for key in holds if key not in held]
    replaced = dict(_replacements(before, after, gone, come))
    named, names = _named_by(before), _named_by(after)
    changes: list[JsonValue] = [
        _change("added", holds[key], names.get(key, []), "An attachment came to") for key in come if key not in replaced
    ]
    changes += [
        _change("removed", held[key], named.get(key, []), "An attachment was taken out of")
        for key in gone
        if key not in set(replaced.values())
    ]
    for key, other in replaced.items():
        change = _change("replaced", holds[key], names.get(key, []), "An attachment was replaced in")
        changes.append({**change, "replaces": other})
    return changes


def _change(kind: str, attachment: Attachment, material: list[str], words: str) -> dict[str, JsonValue]:
    sentence = f"{words} material {' and '.join(material)}."
    return {"kind": kind, **attachment, "sentence": sentence, "material_ids": list(material)}


def _replacements(
    before: Members, after: Members, gone: Sequence[str], come: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Pair, in order, what one material item no longer names with what it names now."""
    left, new = set(gone), set(come)
    was = {str(item["id"]): item for _, item in items(before, "material")}
    for _, item in items(after, "material"):
        fresh = [one for one in texts(item, "attachment_ids") if one in new]
        stale = [one for one in texts(was.get(str(item["id"]), {}), "attachment_ids") if one in left]
        for attachment, other in zip(fresh, stale, strict=False):
            left.discard(other)
            new.discard(attachment)
            yield attachment, other


def _named_by(content: Members) -> dict[str, list[str]]:
    """Return the ids of the material that names each attachment."""
    found: dict[str, list[str]] = {}
    for _, item in items(content, "material"):
        for attachment in dict.fromkeys(texts(item, "attachment_ids")):
            found.setdefault(attachment, []).append(str(item["id"]))
    return found
