"""No token but one of ours, unaltered and current, is believed (RFC 8725 3, RFC 9068 4).

joserfc, an implementation the service does not use here, makes the forgeries and reads what the service issues.
"""

import contextlib
import statistics
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from casefile_api.access import tokens
from casefile_api.access.key_ring import LOOK_EVERY_SECONDS
from casefile_api.access.revocations import REFRESH_SECONDS, RevocationList, Revocations
from casefile_api.access.signing_keys import SigningKeys, ensure_signing_key, new_signing_key_pem
from casefile_api.access.tokens import Claims, TokenIssuer, TokenVerifier
from casefile_api.errors import DependencyUnavailable, Misconfigured, NotAuthenticated
from tests.outside.forging import Forger, forged_tokens

ISSUER = "https://casefile.example"
WITHOUT_END = {"deep nesting", "oversized"}
WORDS = "A valid access token is needed."

PEM = new_signing_key_pem()
KEYS = SigningKeys.from_pems([PEM])
KID = KEYS.signing.kid
OUR_KEY = ECKey.import_key(PEM)


def verifier(revocations: RevocationList | None = None, keys: SigningKeys = KEYS) -> TokenVerifier:
    return TokenVerifier(keys, ISSUER, revocations or RevocationList())


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": ISSUER,
        "sub": "PC2041",
        "aud": ISSUER,
        "exp": now + 600,
        "iat": now,
        "jti": "0193-a",
        "client_id": "force-53-rms",
        "org": "police-53",
        "roles": ["officer"],
        "scope": "case-files:read",
        "name": "A Constable",
        "unit": "police-53-rasso",
        **changes,
    }


def signed(payload: dict[str, object]) -> str:
    return Forger(OUR_KEY, KID, claims()).signed(payload)


def issued() -> tuple[str, Claims]:
    issuer = TokenIssuer(KEYS, ISSUER)
    said = issuer.claims_for(
        subject="PC2041",
        client_id="force-53-rms",
        organisation="police-53",
        roles=frozenset({"officer", "supervisor"}),
        scopes=frozenset({"case-files:read", "case-files:write"}),
        issued_at=int(time.time()),
        name="A Constable",
        unit="police-53-rasso",
    )
    return issuer.sign(said), said


def test_a_token_we_issue_is_read_back_as_it_was_meant() -> None:
    token, said = issued()

    assert verifier().verify(token) == said


def test_a_second_implementation_reads_our_token_with_the_published_keys_alone() -> None:
    token, said = issued()

    published = KeySet([ECKey.import_key(dict(key)) for key in KEYS.public_set()["keys"]])
    read = jwt.decode(token, published, algorithms=["ES256"])

    assert read.header == {"alg": "ES256", "typ": "at+jwt", "kid": KID}
    assert read.claims["exp"] - read.claims["iat"] == 900
    assert read.claims["aud"] == read.claims["iss"] == ISSUER
    assert read.claims["roles"] == ["officer", "supervisor"]
    assert (read.claims["jti"], read.claims["org"]) == (said.token_id, "police-53")


def test_the_key_id_is_the_thumbprint_that_a_second_implementation_computes() -> None:
    assert ECKey.import_key(PEM).thumbprint() == KID


def test_no_published_key_holds_a_private_member() -> None:
    assert all("d" not in key for key in KEYS.public_set()["keys"])
    assert "PRIVATE" not in repr(KEYS)


def test_a_token_made_by_a_second_implementation_with_our_key_is_believed() -> None:
    assert verifier().verify(signed(claims())).subject == "PC2041"


FORGERIES = sorted(forged_tokens(Forger(OUR_KEY, KID, claims())))


def forged(name: str) -> str:
    """A forgery made now: refused for what is wrong with it, and not for its age."""
    return forged_tokens(Forger(OUR_KEY, KID, claims()))[name]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_in_the_same_words_as_any_other(name: str) -> None:
    with pytest.raises(NotAuthenticated) as refusal:
        verifier().verify(forged(name))

    assert refusal.value.detail == WORDS
    assert refusal.value.reason


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_costs_one_verification_wherever_it_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = forged(name)
    verify, verified = tokens.jws.verify, []
    monkeypatch.setattr(tokens.jws, "verify", lambda *given, **more: verified.append(given) or verify(*given, **more))
    with pytest.raises(NotAuthenticated):
        verifier().verify(token)

    assert len(verified) == 1


@pytest.mark.soak
def test_no_forgery_is_told_from_another_by_time() -> None:
    """Each kind is refused many times in turn; the middle times of all lie close to that of a bad signature."""
    kinds = {name: forged(name) for name in FORGERIES if name not in WITHOUT_END}
    times: dict[str, list[int]] = {name: [] for name in kinds}
    checking = verifier()
    for _ in range(400):
        for name, token in kinds.items():
            begun = time.perf_counter_ns()
            with contextlib.suppress(NotAuthenticated):
                checking.verify(token)
            times[name].append(time.perf_counter_ns() - begun)

    middle = {name: statistics.median(taken) for name, taken in times.items()}
    usual = middle["another key under our kid"]
    assert {name: round(took / usual, 2) for name, took in middle.items() if not 0.6 < took / usual < 1.67} == {}


def test_a_token_is_refused_the_moment_it_expires_though_it_was_remembered() -> None:
    now = [time.time()]
    remembering = TokenVerifier(KEYS, ISSUER, RevocationList(), now=lambda: now[0])
    token = signed(claims())
    remembering.verify(token)

    now[0] += 601

    with pytest.raises(NotAuthenticated):
        remembering.verify(token)


def test_a_revoked_token_is_refused_though_it_was_remembered() -> None:
    revocations = RevocationList()
    checking = verifier(revocations)
    token, said = issued()
    checking.verify(token)

    revocations.replace(Revocations(tokens=frozenset({said.token_id})))

    with pytest.raises(NotAuthenticated):
        checking.verify(token)


@pytest.mark.parametrize("cutoff", [("client", "police-53", "force-53-rms"), ("staff", "police-53", "PC2041")])
def test_a_cut_off_ends_the_tokens_issued_until_then_and_no_later_one(cutoff: tuple[str, str, str]) -> None:
    revocations, now = RevocationList(), int(time.time())
    earlier, later = signed(claims(iat=now - 10)), signed(claims(iat=now - 9))

    revocations.replace(Revocations(cutoffs={cutoff: now - 10}))

    assert verifier(revocations).verify(later)
    with pytest.raises(NotAuthenticated):
        verifier(revocations).verify(earlier)


def test_a_cut_off_of_another_organisation_touches_nobody_here() -> None:
    revocations = RevocationList()
    revocations.replace(Revocations(cutoffs={("staff", "police-20", "PC2041"): int(time.time()) + 60}))

    assert verifier(revocations).verify(signed(claims()))


def test_what_every_process_must_know_within_five_seconds_is_looked_at_twice_in_that_time() -> None:
    assert max(REFRESH_SECONDS, LOOK_EVERY_SECONDS) <= 2.5


def test_nobody_is_let_in_when_revocations_could_not_be_read_for_long() -> None:
    stale = RevocationList(trusted_seconds=-1.0)

    with pytest.raises(DependencyUnavailable):
        verifier(stale).verify(signed(claims()))


def test_a_token_of_the_key_before_is_believed_while_keys_rotate() -> None:
    token, _ = issued()
    rotated = SigningKeys.from_pems([new_signing_key_pem(), PEM])

    assert verifier(keys=rotated).verify(token)
    assert rotated.signing.kid != KID


def test_a_retired_key_opens_nothing() -> None:
    token, _ = issued()

    with pytest.raises(NotAuthenticated):
        verifier(keys=SigningKeys.from_pems([new_signing_key_pem()])).verify(token)


def test_a_key_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = ensure_signing_key(tmp_path / "keys" / "token.pem")
    first = path.read_bytes()

    assert ensure_signing_key(path).read_bytes() == first
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["token.pem"]


@pytest.mark.parametrize("pem", [b"", b"nonsense", ECKey.generate_key("P-384").as_pem(private=True)])
def test_a_key_that_cannot_sign_es256_stops_the_start_without_showing_itself(pem: bytes) -> None:
    with pytest.raises(Misconfigured) as fault:
        SigningKeys.from_pems([pem])

    assert "BEGIN" not in str(fault.value)
