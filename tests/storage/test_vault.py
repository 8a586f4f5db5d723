"""Encryption, receipt codes and the pool."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.model.effects import PoolEntry
from storage.plaintext_cache import PlaintextCache
from storage.transactions.anonymous_pool import Pool
from storage.vault import (
    KeyProblem,
    Unreadable,
    Vault,
    code_hash,
    code_of,
    make_key,
    normalise_code,
    read_key,
)

KEY = bytes(range(32))
VAULT = Vault(KEY)
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PLACE = ("pool", "web:playground", "p1")
_OVERHEAD = 12 + 16  # nonce and tag


@given(st.binary(max_size=200), st.lists(st.text(), max_size=4))
def test_what_is_sealed_opens_in_its_place(plain: bytes, place: list[str]) -> None:
    """Decrypting with the same key and place returns the same bytes."""
    vault = Vault(KEY)
    assert vault.open(vault.seal(plain, *place), *place) == plain


@pytest.mark.parametrize(
    "elsewhere",
    [
        (),
        ("pool", "web:playground"),
        ("pool", "web:playground", "p2"),
        ("pool", "web:playgroundp", "1"),
        ("pool", "web:playground", "p1", ""),
        ("poolweb:playgroundp1",),
    ],
)
def test_a_row_that_was_moved_does_not_open(elsewhere: tuple[str, ...]) -> None:
    """The place is authenticated as additional data, with unambiguous separators."""
    vault = Vault(KEY)
    with pytest.raises(Unreadable):
        vault.open(vault.seal(b"ord", *PLACE), *elsewhere)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(60)])
def test_bytes_that_were_never_sealed_do_not_open(sealed: bytes) -> None:
    """Short or foreign bytes raise the error for unreadable values and no other."""
    with pytest.raises(Unreadable):
        Vault(KEY).open(sealed, *PLACE)


def test_another_key_opens_nothing_and_has_another_fingerprint() -> None:
    """The fingerprint differs between keys, and neither it nor repr() reveals the key."""
    mine, other = Vault(KEY), Vault(bytes(32))
    with pytest.raises(Unreadable):
        other.open(mine.seal(b"ord", *PLACE), *PLACE)
    assert mine.fingerprint() == Vault(KEY).fingerprint() != other.fingerprint()
    assert KEY.hex() not in repr(mine)
    assert mine.fingerprint() not in KEY.hex()


def test_what_is_read_again_is_opened_once_and_only_from_its_place() -> None:
    """The cache returns the text only for the same ciphertext in the same place."""
    vault = Vault(KEY)
    sealed = vault.seal(b"stillet", *PLACE)
    made: list[bytes] = []

    def make(plain: bytes) -> list[bytes]:
        made.append(plain)
        return [plain]

    first = vault.read(make, sealed, *PLACE)
    assert vault.read(make, sealed, *PLACE) is first
    assert made == [b"stillet"]
    with pytest.raises(Unreadable):
        vault.read(make, sealed, *PLACE[:-1], "p2")


def test_what_nobody_asks_for_is_remembered_two_turns_at_most() -> None:
    """Entries that are no longer used are dropped from the cache; used ones stay."""
    opened = PlaintextCache(most_bytes=100)
    opened.put("used", 1, 10)
    opened.put("left", 2, 10)
    for _ in range(5):
        opened.turn()
        assert opened.get("used") == 1
    assert opened.get("left") is None
    for number in range(1000):
        opened.put(number, number, 10)
    assert len(opened) <= 22


def test_a_mac_holds_for_its_data_and_key_only() -> None:
    """A button's token cannot be forged or changed without the key, and a malformed tag is just
    invalid."""
    vault = Vault(KEY)
    tag = vault.mac(b"project p1")
    assert len(tag) == 22
    assert vault.check_mac(b"project p1", tag)
    assert not vault.check_mac(b"project p2", tag)
    assert not Vault(bytes(32)).check_mac(b"project p1", tag)
    assert not vault.check_mac(b"project p1", "")
    assert not vault.check_mac(b"project p1", "æ\ud800")


def test_a_key_file_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    """The file has mode 0600, new folders 0700; a second key is refused and the first one kept."""
    path = tmp_path / "a" / "b" / "digi.key"
    key = make_key(path)
    assert read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    with pytest.raises(KeyProblem, match="already"):
        make_key(path)
    assert read_key(path) == key


@pytest.mark.parametrize("text", [b"", b"not base64 \xff", base64.b64encode(bytes(16))])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, text: bytes) -> None:
    """The message names the file and the variable."""
    path = tmp_path / "digi.key"
    path.write_bytes(text)
    with pytest.raises(KeyProblem, match=r"digi\.key.*DIGI_KEY_FILE"):
        read_key(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """Reading a key never creates one."""
    with pytest.raises(KeyProblem, match=r"gone\.key.*DIGI_KEY_FILE"):
        read_key(tmp_path / "gone.key")
    assert not (tmp_path / "gone.key").exists()


def test_a_code_has_its_form_and_is_never_the_same() -> None:
    """Codes have the form XXXX-XXXX-XXXX-XXXX-C and are read back as shown."""
    codes = {code_of(VAULT, f"form {n}") for n in range(500)}
    assert len(codes) == 500
    for code in codes:
        assert [len(part) for part in code.split("-")] == [4, 4, 4, 4, 1]
        assert set(code) <= {*LETTERS, "-"}
        assert normalise_code(code) == code


def test_a_code_is_read_however_it_was_typed() -> None:
    """Case, white space, any kind of hyphen and look-alike letters are accepted."""
    code = normalise_code("0000-1111-ABCD-EFGH-" + _check("00001111ABCDEFGH"))
    assert code is not None
    plain = code.replace("-", "")
    spellings = [
        plain,
        plain.lower(),
        f"  {code} \n",
        code.replace("-", " "),
        code.replace("-", "–"),
        "-".join(plain),
        code.replace("0", "O").replace("1", "l"),
        code.replace("0", "o").replace("1", "I"),
    ]
    assert {normalise_code(text) for text in spellings} == {code}
    assert {code_hash(text) for text in spellings} == {code_hash(code)}


def test_every_single_wrong_letter_is_noticed() -> None:
    """The check character detects each changed character, and each swap of two different ones."""
    for n in range(20):
        plain = code_of(VAULT, f"form {n}").replace("-", "")
        for at, right in enumerate(plain):
            for letter in LETTERS.replace(right, ""):
                assert normalise_code(plain[:at] + letter + plain[at + 1 :]) is None
        for at in range(len(plain) - 1):
            one, two = plain[at], plain[at + 1]
            if one != two:
                assert normalise_code(plain[:at] + two + one + plain[at + 2 :]) is None


@given(st.text())
def test_other_text_is_no_code_and_does_no_harm(text: str) -> None:
    """Any text gives a code or None."""
    assert normalise_code(text) is None or len(text) >= 17


def test_a_wrong_code_has_no_hash() -> None:
    """Nothing is looked up for a text that cannot be a code."""
    with pytest.raises(ValueError, match="not a receipt code"):
        code_hash("0000")


def test_the_same_form_shows_the_same_code_again() -> None:
    """Pressing Send twice gives one receipt, which cannot be computed without the key."""
    assert code_of(VAULT, "form") == code_of(Vault(KEY), "form")
    assert code_of(VAULT, "form") != code_of(Vault(bytes(32)), "form")


@pytest.mark.parametrize("count", [0, 1, 5, 40, 200])
def test_a_pool_comes_back_whole_in_the_order_of_random_ids(count: int) -> None:
    """All entries are returned, sorted by random ids that reveal nothing about their time."""
    pool = Pool()
    for n in range(count):
        pool = laid_in(pool, f"f{n}", f"æøå {n}")
    found = Pool.open(VAULT, *PLACE[1:], pool.seal(VAULT, *PLACE[1:])).entries
    assert [entry.id for entry in found] == sorted(entry.id for entry in pool.entries)
    assert {entry.body["text"] for entry in found} == {f"æøå {n}" for n in range(count)}


@pytest.mark.parametrize(
    ("letters", "size"), [(0, 4096), (3000, 4096), (4000, 8192), (8100, 16384), (60_000, 65_536)]
)
def test_a_pool_has_the_size_of_a_power_of_two(letters: int, size: int) -> None:
    """A new entry changes the row's size only when it passes a power of two."""
    pool = laid_in(Pool(), "f", "x" * letters)
    assert len(pool.seal(VAULT, *PLACE[1:])) == size + _OVERHEAD


@given(st.integers(0, 9000))
def test_no_pool_is_of_any_other_size(letters: int) -> None:
    """For any content the size is a power of two and at least the minimum."""
    size = len(laid_in(Pool(), "f", "x" * letters).seal(VAULT, *PLACE[1:])) - _OVERHEAD
    assert size >= 4096
    assert size.bit_count() == 1


def test_a_pool_sealed_twice_shares_nothing_but_its_size() -> None:
    """A nightly rewrite cannot be distinguished from one after a new entry."""
    pool = laid_in(Pool(), "f", "ord")
    first, second = (pool.seal(VAULT, *PLACE[1:]) for _ in range(2))
    assert first != second
    assert len(first) == len(second)


def test_a_pool_of_another_project_does_not_open() -> None:
    """A row copied to another project or workplace cannot be decrypted."""
    sealed = laid_in(Pool(), "f", "ord").seal(VAULT, "web:playground", "p1")
    for place in (("web:playground", "p2"), ("slack:T1", "p1")):
        with pytest.raises(Unreadable):
            Pool.open(VAULT, *place, sealed)


def laid_in(pool: Pool, form: str, text: str) -> Pool:
    entry = PoolEntry(kind="concern", ref="", body={"text": text})
    return pool.add(entry, code_hash(code_of(VAULT, form)), form, "")


def _check(plain: str) -> str:
    return next(letter for letter in LETTERS if normalise_code(plain + letter))
