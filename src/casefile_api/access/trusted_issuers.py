"""Whose tokens are believed beside our own: issuers that an organisation keeps itself (Entra ID, Keycloak).

The settings name each with the one organisation that it speaks for, and say how its claims are called. What it says is
never more than what that organisation has registered here; see `external_tokens`.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from casefile_api.access.caller import kind_of
from casefile_api.access.permissions import ROLES, SCOPES
from casefile_api.errors import Misconfigured

SETTING = "CASEFILE_TRUSTED_ISSUERS"
LONGEST_MINUTES = 90

Algorithm = Literal["ES256", "PS256", "EdDSA", "Ed25519", "RS256"]
ClaimPath = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimNames(_Part):
    """What an issuer calls things; a list of names leads into an object within the token."""

    client: ClaimPath = ("client_id",)
    staff: ClaimPath = ("staff_id",)
    roles: ClaimPath = ("roles",)
    scope: ClaimPath = ("scope",)
    unit: ClaimPath | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _one_name_is_a_path(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given


class TrustedIssuer(_Part):
    """An issuer, the organisation it speaks for, and how its tokens read."""

    issuer: Annotated[str, Field(min_length=1, max_length=2048)]
    audience: Annotated[str, Field(min_length=1)]
    organisation: str
    # RS256 is what Entra ID signs with; FAPI 2.0 wants it nowhere, so it has to be asked for by name.
    algorithms: frozenset[Algorithm] = frozenset({"ES256", "PS256", "EdDSA", "Ed25519"})
    type: str = "at+jwt"
    jwks_uri: str | None = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    longest_minutes: Annotated[int, Field(ge=1, le=LONGEST_MINUTES)] = LONGEST_MINUTES
    claims: ClaimNames = ClaimNames()
    # What its values are called here; where a map is left out they are called the same.
    clients: Mapping[str, str] | None = None
    roles: Mapping[str, str] | None = None
    units: Mapping[str, str] | None = None
    scopes: Mapping[str, str] | None = None

    @field_validator("organisation")
    @classmethod
    def _is_of_a_kind(cls, given: str) -> str:
        kind_of(given)
        return given

    @field_validator("roles")
    @classmethod
    def _are_our_roles(cls, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
        return _known(given, {role for roles in ROLES.values() for role in roles})

    @field_validator("scopes")
    @classmethod
    def _are_our_scopes(cls, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
        return _known(given, set(SCOPES))


def _known(given: Mapping[str, str] | None, ours: set[str]) -> Mapping[str, str] | None:
    strange = set((given or {}).values()) - ours
    if strange:
        raise ValueError(f"not known here: {', '.join(sorted(strange))}")
    return given


_LIST = TypeAdapter(tuple[TrustedIssuer, ...])


@lru_cache(maxsize=8)
def read_issuers(setting: str, own_issuer: str) -> tuple[TrustedIssuer, ...]:
    """Read CASEFILE_TRUSTED_ISSUERS, a JSON list.

    Raises Misconfigured naming the place that is wrong.
    """
    if not setting.strip():
        return ()
    try:
        issuers = _LIST.validate_json(setting)
    except ValidationError as found:
        first = found.errors(include_input=False, include_url=False)[0]
        place = "/".join(map(str, first["loc"]))
        raise Misconfigured(f"{SETTING} cannot be read at /{place}: {first['msg']}.") from None
    names = [issuer.issuer for issuer in issuers]
    if len(set(names)) != len(names) or own_issuer in names:
        raise Misconfigured(f"{SETTING} names an issuer twice, or the service itself.")
    return issuers
