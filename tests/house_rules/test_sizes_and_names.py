"""Modules and functions stay small, and are called after what they mean."""

import ast
import re

from tests.house_rules import sources

LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "base",
    "service",
    "services",
    "manager",
    "repository",
    "misc",
}
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b|\bNotImplementedError\b")
MACHINE_PATHS = re.compile("|".join(("/wor" + "k/", "/roo" + "t/", r"/home/[a-z]", "/tmp" + "/[a-z]")))


def test_no_module_is_longer_than_400_lines() -> None:
    found = {sources.named(path): len(path.read_text().splitlines()) for path in sources.modules()}
    assert {name: lines for name, lines in found.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{sources.named(path)}:{function.lineno} {function.name}"
        for path in sources.modules()
        for function in sources.functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = [sources.named(path) for path in sources.modules() if FORBIDDEN_NAMES & {path.stem, path.parent.name}]
    assert nameless == []


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [
        sources.named(path)
        for path in sources.modules()
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    unfinished = [
        f"{sources.named(path)}:{number}"
        for path in sources.own_text_files()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert unfinished == []


def test_no_file_names_a_place_on_one_machine() -> None:
    found = [
        f"{sources.named(path)}:{number}"
        for path in sources.own_text_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if MACHINE_PATHS.search(line)
    ]
    assert found == []
