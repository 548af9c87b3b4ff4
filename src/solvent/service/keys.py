"""Keys of machines and tokens of people.

A key is `slv_<id>_<secret>`: the secret is 256 random bits, only its SHA-256 is kept, compared in constant time. A slow
hash would gain nothing against so much chance and would be a lever to exhaust the process. Keys are made and revoked by
acts in the journal, so they survive a restart and are known to a standby.

People may come with a token of an OpenID provider: a JWT whose algorithm is pinned, with `exp`, `iat`, `aud`, `iss`
and `sub` required, and whose claim `solvent_role` (or the one the settings name) is one of the roles.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from solvent.service.problems import Problem
from solvent.service.roles import Caller, Role

_KEY: Final = re.compile(r"slv_([a-z0-9]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
CLAIMS: Final = ("exp", "iat", "aud", "iss", "sub")
TOKENS_REMEMBERED: Final = 1024
PER_SECOND_DEFAULT: Final = 5_000


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a key."""

    id: str
    name: str
    role: Role
    venue: str
    sha256: str
    sources: tuple[str, ...] = ()
    per_second: int = PER_SECOND_DEFAULT
    seats: tuple[int, ...] = ()

    def caller(self) -> Caller:
        """Who comes with it."""
        return Caller(self.name, self.id, self.role, self.venue, self.sources, self.per_second, self.seats)


def make_key(
    name: str,
    role: Role,
    venue: str,
    sources: tuple[str, ...] = (),
    per_second: int = PER_SECOND_DEFAULT,
    seats: tuple[int, ...] = (),
) -> tuple[Key, str]:
    """A new key and the text to hand over, once; the text is kept nowhere."""
    number, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    key = Key(
        id=number,
        name=name,
        role=role,
        venue=venue,
        sha256=hashed,
        sources=sources,
        per_second=per_second,
        seats=seats,
    )
    return key, f"slv_{number}_{secret}"


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which tokens of people are believed. `key` is the provider's public key in PEM, read from a file."""

    issuer: str
    audience: str
    key: str
    algorithm: str = "RS256"
    role_claim: str = "solvent_role"


class Door:
    """Turns what a request brings into a caller, or refuses."""

    def __init__(self, keys: Mapping[str, Key], venue: str, tokens: TokenSettings | None = None) -> None:
        self._keys = keys
        self._venue = venue
        self._tokens = tokens
        self._remembered: dict[bytes, tuple[float, Caller]] = {}

    def caller(self, header: str | None, now_s: float) -> Caller:
        """The caller of an `Authorization` header. Raises Problem."""
        if not header:
            raise Problem("key_missing", "This needs a key.", "Send Authorization: Bearer slv_…")
        scheme, _space, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Problem("key_unknown", "The authorization scheme is not Bearer.", "Send Authorization: Bearer slv_…")
        return self.caller_of(text.strip(), now_s)

    def caller_of(self, text: str, now_s: float) -> Caller:
        """The caller of a key or token. Raises Problem; which part was wrong is not told."""
        if self._tokens is not None and text.count(".") == 2:
            return self._person(text, now_s)
        found = _KEY.fullmatch(text)
        key = self._keys.get(found[1]) if found else None
        given = hashlib.sha256(found[2].encode()).hexdigest() if found else ""
        # compared also where there is no such key, so that both answers take as long
        same = hmac.compare_digest(given, key.sha256 if key else "0" * 64)
        if key is None or not same:
            raise Problem("key_unknown", "This key is not known here.", "Ask the administrator for a key.")
        return key.caller()

    def _person(self, token: str, now_s: float) -> Caller:
        import jwt

        settings = self._tokens
        assert settings is not None, "asked only where tokens are believed"
        fingerprint = hashlib.sha256(token.encode()).digest()
        remembered = self._remembered.get(fingerprint)
        if remembered is not None and remembered[0] > now_s:
            return remembered[1]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                settings.key,
                algorithms=[settings.algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                options={"require": list(CLAIMS)},
            )
            role = Role(claims.get(settings.role_claim, ""))
        except (jwt.InvalidTokenError, ValueError):
            raise Problem("key_unknown", "This token is not accepted.", "Sign in again.") from None
        if role == Role.SERVICE:
            raise Problem("key_unknown", "This token is not accepted.", "Sign in again.")
        caller = Caller(str(claims["sub"])[:120], "token", role, self._venue, (), PER_SECOND_DEFAULT)
        if len(self._remembered) >= TOKENS_REMEMBERED:
            self._remembered.clear()
        self._remembered[fingerprint] = (min(float(claims["exp"]), now_s + 60), caller)
        return caller
