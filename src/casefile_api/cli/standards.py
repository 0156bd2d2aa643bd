"""`standards list|load|test|replay`: the rules that files are judged by, and verdicts given again."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from casefile_api.cli.failing import CommandFailed

if TYPE_CHECKING:
    from casefile_api.file_standards.rule_sets import RuleSet

app = typer.Typer(
    name="standards",
    help="File standards: the rules that a file is judged by before it is sent.",
    no_args_is_help=True,
)

Owner = Annotated[
    str, typer.Option(help="Whose rules: `national` (a folder of tables), or a force such as police-53 (one file).")
]
Tables = Annotated[Path, typer.Argument(help="The folder of national tables, or the file of a force.", exists=True)]
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="As of this day; without: today.")]


@app.command("list")
def list_rules(on: Day = None) -> None:
    """List the standards with the rule sets in force, and what was loaded."""
    from casefile_api.cli.administration import look
    from casefile_api.database import Database
    from casefile_api.file_standards.keeping import rules_in_force
    from casefile_api.file_standards.replaying import Loaded, loaded_rule_sets
    from casefile_api.file_standards.standards import Standard, list_standards
    from casefile_api.tenancy import WORKER

    day = on.date() if on else london_today()

    async def ask(database: Database) -> tuple[tuple[Standard, ...], list[Loaded]]:
        async with database.session(WORKER) as session:
            return list_standards(day, await rules_in_force(session, "", day)), await loaded_rule_sets(session)

    standards, loaded = look(ask)
    for standard in standards:
        required = sum(rule.level.value == "required" for rule in standard.rules)
        typer.echo(f"{standard.rule_set}: {required} required, {len(standard.rules) - required} advisory")
    for one in loaded:
        since = f"in force from {one.valid_from}" if one.valid_from else "kept for verdicts"
        typer.echo(f"{one.owner} {one.digest[:12]}: {since}, loaded {one.loaded_at:%Y-%m-%d %H:%M}")


@app.command("test")
def try_rules(
    file: Annotated[Path | None, typer.Argument(help="Tables to try; without: those of the package.")] = None,
    owner: Owner = "national",
) -> None:
    """Try every rule on a file that meets it and on one that does not; exit 1 if one comes out otherwise."""
    from casefile_api.file_standards.rule_sets import package_rules
    from casefile_api.file_standards.trials import try_rule_set

    rule_set = _sound(file, owner) if file else package_rules().national
    faults = _faults(rule_set)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise CommandFailed(f"{len(faults)} of the rules do not judge as their samples say.")
    typer.echo(f"{len(list(try_rule_set(rule_set, london_today())))} trials came out as they should.")


@app.command()
def load(
    file: Tables,
    owner: Owner,
    valid_from: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day on which they count.")],
) -> None:
    """Put rules into force from a day on, after trying every one; what counted before is kept for the days before.

    A force's rules are added to the national ones: they have names that begin with local_, and change none of them.
    """
    from casefile_api.cli.administration import administer
    from casefile_api.file_standards.replaying import load_rule_set
    from casefile_api.organisations.commands import become_owner
    from casefile_api.unattended import Act

    rule_set = _sound(file, owner)
    faults = _faults(rule_set)
    if faults:
        raise CommandFailed(f"Nothing was loaded: {faults[0]}")

    async def keep(act: Act) -> None:
        act.trail.details = {"owner": owner, "digest": rule_set.digest, "valid_from": valid_from.date().isoformat()}
        await become_owner(act.session)
        await load_rule_set(act.session, rule_set, valid_from.date(), act.now)

    administer("load_file_standards", keep)
    typer.echo(f"{owner} {rule_set.digest[:12]} is in force from {valid_from.date()}.")


@app.command()
def replay(
    case_file: Annotated[UUID, typer.Argument(help="Id of a case file.")],
    version: Annotated[int | None, typer.Option(help="Of this version alone.")] = None,
) -> None:
    """Give the verdicts kept with a case file again, by the rules of then; exit 1 if one comes out otherwise.

    Reading the case file for it is an entry of the log.
    """
    from casefile_api.cli.administration import administer
    from casefile_api.file_standards.replaying import Replay, owner_of, replay_verdict, verdicts_of
    from casefile_api.settings import Settings
    from casefile_api.unattended import Act
    from casefile_api.vault import Vault, read_master_key
    from casefile_api.web.assembly import master_key_file

    vault = Vault(read_master_key(master_key_file(Settings())))

    async def again(act: Act) -> list[Replay]:
        kept = await verdicts_of(act.session, case_file, version)
        act.silent = not kept
        owner = await owner_of(act.session, case_file)
        act.trail.about("case_file", case_file, version=version, case_file_id=case_file, owner=owner)
        return [await replay_verdict(act.session, vault, verdict) for verdict in kept]

    found = administer("replay_verdicts", again)
    if not found:
        raise CommandFailed("No verdict was kept with it: one is kept when a request is submitted.")
    for one in found:
        said = "ready" if one.ready else "not ready"
        typer.echo(f"version {one.number}, {one.rule_set}, judged {one.judged_at:%Y-%m-%d %H:%M}: {said}")
        for result in one.verdict.results:
            typer.echo(f"  {result.outcome.value:15} {result.code} {result.pointer}")
    differing = sorted({code for one in found for code in one.differences})
    if differing:
        raise CommandFailed(f"It comes out otherwise than it was kept: {', '.join(differing)}.")
    typer.echo("It comes out as it was kept.")


def _sound(file: Path, owner: str) -> RuleSet:
    from casefile_api.file_standards.rule_sets import read_rule_set
    from casefile_api.file_standards.rules import BrokenStandard
    from casefile_api.file_standards.standards import check_rule_set

    try:
        rule_set = read_rule_set(owner, file)
        check_rule_set(rule_set)
    except (BrokenStandard, KeyError, TypeError) as fault:
        raise CommandFailed(f"{file.name} is no rule set: {fault}") from None
    return rule_set


def _faults(rule_set: RuleSet) -> list[str]:
    from casefile_api.file_standards.trials import faults_of

    return faults_of(rule_set, london_today())


def london_today() -> date:
    """Return the day by which files are judged."""
    from casefile_api.clock import LONDON, real_now

    return real_now().astimezone(LONDON).date()
