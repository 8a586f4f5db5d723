"""Encrypts (seals) and decrypts (opens) every text that Digi stores, and makes MACs and codes.

Whoever has a copy of the database without the key reads no text in it.
"""

import base64
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.plaintext_cache import PlaintextCache

T = TypeVar("T")

KEY_BYTES = 32
_NONCE = 12
_MAC = 16


class KeyProblem(Exception):
    """The key file cannot be used."""


class Unreadable(Exception):
    """A value cannot be decrypted: another key, or its row was moved or changed."""


class Vault:
    """Seals and opens with one key; the key itself is only used to derive others (HKDF).

    Key rotation while Digi runs: from `turn_to` until `settle`, values sealed with either the old
    or the new key open.
    """

    def __init__(self, key: bytes) -> None:
        self._sealing = _Derived(key)
        self._before: _Derived | None = None
        self._secret = _derived(key, "mac") + _derived(key, "draw")
        self._opened = PlaintextCache()
        self.unreadable: Counter[str] = Counter()
        """How many values of each table did not open. Logged once an hour, not when it happens: the
        time would tell when somebody looked."""

    def __repr__(self) -> str:
        return f"Vault({self.fingerprint()})"

    @property
    def secret(self) -> bytes:
        """The secret behind the MACs of buttons and votes and behind receipt codes. It is derived
        from the first key and stored encrypted, so that rotating the key leaves old buttons and
        codes valid."""
        return self._secret

    def remember(self, secret: bytes) -> None:
        self._secret = secret

    def turn_to(self, key: bytes) -> None:
        """Seal with this key from now on; values sealed with the previous key still open."""
        new = _Derived(key)
        if new.fingerprint != self._sealing.fingerprint:
            self._before, self._sealing = self._sealing, new

    def settle(self) -> None:
        """End a key rotation: no value is left that the previous key has sealed."""
        self._before = None

    @property
    def has_two_keys(self) -> bool:
        return self._before is not None

    def fingerprint(self) -> str:
        """Return a derived value that identifies the key without revealing it."""
        return self._sealing.fingerprint

    def backup_key(self) -> bytes:
        return self._sealing.backup

    def seal(self, plain: bytes, *aad: str) -> bytes:
        """Encrypt a value, with `aad` (its table, column and row) as associated data."""
        nonce = os.urandom(_NONCE)
        return nonce + self._sealing.aead.encrypt(nonce, plain, _joined(aad))

    def open(self, sealed: bytes, *aad: str) -> bytes:
        for one in filter(None, (self._sealing, self._before)):
            if (plain := one.opened(sealed, aad)) is not None:
                return plain
        what = aad[0] if aad else "it"
        self.unreadable[what] += 1
        # From nothing: a traceback with the sealed bytes in it helps nobody.
        raise Unreadable(f"{what} does not open with this key") from None

    def resealed(self, sealed: bytes, *aad: str) -> bytes | None:
        """Encrypt a value again with the new key; None if that has happened already."""
        if self._sealing.opened(sealed, aad) is not None:
            return None
        return self.seal(self.open(sealed, *aad), *aad)

    def open_if_whole(self, sealed: bytes, *aad: str) -> bytes | None:
        """Decrypt a value; None if it is damaged, for callers that can go on without it."""
        try:
            return self.open(sealed, *aad)
        except Unreadable:
            return None

    def read(self, made: Callable[[bytes], T], sealed: bytes, *aad: str) -> T:
        """Decrypt and decode with `made`, and cache the result for a minute or two. For named
        values that are read again and again; never for unsigned ones. Callers share the result, so
        it must be immutable."""
        return self.read_at(made, sealed, aad)

    def read_at(self, made: Callable[[bytes], T], sealed: bytes, aad: tuple[str, ...]) -> T:
        """Like `read`, with the place as one value: a status reads some fifty rows."""
        key = (made, sealed, aad)
        found: T | None = self._opened.get(key)
        if found is None:
            found = made(self.open(sealed, *aad))
            self._opened.put(key, found, len(sealed))
        return found

    def fade(self) -> None:
        """Called each minute: drop cached plaintext that was not read since the previous call."""
        self._opened.turn()

    def forget(self) -> None:
        """Called after a deletion: drop all cached plaintext."""
        self._opened.clear()

    def mac(self, data: bytes) -> str:
        """Return a MAC of 22 letters."""
        tag = hmac.digest(self._secret[:KEY_BYTES], data, "sha256")[:_MAC]
        return base64.urlsafe_b64encode(tag).rstrip(b"=").decode()

    def check_mac(self, data: bytes, tag: str) -> bool:
        return hmac.compare_digest(self.mac(data).encode(), tag.encode("utf-8", "replace"))

    def drawn(self, data: bytes) -> bytes:
        """Return 32 pseudorandom bytes: the same data gives the same bytes, which only a holder of
        the key can predict."""
        return hmac.digest(self._secret[KEY_BYTES:], data, "sha256")


class _Derived:
    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyProblem(f"a key is {KEY_BYTES} bytes, this one is {len(key)}")
        self.aead = AESGCM(_derived(key, "seal"))
        self.backup = _derived(key, "backup")
        self.fingerprint = _derived(key, "fingerprint")[:8].hex()

    def opened(self, sealed: bytes, aad: tuple[str, ...]) -> bytes | None:
        try:
            return self.aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], _joined(aad))
        except (InvalidTag, ValueError):
            return None


def _derived(key: bytes, use: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"digi {use} 1".encode()).derive(key)


def _joined(parts: tuple[str, ...]) -> bytes:
    return b"".join(map(_part, parts))


@lru_cache(maxsize=16_384)
def _part(part: str) -> bytes:
    # With its length before each part, ("ab", "c") and ("a", "bc") are two places.
    raw = part.encode()
    return len(raw).to_bytes(4, "big") + raw


# The key file


def read_key(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise KeyProblem(
            f"{path}: there is no key; put the key of this database back there,"
            " or name its place in DIGI_KEY_FILE"
        ) from None
    except OSError as error:
        raise KeyProblem(f"{path}: the key cannot be read ({error.strerror})") from None
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyProblem(
            f"{path}: this is no Digi key; put the key of this database back there,"
            " or name its place in DIGI_KEY_FILE"
        )
    return key


def make_key(path: Path) -> bytes:
    """Write a new key to a new file; an existing file is never overwritten."""
    key = new_key()
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise KeyProblem(f"{path}: there is a key already, and it was left as it is") from None
    with os.fdopen(file, "wb") as out:
        out.write(base64.b64encode(key) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)  # and its name
    finally:
        os.close(handle)
    return key


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


# Receipt codes

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_BETWEEN = re.compile(r"[\s\-‐-―−_.]+")
_CODE_LENGTH = 16


def code_of(vault: Vault, form: str) -> str:
    """Write 80 bits and a check character in groups for copying: XXXX-XXXX-XXXX-XXXX-C.

    Drawn from the form's random id, so that pressing Send again shows the same code, and nothing
    but its hash is kept.
    """
    bits = int.from_bytes(vault.drawn(b"receipt " + form.encode())[:10], "big")
    letters = "".join(_ALPHABET[bits >> 5 * at & 31] for at in range(_CODE_LENGTH))
    return _shown(letters + _check_letter(letters))


def normalise_code(text: str) -> str | None:
    """Normalize a typed code to the form in which it was shown; None if it cannot be one."""
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper().translate(_ALIKE)
    if len(plain) != _CODE_LENGTH + 1 or not set(plain) <= _VALUE.keys():
        return None
    if _check_letter(plain[:-1]) != plain[-1]:
        return None
    return _shown(plain)


def code_hash(code: str) -> bytes:
    """Return the hash that is stored of a code. With 80 random bits a plain hash is enough."""
    shown = normalise_code(code)
    if shown is None:
        raise ValueError("not a receipt code")
    return hashlib.sha256(shown.encode()).digest()


def _shown(plain: str) -> str:
    return "-".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def _check_letter(letters: str) -> str:
    # A sum in GF(32): every changed letter and every swapped pair gives another letter, and the
    # check stays within the alphabet (Crockford's own modulo 37 needs * ~ $ = U).
    total = 0
    for letter in letters:
        total = (total ^ _VALUE[letter]) << 1
        if total & 32:
            total ^= 0b100101
    return _ALPHABET[total]
