"""`report early-advice`: the figures of a unit as a page for its joint performance meeting."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casefile_api.cli.failing import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(name="report", help="Figures as a page to read, print and listen to.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
PATH = "/v1/statistics/early-advice"
SECONDS = 60


@app.callback()
def reports() -> None:
    """Figures as a page to read, print and listen to."""


@app.command("early-advice")
def early_advice(
    unit: Annotated[str, typer.Option(help="The CPS unit, such as cps-south-west-rasso.")],
    out: Annotated[Path, typer.Option(help="The file to write: HTML that needs nothing else.")],
    token: Annotated[Path, typer.Option(help="A file with an access token that has statistics:read.", exists=True)],
    base_url: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8000",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; else a year back.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; else today.")] = None,
) -> None:
    """Write the figures of a unit as a page: what came and was answered, how old what is open is, where the days go.

    The figures come through the API, with the token's own sight of them; each is logged as any other call.
    """
    from casefile_api.organisations.code_lists import CODE_LISTS
    from casefile_api.statistics.report import Report, report_page

    days = {"from": first, "to": last}
    asked = {"unit": unit, **{name: f"{day:%Y-%m-%d}" for name, day in days.items() if day is not None}}
    shown = token.read_text("utf-8").strip()
    reasons = CODE_LISTS["triage_rejection_reason"].by_code

    def title(code: str) -> str:
        return reasons[code].title if code in reasons else code

    figures = _ask(base_url, shown, asked)
    by_month = _ask(base_url, shown, {**asked, "from": figures["from"], "to": figures["to"], "group_by": "month"})
    out.write_text(report_page(Report(unit, figures, by_month, title)), encoding="utf-8")
    typer.echo(f"{out} has the figures of {unit} from {figures['from']} to {figures['to']}.")


def _ask(base_url: str, token: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """Ask for figures; what is refused is said in the service's own sentence."""
    import httpx2

    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Access-Justification": "supervision"}
    try:
        answer = httpx2.get(base_url.rstrip("/") + PATH, params=dict(asked), headers=headers, timeout=SECONDS)
    except httpx2.TransportError as fault:
        raise CommandFailed(f"{base_url} does not answer: is the service there?") from fault
    if not answer.is_success:
        try:
            said = answer.json().get("detail", "")
        except ValueError:
            said = ""
        raise CommandFailed(f"The figures were refused ({answer.status_code}): {said}")
    told: dict[str, Any] = answer.json()
    return told
