"""The language in which file standards are written: small conditions over a content, its envelope and a request.

A condition is a table with one word. Paths are dotted and begin with `content`, `envelope`, `request` or, inside a
list, `item`.

* `present = "path"`: a text that is not blank, a list or object that is not empty, any other value
* `given = "path"`: the member is there, be it empty (an empty list of needs says that there are none)
* `one_of = {path, values}`: the member is one of the values
* `named_in = {path, in, member}`: an item of the list `in` names, in its `member`, what stands at `path`
* `some = {in, where}`: at least one item of the list meets the condition
* `each = {in, where?, satisfies}`: every item (that `where` picks) meets it; over no item at all it is not applicable
* `all = […]`, `any = […]`, `none = […]`: of conditions
* `when = "name"`: a condition that the file names under `[conditions]`

Judging gives an outcome and the place (RFC 6901) where something is missing. Pure.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple, TypeAlias, cast

from casefile_api.web.strict_json import JsonValue, pointer_of

Written: TypeAlias = Mapping[str, object]


class Outcome(StrEnum):
    """How a requirement stands."""

    MET = "met"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


class Finding(NamedTuple):
    """An outcome, and the place it is about."""

    outcome: Outcome
    pointer: str

    @property
    def holds(self) -> bool:
        """Say whether nothing is missing."""
        return self.outcome is not Outcome.MISSING


@cache
def _route(path: str) -> tuple[str, tuple[str, ...], str]:
    """Split a path into its root, its steps, and its pointer (below the item for a path from `item`)."""
    root, *steps = path.split(".")
    start = "" if root in {"item", "envelope"} else f"/{root}"
    return root, tuple(steps), start + pointer_of(steps)


Members: TypeAlias = dict[str, JsonValue]
Typed: TypeAlias = tuple[type, str | int]


class Known(NamedTuple):
    """What was found out about the lists of a file: their items, and what a list names in a member."""

    lists: "dict[str, list[Scene]]"
    names: dict[tuple[str, str], frozenset[str]]
    said: "dict[tuple[str, str], frozenset[Typed]]"


class Scene:
    """What is judged. `item` is the item of a list that is being looked at, `place` its pointer.

    `known` remembers what the file's lists hold and name: many rules look at the same list.
    """

    __slots__ = ("content", "envelope", "item", "known", "place", "request")

    def __init__(self, content: Members, envelope: Members, request: Members) -> None:
        self.content, self.envelope, self.request = content, envelope, request
        self.item: JsonValue = None
        self.place = ""
        self.known = Known({}, {}, {})

    def looking_at(self, item: JsonValue, place: str) -> "Scene":
        """Return the same scene with an item of a list before it."""
        scene = Scene.__new__(Scene)
        scene.content, scene.envelope, scene.request, scene.known = (
            self.content,
            self.envelope,
            self.request,
            self.known,
        )
        scene.item, scene.place = item, place
        return scene

    def at(self, path: str) -> tuple[JsonValue, str]:
        """Return the value at a path (None where there is none) and its pointer."""
        root, steps, pointer = _route(path)
        value: JsonValue = self.item if root == "item" else getattr(self, root)
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value, self.place + pointer if root == "item" else pointer

    def items(self, path: str) -> "list[Scene]":
        """Return a scene for each item of the list at the path; made once for a list of the file."""
        if path.startswith("item"):
            return self._items(path)
        if path not in self.known.lists:
            self.known.lists[path] = self._items(path)
        return self.known.lists[path]

    def _items(self, path: str) -> "list[Scene]":
        found, pointer = self.at(path)
        listed = found if isinstance(found, list) else []
        return [self.looking_at(item, f"{pointer}/{index}") for index, item in enumerate(listed)]

    def names(self, listed: str, member: str) -> frozenset[str]:
        """Return all that the items of a list name in a member; gathered once for the whole file."""
        if (listed, member) not in self.known.names:
            found = (other.at(f"item.{member}")[0] for other in self.items(listed))
            names = (name for names in found if isinstance(names, list) for name in names)
            self.known.names[listed, member] = frozenset(name for name in names if isinstance(name, str))
        return self.known.names[listed, member]

    def said(self, listed: str, member: str) -> "frozenset[Typed]":
        """Return all words, numbers and truths that the items of a list have in a member; gathered once."""
        if (listed, member) not in self.known.said:
            found = (_typed(other.at(member)[0]) for other in self.items(listed))
            self.known.said[listed, member] = frozenset(one for one in found if one is not None)
        return self.known.said[listed, member]


def _typed(value: JsonValue) -> "Typed | None":
    """Return a value with its type, since `true` is not 1; None where it is none that a rule could name."""
    return (type(value), value) if isinstance(value, str | int) else None


Condition: TypeAlias = Callable[[Scene], Finding]


class BrokenStandard(Exception):
    """A standard is not written in this language. It cannot be loaded, and the service does not start with it."""


ROOTS = frozenset({"content", "envelope", "request", "item"})


class Language:
    """Reads conditions, knowing those that have names."""

    def __init__(self, named: Mapping[str, Written]) -> None:
        self._named: dict[str, Condition] = {}
        self._written = named
        for name, written in named.items():
            self._named[name] = self.read(written)

    def read(self, written: object) -> Condition:
        """Return the condition that is written.

        Raises BrokenStandard where it is not one.
        """
        if not isinstance(written, Mapping) or len(written) != 1:
            raise BrokenStandard(f"A condition is a table with one word: {written!r}")
        ((word, argument),) = written.items()
        reader = getattr(self, f"_{word}", None) if word in WORDS else None
        if reader is None:
            raise BrokenStandard(f"There is no word {word!r} in the language of the standards.")
        return cast(Condition, reader(argument))

    def _present(self, argument: object) -> Condition:
        path = _path(argument)

        def judge(scene: Scene) -> Finding:
            value, pointer = scene.at(path)
            blank = value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())
            return _found(not blank, pointer)

        return judge

    def _given(self, argument: object) -> Condition:
        path = _path(argument)

        def judge(scene: Scene) -> Finding:
            value, pointer = scene.at(path)
            return _found(value is not None, pointer)

        return judge

    def _one_of(self, argument: object) -> Condition:
        members = _members(argument, "path", "values")
        path = _path(members["path"])
        values = _named_values(members)

        def judge(scene: Scene) -> Finding:
            value, pointer = scene.at(path)
            return _found(_typed(value) in values, pointer)

        return judge

    def _named_in(self, argument: object) -> Condition:
        members = _members(argument, "path", "in", "member")
        path, listed, member = _path(members["path"]), _path(members["in"]), str(members["member"])
        if _route(listed)[0] == "item":
            raise BrokenStandard("A list that names others belongs to the file, not to an item.")

        def judge(scene: Scene) -> Finding:
            value, _ = scene.at(path)
            return _found(isinstance(value, str) and value in scene.names(listed, member), scene.at(listed)[1])

        return judge

    def _some(self, argument: object) -> Condition:
        members = _members(argument, "in", "where")
        path, where = _path(members["in"]), self.read(members["where"])
        choice = self._choice(members["where"])
        if choice is not None and _route(path)[0] != "item":
            return _some_said(path, *choice)

        def judge(scene: Scene) -> Finding:
            return _found(any(where(item).holds for item in scene.items(path)), scene.at(path)[1])

        return judge

    def _choice(self, written: object) -> "tuple[str, frozenset[Typed]] | None":
        """Return member and values where a condition is but a choice among values: what a list says is then enough."""
        if isinstance(written, Mapping) and "when" in written:
            return self._choice(self._written.get(str(written["when"])))
        if not isinstance(written, Mapping) or "one_of" not in written:
            return None
        members = cast(Written, written["one_of"])
        path = str(members["path"])
        return (path, _named_values(members)) if path.startswith("item") else None

    def _each(self, argument: object) -> Condition:
        members = _members(argument, "in", "satisfies", optional=("where",))
        path, satisfies = _path(members["in"]), self.read(members["satisfies"])
        where = self.read(members["where"]) if "where" in members else _always

        def judge(scene: Scene) -> Finding:
            outcome = Outcome.NOT_APPLICABLE
            for item in scene.items(path):
                if where(item).holds:
                    found = satisfies(item)
                    if not found.holds:
                        return found
                    outcome = Outcome.MET
            return Finding(outcome, scene.at(path)[1])

        return judge

    def _all(self, argument: object) -> Condition:
        conditions = [self.read(one) for one in _list(argument)]

        def judge(scene: Scene) -> Finding:
            findings = []
            for condition in conditions:
                findings.append(condition(scene))
                if not findings[-1].holds:
                    return findings[-1]
            return next((one for one in findings if one.outcome is Outcome.MET), findings[0])

        return judge

    def _any(self, argument: object) -> Condition:
        conditions = [self.read(one) for one in _list(argument)]

        def judge(scene: Scene) -> Finding:
            first: Finding | None = None
            for condition in conditions:
                found = condition(scene)
                if found.outcome is Outcome.MET:
                    return found
                first = first or found
            return first or _always(scene)

        return judge

    def _none(self, argument: object) -> Condition:
        condition = self._any(argument)

        def judge(scene: Scene) -> Finding:
            finding = condition(scene)
            return _found(finding.outcome is not Outcome.MET, finding.pointer)

        return judge

    def _when(self, argument: object) -> Condition:
        if not isinstance(argument, str) or argument not in self._named:
            raise BrokenStandard(f"There is no condition named {argument!r}.")
        return self._named[argument]


WORDS = ("present", "given", "one_of", "named_in", "some", "each", "all", "any", "none", "when")


def _some_said(path: str, member: str, values: "frozenset[Typed]") -> Condition:
    def judge(scene: Scene) -> Finding:
        return _found(not values.isdisjoint(scene.said(path, member)), scene.at(path)[1])

    return judge


def _named_values(members: Written) -> "frozenset[Typed]":
    found = (_typed(one) for one in cast(list[JsonValue], members["values"]))
    return frozenset(one for one in found if one is not None)


def _always(scene: Scene) -> Finding:
    return Finding(Outcome.MET, scene.place)


def _found(holds: bool, pointer: str) -> Finding:
    return Finding(Outcome.MET if holds else Outcome.MISSING, pointer)


def _path(argument: object) -> str:
    if not isinstance(argument, str) or argument.split(".")[0] not in ROOTS:
        raise BrokenStandard(f"A path begins with one of {', '.join(sorted(ROOTS))}: {argument!r}")
    return argument


def _list(argument: object) -> list[object]:
    if not isinstance(argument, list) or not argument:
        raise BrokenStandard(f"A list of conditions is wanted: {argument!r}")
    return argument


def _members(argument: object, *names: str, optional: tuple[str, ...] = ()) -> Written:
    if not isinstance(argument, Mapping) or not set(names) <= argument.keys() <= {*names, *optional}:
        raise BrokenStandard(f"A table with {', '.join(names)} is wanted: {argument!r}")
    return argument
