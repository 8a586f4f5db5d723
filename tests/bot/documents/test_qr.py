"""A QR code as SVG: a reader that is not ours reads it, and it can be printed to size."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import resvg_py
import segno
import zxingcpp

from bot.documents.qr import QUIET, SMALLEST, qr_svg
from tests.worlds.png import Grey, grey

SVG = "{http://www.w3.org/2000/svg}"
ADDRESS = "https://digi.nordby.dk/b/7kq2m4xd9htbw3ce7kq2m4xd9htbw3ce"
ADDRESSES = [
    "http://127.0.0.1:8642/b/7kq2m4xd9htbw3ce7kq2m4xd9htbw3ce",
    ADDRESS,
    "https://digi.hjemmeplejen.stornordby-kommune.dk/medarbejder/b/" + "7kq2m4xd" * 4,
]


def drawn(svg: str, width: int = 300) -> Grey:
    png = resvg_py.svg_to_bytes(svg_string=svg, width=width, dpi=96, skip_system_fonts=True)
    return grey(bytes(png))


@pytest.mark.parametrize("address", ADDRESSES)
def test_another_reader_finds_the_address(address: str) -> None:
    """zxing-cpp reads exactly the address, short or long, with error correction M or better."""
    found = zxingcpp.read_barcodes(drawn(qr_svg(address, title="Kode", desc="Siden")).view)
    assert [one.text for one in found] == [address]
    assert found[0].format == zxingcpp.BarcodeFormat.QRCode
    assert found[0].ec_level in {"M", "Q", "H"}


def test_it_is_read_at_the_printed_size_of_a_poor_printer() -> None:
    """Three centimetres at 150 dots an inch are enough."""
    svg = qr_svg(ADDRESS, title="Kode", desc="Siden")
    side = float(ElementTree.fromstring(svg).attrib["width"].removesuffix("mm"))
    found = zxingcpp.read_barcodes(drawn(svg, round(side / 25.4 * 150)).view)
    assert [one.text for one in found] == [ADDRESS]


def test_a_stain_does_not_hide_the_address() -> None:
    """A twentieth of the code may be covered, and it is read all the same."""
    svg = qr_svg(ADDRESS, title="Kode", desc="Siden")
    size = int(ElementTree.fromstring(svg).attrib["viewBox"].split()[2])
    middle, side = size // 2, size // 5
    stain = f'<path d="M{middle} {middle}h{side}v{side}h-{side}z"/>'
    found = zxingcpp.read_barcodes(drawn(svg.replace("</svg>", f"{stain}</svg>")).view)
    assert [one.text for one in found] == [ADDRESS]


@pytest.mark.parametrize("millimetres", [SMALLEST, 62.5])
def test_the_code_itself_is_as_large_as_was_asked(millimetres: float) -> None:
    """The white margin of four modules comes on top, so it takes nothing from the code."""
    root = ElementTree.fromstring(qr_svg(ADDRESS, title="a", desc="b", millimetres=millimetres))
    modules = len(segno.make_qr(ADDRESS, error="m").matrix)
    side = float(root.attrib["width"].removesuffix("mm"))
    assert root.attrib["width"] == root.attrib["height"]
    assert root.attrib["viewBox"] == f"0 0 {modules + 8} {modules + 8}"
    assert side * modules / (modules + 8) == pytest.approx(millimetres, abs=0.01)


def test_the_margin_is_white_and_the_code_touches_it() -> None:
    svg = qr_svg(ADDRESS, title="a", desc="b")
    size = int(ElementTree.fromstring(svg).attrib["viewBox"].split()[2])
    picture = drawn(svg, size * 4)
    edge = QUIET * 4
    assert {picture.view[y, x] for y in range(edge) for x in range(picture.width)} == {255}
    assert {picture.view[y, x] for y in range(picture.height) for x in range(edge)} == {255}
    assert picture.view[edge + 1, edge + 1] == 0
    assert picture.view[edge + 1, picture.width - edge - 2] == 0
    assert picture.view[picture.height - edge - 2, edge + 1] == 0


def test_a_smaller_code_is_refused() -> None:
    with pytest.raises(ValueError, match="30 mm"):
        qr_svg(ADDRESS, title="a", desc="b", millimetres=29.9)


def test_what_the_code_is_for_stands_in_it() -> None:
    """Title and description are escaped, and read aloud instead of the squares."""
    root = ElementTree.fromstring(qr_svg(ADDRESS, title="Kode <1>", desc='A & "B"'))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Kode <1>"
    assert root.findtext(f"{SVG}desc") == 'A & "B"'
