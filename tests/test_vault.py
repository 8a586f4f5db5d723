"""Sealing, receipt codes and the pool."""

import base64
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import (
    POOL_FLOOR,
    KeyProblem,
    Unreadable,
    Vault,
    code_hash,
    form_hash,
    make_key,
    new_code,
    normalise_code,
    open_pool,
    pool_entry,
    read_key,
    seal_pool,
)

KEY = bytes(range(32))
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PLACE = ("pool", "web:playground", "p1")
_OVERHEAD = 12 + 16  # nonce and tag


@given(st.binary(max_size=200), st.lists(st.text(), max_size=4))
def test_what_is_sealed_opens_in_its_place(plain: bytes, place: list[str]) -> None:
    """Sealing and opening with the same key and place gives the same bytes."""
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
    """The place is part of the seal, and its parts cannot be cut another way."""
    vault = Vault(KEY)
    with pytest.raises(Unreadable):
        vault.open(vault.seal(b"ord", *PLACE), *elsewhere)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(60)])
def test_bytes_that_were_never_sealed_do_not_open(sealed: bytes) -> None:
    """A short or foreign value is unreadable, and nothing worse."""
    with pytest.raises(Unreadable):
        Vault(KEY).open(sealed, *PLACE)


def test_another_key_opens_nothing_and_has_another_fingerprint() -> None:
    """The fingerprint tells keys apart, and neither it nor the vault's name shows the key."""
    mine, other = Vault(KEY), Vault(bytes(32))
    with pytest.raises(Unreadable):
        other.open(mine.seal(b"ord", *PLACE), *PLACE)
    assert mine.fingerprint() == Vault(KEY).fingerprint() != other.fingerprint()
    assert KEY.hex() not in repr(mine)
    assert mine.fingerprint() not in KEY.hex()


def test_a_mac_holds_for_its_data_and_key_only() -> None:
    """A button's value cannot be made or changed without the key, and odd tags are only wrong."""
    vault = Vault(KEY)
    tag = vault.mac(b"project p1")
    assert len(tag) == 22
    assert vault.check_mac(b"project p1", tag)
    assert not vault.check_mac(b"project p2", tag)
    assert not Vault(bytes(32)).check_mac(b"project p1", tag)
    assert not vault.check_mac(b"project p1", "")
    assert not vault.check_mac(b"project p1", "æ\ud800")


def test_a_key_file_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    """The file is 0600, its new folders 0700; a second key is refused and the first one kept."""
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
    """The operator reads which file is wrong and which variable names it."""
    path = tmp_path / "digi.key"
    path.write_bytes(text)
    with pytest.raises(KeyProblem, match=r"digi\.key.*DIGI_KEY_FILE"):
        read_key(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """No key is made in passing where one is only read."""
    with pytest.raises(KeyProblem, match=r"gone\.key.*DIGI_KEY_FILE"):
        read_key(tmp_path / "gone.key")
    assert not (tmp_path / "gone.key").exists()


def test_a_code_has_its_form_and_is_never_the_same() -> None:
    """Codes look like XXXX-XXXX-XXXX-XXXX-C and are read back as they were shown."""
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    for code in codes:
        assert [len(part) for part in code.split("-")] == [4, 4, 4, 4, 1]
        assert set(code) <= {*LETTERS, "-"}
        assert normalise_code(code) == code


def test_a_code_is_read_however_it_was_typed() -> None:
    """Case, blanks, hyphens of any kind and look-alike letters do not matter."""
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
    """The check letter catches each change of one letter, and each swap of two unlike ones."""
    for _ in range(20):
        plain = new_code().replace("-", "")
        for at, right in enumerate(plain):
            for letter in LETTERS.replace(right, ""):
                assert normalise_code(plain[:at] + letter + plain[at + 1 :]) is None
        for at in range(len(plain) - 1):
            one, two = plain[at], plain[at + 1]
            if one != two:
                assert normalise_code(plain[:at] + two + one + plain[at + 2 :]) is None


@given(st.text())
def test_other_text_is_no_code_and_does_no_harm(text: str) -> None:
    """Any text is either a code or None."""
    assert normalise_code(text) is None or len(text) >= 17


def test_a_wrong_code_has_no_hash() -> None:
    """Nothing is looked up for what cannot be a code; a form's hash is of another kind."""
    with pytest.raises(ValueError, match="not a receipt code"):
        code_hash("0000")
    code = new_code()
    assert form_hash(code) != code_hash(code)


@pytest.mark.parametrize("count", [0, 1, 5, 40, 200])
def test_a_pool_comes_back_whole_in_the_order_of_random_ids(count: int) -> None:
    """What is laid in is there again, sorted by ids that say nothing of when it came."""
    vault = Vault(KEY)
    entries = [
        pool_entry(code_hash(new_code()), form_hash(f"f{n}"), {"text": f"æøå {n}"})
        for n in range(count)
    ]
    found = open_pool(vault, seal_pool(vault, entries, *PLACE), *PLACE)
    assert [entry.id for entry in found] == sorted(entry.id for entry in entries)
    assert {bytes(entry.body) for entry in found} == {bytes(entry.body) for entry in entries}
    assert {entry.receipt for entry in found} == {entry.receipt for entry in entries}


@pytest.mark.parametrize(
    ("letters", "size"), [(0, 4096), (3000, 4096), (4000, 8192), (8100, 16384), (60_000, 65_536)]
)
def test_a_pool_has_the_size_of_a_power_of_two(letters: int, size: int) -> None:
    """One more contribution shows in the row's size only where a power of two is passed."""
    vault = Vault(KEY)
    entry = pool_entry(bytes(32), bytes(32), {"text": "x" * letters})
    assert len(seal_pool(vault, [entry], *PLACE)) == size + _OVERHEAD


@given(st.integers(0, 9000))
def test_no_pool_is_of_any_other_size(letters: int) -> None:
    """Whatever is written, the size is a power of two and at least the floor."""
    vault = Vault(KEY)
    entry = pool_entry(bytes(32), bytes(32), {"text": "x" * letters})
    size = len(seal_pool(vault, [entry], *PLACE)) - _OVERHEAD
    assert size >= POOL_FLOOR
    assert size.bit_count() == 1


def test_a_pool_sealed_twice_shares_no_bytes() -> None:
    """A rewriting at night cannot be told from one after a contribution."""
    vault = Vault(KEY)
    entry = pool_entry(bytes(32), bytes(32), {})
    first, second = (seal_pool(vault, [entry], *PLACE) for _ in range(2))
    assert first != second
    assert len(first) == len(second)


def test_an_entry_carries_no_person_and_no_time() -> None:
    """The fields of an entry are these four; a new one must be argued for here."""
    entry = pool_entry(bytes(32), bytes(32), {})
    assert entry.__struct_fields__ == ("id", "receipt", "form", "body")
    assert entry.id[12] == "4"  # a version 4 uuid is random throughout
    assert msgspec.json.decode(entry.body) == {}


def _check(plain: str) -> str:
    return next(letter for letter in LETTERS if normalise_code(plain + letter))
