"""What a request asks, in the words that its reader is to see.

The police read what they edited since the request was returned; the CPS reads what it was sent, until it is sent again.
"""

from casefile_api.access.caller import OrganisationKind
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.sealing import Json, open_words, seal_words
from casefile_api.unit_of_work import Reading, UnitOfWork

_SENT, _EDITED = "early_advice_request.sealed", "early_advice_request.edited"


async def words_asked(reading: Reading, request: EarlyAdviceRequest) -> dict[str, Json]:
    """Return the facts, issues and questions of a request, as its reader sees them."""
    if request.edited is not None and reading.caller.kind is OrganisationKind.POLICE:
        return await open_words(reading, request.case_file_id, _EDITED, request.id, request.edited)
    return await open_words(reading, request.case_file_id, _SENT, request.id, request.sealed)


async def keep_words(work: UnitOfWork, request: EarlyAdviceRequest, words: dict[str, Json], *, sent: bool) -> None:
    """Keep what a request asks: as the CPS reads it, or beside what it was sent."""
    sealed = await seal_words(work, request.case_file_id, _SENT if sent else _EDITED, request.id, words)
    if sent:
        request.sealed, request.edited = sealed, None
    else:
        request.edited = sealed


async def send_edited(work: UnitOfWork, request: EarlyAdviceRequest) -> None:
    """Let what was edited be what is sent: the request is submitted again."""
    if request.edited is not None:
        await keep_words(work, request, await words_asked(work, request), sent=True)
