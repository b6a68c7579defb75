"""A receipt as a page for a phone: the same blocks as on paper, as text that can be read aloud, enlarged and copied."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from shared.receipt.document import Align, Block, Document, Gap, Link, Pair, Rule, Says, Table

STYLE = (
    "body{margin:0;background:#f3f4f6;color:#111;font:16px/1.5 system-ui,'Noto Sans SC','PingFang SC',"
    "'Microsoft YaHei',sans-serif;font-variant-numeric:tabular-nums}"
    "main{max-width:26rem;margin:1rem auto;padding:1rem;background:#fff}"
    "p,div{margin:.15rem 0;overflow-wrap:anywhere}.centre{text-align:center}.right{text-align:right}"
    ".pair{display:flex;justify-content:space-between;gap:1rem}.pair>:last-child{white-space:nowrap}"
    ".big{font-size:1.6rem;line-height:1.3}.bold{font-weight:700}.in{padding-left:1rem}"
    "hr{border:0;border-top:1px dashed #767676}table{width:100%;border-collapse:collapse}"
    "td,th{text-align:right;font-weight:400}td:first-child,th:first-child{text-align:left}"
)
"""How the page looks; served as a file of its own where inline styles are forbidden."""


def to_html(document: Document, stylesheet: str = "") -> str:
    """Return the receipt as a whole page: with `stylesheet`, an address, for its looks, else needing nothing else."""
    looks = f'<link rel="stylesheet" href="{escape(stylesheet)}">' if stylesheet else f"<style>{STYLE}</style>"
    return (
        f'<!doctype html><html lang="{escape(document.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(document.title)}</title>{looks}</head>"
        f"<body><main>{to_fragment(document)}</main></body></html>\n"
    )


def to_fragment(document: Document) -> str:
    """Return the receipt's blocks as HTML, for a page that has its own frame. Its QR code is left out: one is there."""
    return "".join(part for block in document.blocks for part in _block(block))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Says():
            side = "" if block.align is Align.LEFT else block.align.value
            yield f"<p{_classes(side, block)}>{escape(block.text)}</p>"
        case Pair():
            yield (
                f"<div{_classes('pair', block)}><span>{escape(block.left)}</span>"
                f"<span>{escape(block.right)}</span></div>"
            )
        case Table():
            yield "<table>" + "".join(_table(block)) + "</table>"
        case Rule():
            yield "<hr>"
        case Link() | Gap():
            return


def _classes(first: str, block: Says | Pair) -> str:
    names = [first, "big" if block.big else "", "bold" if block.bold else "", "in" if block.indent else ""]
    said = " ".join(name for name in names if name)
    return f' class="{said}"' if said else ""


def _table(table: Table) -> Iterator[str]:
    for number, cells in enumerate(table.rows):
        tag = "td" if number else "th"
        yield "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
