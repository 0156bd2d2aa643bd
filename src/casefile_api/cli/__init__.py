"""The command line: `casefile-api …`."""


def main() -> None:
    """Run the command named on the command line."""
    from casefile_api.cli.program import run

    run()
