"""The newest checkpoint is shown to a time-stamping authority, where one is set, and its answer is kept.

Nobody waits for it: where the authority is away, the next checkpoint is shown to it at the next time.
"""

from urllib.parse import urlsplit

import httpx2
from sqlalchemy import text

from casefile_api.audit.time_stamps import BadTimeStamp, Question, read_roots, verify_time_stamp
from casefile_api.clock import real_now
from casefile_api.database import Database
from casefile_api.errors import Misconfigured, NotFound
from casefile_api.ledger.stored_tree import Reader
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER

SECONDS = 10.0
QUERY_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"

_KEEP = text(
    "insert into audit_time_stamp (origin, tree_size, note, answer, stamped_at, kept_at)"
    " values ((select origin from audit_log), :size, :note, :answer, :stamped, :at) on conflict do nothing"
)
_NEWEST = text(
    """
    select answer from audit_time_stamp where origin = (select origin from audit_log)
        and tree_size = coalesce(cast(:size as bigint), (
            select max(tree_size) from audit_time_stamp where origin = (select origin from audit_log)))
    """
)


class NotStamped(Exception):
    """The authority gave no good time-stamp; the message says why."""


async def stamp(database: Database, settings: Settings, tree_size: int, note: str) -> None:
    """Have a checkpoint stamped and keep the answer.

    Raises NotStamped where the authority is away or its answer is not good, Misconfigured for its URL or certificates.
    """
    if settings.tsa_ca_file is None or urlsplit(settings.tsa_url).scheme not in {"http", "https"}:
        raise Misconfigured("CASEFILE_TSA_URL is to be an http(s) URL, CASEFILE_TSA_CA_FILE the certificate above it.")
    roots, question = read_roots(settings.tsa_ca_file), Question.about(note)
    try:
        async with httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=SECONDS) as client:
            answer = await client.post(settings.tsa_url, content=question.body, headers={"Content-Type": QUERY_TYPE})
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise NotStamped("the authority cannot be reached") from None
    if answer.status_code != 200:
        raise NotStamped(f"the authority answers {answer.status_code}")
    try:
        stamped = verify_time_stamp(answer.content, note, roots, question.nonce)
    except BadTimeStamp as fault:
        raise NotStamped(str(fault)) from None
    values = {"size": tree_size, "note": note, "answer": answer.content, "stamped": stamped, "at": real_now()}
    async with database.connection(WORKER) as connection:
        await connection.execute(_KEEP, values)
        await connection.commit()


async def kept_answer(reader: Reader, tree_size: int | None) -> bytes:
    """The time-stamp over the checkpoint of a size, the newest that has one where none is named.

    Raises NotFound where there is none.
    """
    found = (await reader.execute(_NEWEST, {"size": tree_size})).scalar_one_or_none()
    if found is None:
        raise NotFound("No time-stamp was given for a checkpoint of that size.")
    return bytes(found)
