"""A small PDF writer: one page of A4 with text in both languages and filled rectangles. Source: ISO 32000-1.

No font is embedded: Courier is one every viewer has and its signs are equally wide, and `STSong-Light` with
`UniGB-UCS2-H` is the predefined way to say "your own Chinese font" (ISO 32000-1, 9.7.5).
"""

from __future__ import annotations

import re

PAGE_WIDTH, PAGE_HEIGHT = 595, 842
"""A4 in points of 1/72 inch."""
POINTS_PER_MM = 72 / 25.4

_OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R"
    b" /Resources << /Font << /L 5 0 R /C 6 0 R >> >> >>" % (PAGE_WIDTH, PAGE_HEIGHT),
    b"",  # the page's content
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [7 0 R] >>",
    b"""<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 8 0 R /DW 1000
/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>""",
    b"""<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0
/Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>""",
)
_CONTENT = 4
_LATIN_WIDTH = 0.6
"""Of a sign of Courier, in its size; a Chinese sign is as wide as its size."""
_RUNS = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


class Page:
    """One page. Places are points from its lower left corner."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def text(self, x: float, y: float, text: str, size: float = 10) -> None:
        """Write a line: Latin signs as they are, each run of others in the viewer's Chinese font."""
        for run in _RUNS.findall(text):
            if run.isascii():
                escaped = run.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
                self._drawn.append(f"BT /L {size:g} Tf {x:.2f} {y:.2f} Td ({escaped}) Tj ET")
                x += size * _LATIN_WIDTH * len(run)
            else:
                encoded = run.encode("utf-16-be").hex().upper()
                self._drawn.append(f"BT /C {size:g} Tf {x:.2f} {y:.2f} Td <{encoded}> Tj ET")
                x += size * len(run)

    def rectangle(self, x: float, y: float, width: float, height: float) -> None:
        """Fill a rectangle in black."""
        self._drawn.append(f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re f")

    def to_pdf(self) -> bytes:
        """Return the file."""
        content = "\n".join(self._drawn).encode("ascii")
        stream = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
        file, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
        for number, written in enumerate(_OBJECTS, 1):
            places.append(len(file))
            file += b"%d 0 obj\n%s\nendobj\n" % (number, stream if number == _CONTENT else written)
        start = len(file)
        file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
        file += b"".join(b"%010d 00000 n \n" % place for place in places)
        file += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start)
        return bytes(file)
