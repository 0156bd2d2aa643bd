"""`casefile-api simulate cps|force`: the other side of a sandbox, played from a script of behaviours."""

from pathlib import Path
from typing import Annotated

import typer

from casefile_api.cli.failing import CommandFailed
from casefile_api.demo.behaviours import Playing

_USUAL = {
    Playing.CPS: ("cps-south-west-rasso", "accepts"),
    Playing.FORCE: ("police-53-rasso", "answers"),
}


def simulate(
    side: Annotated[Playing, typer.Argument(help="The side to play.")],
    sandbox_file: Annotated[
        Path, typer.Option("--sandbox", help="The sandbox.json of a running sandbox.", exists=True)
    ],
    unit: Annotated[str | None, typer.Option(help="The unit to play; default: the RASSO unit of the demo.")] = None,
    script: Annotated[
        str | None,
        typer.Option(
            help="Behaviours, in turn: cps accepts, returns:N (reason 1 to 13, or a code), refuses, asks, late, never;"
            " force answers, appeals, withdraws, late, never."
        ),
    ] = None,
    opens: Annotated[int, typer.Option("--open", min=0, max=1000, help="force: first open so many cases.")] = 0,
    cps_unit: Annotated[str, typer.Option(help="force: the CPS unit those go to.")] = _USUAL[Playing.CPS][0],
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks while there is nothing to do.")] = 1,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing is left to do.")] = False,
) -> None:
    """Answer as a unit of the other side would, so that one side can be built with nobody on the other.

    Each request takes the next behaviour of the script. The sandbox's clock may be moved meanwhile: `late` waits.
    """
    from casefile_api.demo.answers import NotAsToldError
    from casefile_api.demo.simulating import PlayedUnit, keep_playing

    usual_unit, usual_script = _USUAL[side]
    if opens and side is Playing.CPS:
        raise CommandFailed("The CPS opens no case files: leave --open out.")
    try:
        played = PlayedUnit.of(sandbox_file, side, unit or usual_unit, script or usual_script)
        played.open_cases(opens, cps_unit)
        done = keep_playing(played, every_seconds=every, until_idle=until_idle)
    except NotAsToldError as difference:
        raise CommandFailed(str(difference)) from difference
    typer.echo(f"{done} steps taken; nothing is left to do.")
