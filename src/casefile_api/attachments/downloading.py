"""Opening a file: a redirect to a URL that is good for a minute, and the reader's entry in the log before it."""

import base64
from datetime import timedelta
from unicodedata import category
from urllib.parse import quote
from uuid import UUID

from fastapi import Response

from casefile_api.attachments.endings import ENDINGS
from casefile_api.attachments.links import get_link
from casefile_api.attachments.models import AttachmentStatus, Integrity
from casefile_api.attachments.names import open_names
from casefile_api.attachments.queries import find_attachment
from casefile_api.attachments.storage import Storage
from casefile_api.errors import WrongState
from casefile_api.unit_of_work import Reading

_NOT_WHOLE = (Integrity.ALTERED, Integrity.LOST, Integrity.UNREADABLE)


async def open_content(reading: Reading, storage: Storage, attachment_id: UUID) -> Response:
    """Lead the caller to the bytes.

    The log tells it as consultation by the side that attached the file, as disclosure to the other. Raises WrongState
    unless the file is available.
    """
    row = (await find_attachment(reading, attachment_id)).attachment
    if row.status != AttachmentStatus.AVAILABLE:
        raise WrongState(f"The file is {row.status}; only an available one can be opened.")
    if row.integrity in _NOT_WHOLE:
        raise WrongState(f"The file in storage is {row.integrity}: it is not given out until it is whole again.")
    answer = await redirect(
        reading,
        storage,
        row.object_key,
        row.version_id,
        media_type=row.media_type,
        name=f"{row.id}{ENDINGS.get(row.media_type, '')}",
        sha256=row.sha256,
    )
    answer.headers["Content-Disposition"] = disposition((await open_names(reading, row)).file_name)
    return answer


def disposition(file_name: str) -> str:
    """Return a file's own name as a header that is safe whatever it is (RFC 6266 4, RFC 8187 3.2, appendix D).

    Controls, marks of direction and separators of folders become underscores; it is told in the answer, never in a URL.
    """
    safe = "".join("_" if category(sign)[0] == "C" or sign in '/\\:*?"<>|' else sign for sign in file_name)
    safe = safe.strip(". ") or "file"
    plain = safe.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


async def redirect(
    reading: Reading, storage: Storage, key: str, version_id: str | None, *, media_type: str, name: str, sha256: str
) -> Response:
    """Answer 307 to a link that says how the bytes are to be taken, and what their hash is."""
    lifetime, entry = timedelta(seconds=reading.settings.download_link_seconds), reading.trail.entry_id
    link = await storage.call(
        lambda: get_link(storage, key, version_id, media_type=media_type, name=name, lifetime=lifetime, entry=entry)
    )
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    headers = {"Location": link.url, "Cache-Control": "private, no-store", "Repr-Digest": f"sha-256=:{digest}:"}
    return Response(status_code=307, headers=headers)
