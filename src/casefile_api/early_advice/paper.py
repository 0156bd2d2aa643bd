"""A document on paper: headings, paragraphs and rows as PDF, every page with its mark and number.

The one module that knows reportlab. The same words give the same bytes, whenever they are printed.
"""

from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab import rl_config  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer  # type: ignore[import-untyped]

from casefile_api.early_advice.document import Document, Heading, Lines

_PLAIN, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_MARGIN = 20 * mm
# Letters that run from right to left, or that join, would want shaping too: they are named rather than drawn wrongly.
_NAMED = "[U+0646] and the like name a character that is not in the fonts of this document; the advice itself has it."


def printed(document: Document) -> bytes:
    """Return the document as PDF."""
    known = _glyphs()
    style = {
        Heading: ParagraphStyle("heading", fontName=_BOLD, fontSize=11, leading=15, spaceBefore=9, spaceAfter=3),
        Lines: ParagraphStyle("lines", fontName=_PLAIN, fontSize=9.5, leading=13.5, spaceAfter=4),
    }
    title = ParagraphStyle("title", fontName=_BOLD, fontSize=15, leading=20, spaceAfter=6)
    story = [Paragraph(_marked_up(document.title, known), title), Spacer(1, 2 * mm)]
    for block in document.blocks:
        # A paragraph for each line, so that a page may end between any two.
        lead = f"<b>{_marked_up(block.lead, known)}</b>: " if isinstance(block, Lines) and block.lead else ""
        for number, line in enumerate(block.words.splitlines() or [""]):
            story.append(Paragraph((lead if number == 0 else "") + _marked_up(line, known), style[type(block)]))
    out = BytesIO()
    made = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=document.title, author=document.mark, subject=document.reference, lang="en-GB", invariant=1,
    )  # fmt: skip
    made.build(story, canvasmaker=_pages_of(document, _NAMED if _lacks(document, known) else ""))
    return out.getvalue()


def _lacks(document: Document, known: frozenset[int]) -> bool:
    """Say whether anything of the document is in characters that the fonts lack."""
    said = [document.title]
    for block in document.blocks:
        said += [block.words, (block.lead or "") if isinstance(block, Lines) else ""]
    return any(ord(sign) not in known for words in said for line in words.splitlines() for sign in line if sign != "\t")


def _marked_up(words: str, known: frozenset[int]) -> str:
    """Return words for a paragraph; a character that the font lacks is named, never left out in silence."""
    shown = (sign if ord(sign) in known or sign == "\t" else f"[U+{ord(sign):04X}]" for sign in words)
    return escape("".join(shown).replace("\t", "    "))


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Load the fonts, and return the characters that both have."""
    rl_config.warnOnMissingFontGlyphs = 0
    found = []
    for name in (_PLAIN, _BOLD):
        data = BytesIO(files("casefile_api.early_advice").joinpath("fonts", f"{name}.ttf").read_bytes())
        font = TTFont(name, data)
        pdfmetrics.registerFont(font)
        found.append(frozenset(font.face.charToGlyph))
    pdfmetrics.registerFontFamily(_PLAIN, normal=_PLAIN, bold=_BOLD, italic=_PLAIN, boldItalic=_BOLD)
    return found[0] & found[1]


def _pages_of(document: Document, note: str) -> type[Canvas]:
    """Return the canvas that writes the mark, a note and "page 2 of 5" on every page, once it is known how many."""

    class Pages(Canvas):  # type: ignore[misc]
        def __init__(self, *given: object, **named: object) -> None:
            super().__init__(*given, **named)
            self._kept: list[dict[str, object]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab calls it by this name
            self._kept.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._kept, start=1):
                self.__dict__.update(page)
                self._frame(number, len(self._kept))
                super().showPage()
            super().save()

        def _frame(self, number: int, of: int) -> None:
            width, height = A4
            self.setFont(_BOLD, 8)
            self.drawCentredString(width / 2, height - 12 * mm, document.mark)
            self.drawCentredString(width / 2, 8 * mm, document.mark)
            self.setFont(_PLAIN, 7.5)
            self.drawString(_MARGIN, 16.5 * mm, note)
            self.drawString(_MARGIN, 13 * mm, document.reference)
            self.drawRightString(width - _MARGIN, 13 * mm, f"page {number} of {of}")

    return Pages
