"""`read-access-log`: what the store wrote down of downloads, read into the chains of custody."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer


def read_access_log(
    files: Annotated[
        list[Path], typer.Argument(help="Files of the log; - for standard input.", allow_dash=True, dir_okay=False)
    ],
) -> None:
    """Add downloads to the chains of custody, as the store's access log has them: when, how many bytes, to where.

    Takes the server access log of Amazon S3 and the operations log (JSON) of Ceph RGW. A file may be read again: each
    request of the store counts once. Lines of other buckets, objects and requests are passed over.
    """
    from collections import Counter
    from datetime import timedelta

    from casefile_api.attachments.access_log import fetches
    from casefile_api.attachments.downloads_told import tell_downloads
    from casefile_api.cli.administration import look
    from casefile_api.clock import Clock
    from casefile_api.database import Database
    from casefile_api.settings import Settings
    from casefile_api.vault import Vault, read_master_key
    from casefile_api.web.assembly import master_key_file

    settings = Settings()
    vault = Vault(read_master_key(master_key_file(settings)))
    life = timedelta(seconds=settings.download_link_seconds)
    found = list(fetches(_lines(files), settings.s3_bucket))

    async def tell(database: Database) -> Counter[str]:
        return await tell_downloads(database, Clock(), vault, found, life=life)

    counted = look(tell)
    typer.echo(
        f"{counted['told']} downloads added, {counted['known']} known before, {counted['other']} of other things."
    )


def _lines(files: list[Path]) -> Iterator[str]:
    for file in files:
        if str(file) == "-":
            yield from sys.stdin
        else:
            with file.open(encoding="utf-8", errors="replace") as opened:
                yield from opened
