"""Everything held about a member as one page, for them to print or keep: no scripts, no links, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from html import escape
from typing import Any

from cloud.member_lifecycle.disclosure_values import said
from cloud.member_lifecycle.disclosure_words import COLUMNS, MACHINES, NUMBERED, PARTS
from cloud.members.profile import PROFILE, shown
from shared.calendar import local_time
from shared.money import money_text
from shared.web.words import HTML_LANGUAGE, Language

_TITLE = {"en": "Everything we hold about you", "zh": "我们保存的关于您的全部信息"}
_NONE_OF = {"en": "We hold nothing under: {parts}.", "zh": "以下各项没有记录：{parts}。"}
_FILE_HAS_MORE = {
    "en": "Times are UTC. What only programs need, such as internal numbers, is in the file.",
    "zh": "时间为协调世界时（UTC）。仅供程序使用的内部编号等，见数据文件。",
}
_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif;margin:1rem;color:#111}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:1.5rem}div{overflow-x:auto}"
    "table{border-collapse:collapse;font-size:.85rem}"
    "th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "th{white-space:nowrap}td{min-width:4em;max-width:20em;overflow-wrap:anywhere}"
    ".whole{white-space:nowrap;max-width:none}"
    ".back{display:inline-block;padding:.6rem 1rem .6rem 0;color:#0b6b4f}"
    "@media print{div{overflow:visible}.back{display:none}}"
)
_MS, _MINOR = "_ms", "minor"


def page(facts: Mapping[str, Any], language: Language, back: str = "") -> str:
    """Return the page of what `disclosure.export` gives; `back` is the address it leads back to."""
    held = {name: _rows(rows) for name, rows in facts.items()}
    parts = "".join(_part(name, rows, language) for name, rows in held.items() if rows)
    comma = "、" if language == "zh" else ", "
    none = comma.join(PARTS[name][language] for name, rows in held.items() if not rows)
    nothing = f"<p>{escape(_NONE_OF[language].format(parts=none))}</p>" if none else ""
    title = _TITLE[language]
    word = "返回" if language == "zh" else "Back"
    way_back = f'<p><a class="back" href="{escape(back)}">‹ {word}</a></p>' if back else ""
    return (
        f'<!doctype html><html lang="{HTML_LANGUAGE[language]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main>{way_back}<h1>{title}</h1><p>{_FILE_HAS_MORE[language]}</p>"
        f"{parts}{nothing}</main></body></html>"
    )


def _rows(rows: Any) -> Sequence[Mapping[str, Any]]:
    return [rows] if isinstance(rows, Mapping) else rows


def _part(name: str, rows: Sequence[Mapping[str, Any]], language: Language) -> str:
    if name == "fields":
        rows = [_field(row, language) for row in rows]
    hidden = MACHINES - {"id"} if name in NUMBERED else MACHINES
    columns = [one for one in rows[0] if one not in hidden and any(row.get(one) not in (None, "") for row in rows)]
    head = "".join(f'<th scope="col">{escape(_column(one, language))}</th>' for one in columns)
    body = "".join(f"<tr>{''.join(_cell(row, one, language) for one in columns)}</tr>" for row in rows)
    heading = escape(PARTS[name][language])
    return (
        f'<h2>{heading}</h2><div tabindex="0" role="region" aria-label="{heading}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _column(name: str, language: Language) -> str:
    return COLUMNS[name][language == "zh"] if name in COLUMNS else name


def _cell(row: Mapping[str, Any], column: str, language: Language) -> str:
    whole = ' class="whole"' if column.endswith((_MS, _MINOR)) else ""
    return f"<td{whole}>{escape(_text(row, column, language))}</td>"


def _text(row: Mapping[str, Any], column: str, language: Language) -> str:
    """Write a value as people read it: a moment as such, money with its decimals."""
    value = row[column]
    if value is None:
        return ""
    if isinstance(value, int) and column.endswith(_MS):
        return f"{local_time(value, UTC):%Y-%m-%d %H:%M}"
    if isinstance(value, int) and column.endswith(_MINOR):
        exponent = int(row.get("exponent", 2))
        return money_text(value, exponent, thousands=True)
    return said(column, value, language)


def _field(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Name a field and its choices as people do."""
    name, value = str(row["name"]), str(row["value"])
    return {**row, "name": PROFILE[name].names[language], "value": shown(name, value, language)}
