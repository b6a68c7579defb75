"""Addresses of static files that change with their content, so that a browser may keep each for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FOR_EVER = "public, max-age=31536000, immutable"
"""The `Cache-Control` of a file asked for under the mark of its content."""
ASK_AGAIN = "no-cache"
"""The `Cache-Control` of a file asked for in any other way: keep it, and ask whether it is still right."""
VENDORED = ("vendor/htmx.min.js", "vendor/htmx-sse.min.js", "vendor/echarts.min.js")
"""Other people's scripts as fetched by `python -m deploy.build.web_assets` at set-up and held by every wheel."""
OURS = ("tokens.css", "components.css", "icon.svg")
"""What both sides have in common."""
_MARK_DIGITS = 12


class AssetMissing(LookupError):
    """A page names a static file that is not there; the text says which, and how third-party ones get there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no static file {name!r}: `make setup` fetches third-party ones")


def mark_of(content: bytes) -> str:
    """Return what stands for a file's content in its address."""
    return hashlib.sha256(content).hexdigest()[:_MARK_DIGITS]


@dataclass(frozen=True)
class Assets:
    """The static files of one side by name, each with the mark of its content."""

    marks: Mapping[str, str]
    base: str = "/static"

    def url(self, name: str) -> str:
        """Return the address of a file: `/static/tokens.css?v=0123456789ab`. Raise AssetMissing."""
        try:
            return f"{self.base}/{name}?v={self.marks[name]}"
        except KeyError:
            raise AssetMissing(name) from None

    def cache_control(self, name: str, mark: str | None) -> str:
        """Return the `Cache-Control` for a file asked for with a mark, or without."""
        return FOR_EVER if mark is not None and self.marks.get(name) == mark else ASK_AGAIN


def assets_of(files: Iterable[tuple[str, bytes]], base: str = "/static") -> Assets:
    """Mark files given as (name with forward slashes, content); of two with one name the later counts."""
    return Assets(marks={name: mark_of(content) for name, content in files}, base=base)
