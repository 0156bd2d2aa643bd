"""The commands, in the order a newcomer meets them. What each does is in the module named for it."""

from __future__ import annotations

import sys

import typer

from casefile_api.cli import failing

app = typer.Typer(
    name="casefile-api",
    help="Joint case-file exchange between the police and the Crown Prosecution Service in England and Wales.\n\n"
    "New here? `casefile-api demo` plays a whole case, `casefile-api sandbox` gives you a service to try things on."
    " Settings come from the environment (CASEFILE_…) and are described in docs/settings.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
)


def run() -> None:
    """Run the command named on the command line; whatever fails is said in one sentence."""
    from casefile_api.cli import commands

    commands.register(app)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        sys.exit(failing.report(failure))
