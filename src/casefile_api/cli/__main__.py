"""The same command line as `python -m casefile_api.cli`, which is how the program starts processes of its own."""

from casefile_api.cli import main

main()
