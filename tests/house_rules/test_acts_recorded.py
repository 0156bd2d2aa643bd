"""Whatever changes something without a call of the API is an entry of the log, with its word of DPA 2018 s.62."""

import ast
from collections.abc import Iterator

import typer

from casefile_api.access.permissions import OPERATIONS
from casefile_api.access.unattended_acts import COMMANDS, COMMANDS_UNRECORDED, UNATTENDED
from casefile_api.cli import commands
from tests.house_rules import sources

RECORDING = {"unattended": 2, "administer": 0, "acting": 0, "refusals_recorded": 1}


def every_command(app: typer.Typer, above: str = "") -> Iterator[str]:
    """The names of all commands, those of groups behind the name of the group."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield above + (command.name or command.callback.__name__.replace("_", "-"))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from every_command(group.typer_instance, f"{above}{group.name or group.typer_instance.info.name} ")


def test_every_command_says_what_it_records_or_why_it_records_nothing() -> None:
    app = typer.Typer()
    commands.register(app)
    found = set(every_command(app))
    assert found == set(COMMANDS) | set(COMMANDS_UNRECORDED)
    assert not set(COMMANDS) & set(COMMANDS_UNRECORDED)
    assert set(COMMANDS.values()) <= set(UNATTENDED)


def every_node() -> Iterator[ast.AST]:
    for path in sources.modules():
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def constants() -> Iterator[tuple[str, str]]:
    """The names that stand for words, and the words."""
    for node in every_node():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as word)):
                yield name, word


def recorded_acts() -> Iterator[str]:
    """The acts that the code records: given in words, or by a constant (of whichever module)."""
    known = list(constants())
    for node in every_node():
        match node:
            case ast.Call(func=ast.Name(id=called), args=args) if len(args) > RECORDING.get(called, len(args)):
                match args[RECORDING[called]]:
                    case ast.Constant(value=str() as word):
                        yield word
                    case ast.Name(id=given) | ast.Attribute(attr=given):
                        yield from (word for name, word in known if name == given)


def test_every_act_of_the_worker_and_the_command_line_has_a_row_and_every_row_an_act() -> None:
    acts = set(recorded_acts())
    assert set(UNATTENDED) <= acts, set(UNATTENDED) - acts
    assert not set(UNATTENDED) & set(OPERATIONS)
