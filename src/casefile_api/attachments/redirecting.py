"""What the routes of attachments and bundles share: the storage of the process, and how a redirect is documented."""

from typing import Annotated, Any

from fastapi import Depends, Request

from casefile_api.attachments.storage import Storage


async def storage_at_hand(request: Request) -> Storage:
    """Return the storage of this process."""
    storage: Storage = request.app.state.storage
    return storage


StorageAtHand = Annotated[Storage, Depends(storage_at_hand)]
REDIRECT: dict[int | str, dict[str, Any]] = {
    307: {
        "description": "The bytes, for a minute, at `Location`; the names in it are ids.",
        "headers": {
            "Location": {"schema": {"type": "string", "format": "uri"}},
            "Content-Disposition": {"schema": {"type": "string"}, "description": "the file's own name (RFC 6266)"},
            "Repr-Digest": {"schema": {"type": "string"}, "description": "SHA-256 of the file (RFC 9530)"},
        },
    }
}
