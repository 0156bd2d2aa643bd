"""The whole log of a running sandbox, recomputed from its database: what every test that writes ends with."""

import asyncio

from casefile_api.audit.findings import Report
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.database import Database
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.vault import Vault, read_master_key
from casefile_api.web.assembly import master_key_file
from tests.outside.client import Sandbox


def verify_whole_log(sandbox: Sandbox) -> Report:
    """Entries, leaves, tiles, checkpoints, commitments and versions; fails with the first thing that is wrong."""
    addresses = PostgreSQL(DataDirectory(sandbox.directory)).addresses()
    settings = Settings(database_url=addresses.worker, data_dir=sandbox.directory)
    report = asyncio.run(_verify(settings))
    assert report.whole, "\n".join(found.sentence for found in report.findings[:10])
    return report


async def _verify(settings: Settings) -> Report:
    database = Database(settings, role=WORKER_ROLE)
    try:
        vault = Vault(read_master_key(master_key_file(settings)))
        return await verify_database(database, vault, await believed_beside(database, settings))
    finally:
        await database.close()
