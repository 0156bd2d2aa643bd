"""The parts of a running process that every request uses, made once at start-up."""

from dataclasses import dataclass

from casefile_api.access.guard import Guard
from casefile_api.access.key_proofs import ProofReader
from casefile_api.access.key_ring import KeyRing
from casefile_api.access.revocations import RevocationList
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.ledger.reads import ReadLedger
from casefile_api.ledger.refusals import RefusalTally
from casefile_api.ledger.stored_tree import KeptTiles
from casefile_api.settings import Settings
from casefile_api.vault import Vault
from casefile_api.web.limits import RateLimits
from casefile_api.web.turns import Turns


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process is made of; `app.state.parts` in the service, an argument in the worker."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    reads: ReadLedger
    keys: KeyRing
    issuer: TokenIssuer
    verifier: TokenVerifier
    key_proofs: ProofReader
    guard: Guard
    revocations: RevocationList
    limits: RateLimits
    address_limits: RateLimits
    tally: RefusalTally
    turns: Turns
    tiles: KeptTiles
    turns_of_strangers: Turns
