"""Token keys are replaced with overlap: known before they sign, and known until their last token has ended."""

import os
import time
from pathlib import Path

import pytest

from casefile_api.access.key_ring import KeyRing
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import (
    SigningKey,
    SigningKeys,
    ensure_signing_key,
    key_files,
    new_signing_key,
    new_signing_key_pem,
    replace_key_file,
)
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from casefile_api.cli.keys import LIVES_ON_SECONDS, ends, state_of
from casefile_api.errors import Misconfigured, NotAuthenticated

ISSUER = "https://casefile.example"
NOW = int(time.time())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return ensure_signing_key(tmp_path / "token.pem")


def keys_in(file: Path) -> list[SigningKey]:
    return list(SigningKeys.from_files([file]).keys)


def put_first(file: Path, key: SigningKey) -> SigningKey:
    replace_key_file(file, [key, *keys_in(file)])
    return key


def token_of(ring: KeyRing) -> str:
    issuer = TokenIssuer(ring, ISSUER)
    said = issuer.claims_for(
        subject="s",
        client_id="c",
        organisation="police-53",
        roles=frozenset({"system"}),
        scopes=frozenset(),
        issued_at=int(time.time()),
    )
    return issuer.sign(said)


def test_a_key_file_reads_back_as_it_was_written(file: Path) -> None:
    new = put_first(file, new_signing_key(NOW + 3600))

    assert keys_in(file)[0] == new
    assert [key.signs_from for key in keys_in(file)] == [NOW + 3600, 0]
    assert file.stat().st_mode & 0o077 == 0


def test_a_key_that_is_being_made_known_is_published_and_does_not_sign(file: Path) -> None:
    (old,) = keys_in(file)
    new = put_first(file, new_signing_key(NOW + 3600))
    keys = SigningKeys.from_files([file])

    assert keys.signing.kid == old.kid
    assert [key["kid"] for key in keys.public_set()["keys"]] == [new.kid, old.kid]
    assert not any("d" in key for key in keys.public_set()["keys"])


def test_a_running_process_takes_a_new_key_up_and_believes_tokens_of_both(file: Path) -> None:
    ring = KeyRing([file])
    verifier = TokenVerifier(ring, ISSUER, RevocationList())
    before = token_of(ring)
    new = put_first(file, new_signing_key(NOW))
    ring.reread()

    assert ring.newest().signing.kid == new.kid
    assert verifier.verify(before) and verifier.verify(token_of(ring))


def test_a_token_of_a_key_that_another_process_read_first_is_not_refused(file: Path) -> None:
    behind = TokenVerifier(KeyRing([file]), ISSUER, RevocationList())
    put_first(file, new_signing_key(NOW))

    assert behind.verify(token_of(KeyRing([file])))


def test_a_token_of_a_key_taken_away_is_refused_though_it_was_believed_before(file: Path) -> None:
    ring = KeyRing([file])
    verifier = TokenVerifier(ring, ISSUER, RevocationList())
    token = token_of(ring)
    assert verifier.verify(token)
    replace_key_file(file, [new_signing_key()])
    ring.reread()

    with pytest.raises(NotAuthenticated):
        verifier.verify(token)


def test_a_file_that_cannot_be_read_leaves_the_keys_as_they_were(file: Path) -> None:
    ring = KeyRing([file])
    known = ring.newest()
    file.write_text("nonsense")
    ring.reread()
    file.unlink()
    ring.reread()

    assert ring.newest() is known


def test_what_openssl_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "openssl.pem"
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    file.write_bytes(parameters + new_signing_key_pem())

    assert len(keys_in(file)) == 1


def test_a_moment_that_is_none_stops_the_start(file: Path) -> None:
    file.write_text("Signs-From: tomorrow\n" + file.read_text())

    with pytest.raises(Misconfigured, match="Signs-From"):
        KeyRing([file])


def test_a_key_ends_when_the_next_one_signs_and_can_be_retired_when_its_tokens_have_ended() -> None:
    waiting, signing = new_signing_key(NOW + 3600), new_signing_key(NOW - 60)
    living, done = new_signing_key(NOW - LIVES_ON_SECONDS - 120), new_signing_key()
    ended = ends([(Path("file"), key) for key in (waiting, signing, living, done)])

    assert ended == {living.kid: NOW - 60, done.kid: NOW - LIVES_ON_SECONDS - 120}
    states = [state_of(key, ended) for key in (waiting, signing, living, done)]
    assert states == ["is being made known", "signs", "verifies until its tokens end", "can be retired"]


def test_the_setting_names_files_and_without_it_one_is_made(tmp_path: Path) -> None:
    assert key_files("a.pem, b.pem", tmp_path) == [Path("a.pem"), Path("b.pem")]
    assert key_files("", tmp_path)[0].exists()


def test_a_key_file_keeps_its_owner(file: Path) -> None:
    put_first(file, new_signing_key(NOW))
    assert file.stat().st_uid == os.getuid()
