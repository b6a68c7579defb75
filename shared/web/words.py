"""How a page says something: English stands in the code, other languages in a gettext catalogue beside it.

Templates and Python write `t("Sales received")`; `make words` collects these texts into `locale/<language>/
LC_MESSAGES/pages.po` of the side they belong to, and says which still lack Chinese. Set-up compiles the catalogues;
at run time nothing but the standard library's gettext reads them. This package opens no file: each side gives a
`gettext.GNUTranslations` it has opened, or nothing for English.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.web.phrases import Phrase

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
DOMAIN = "pages"
"""The catalogue's name: `pages.po` and, compiled, `pages.mo`."""
HTML_LANGUAGE: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}
"""What stands in an element's `lang`."""


class Catalogue(Protocol):
    """What `gettext.NullTranslations` and `gettext.GNUTranslations` can do."""

    def gettext(self, message: str) -> str:
        """Return the text in this language, or as it is."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text that fits a count."""

    def pgettext(self, context: str, message: str) -> str:
        """Return the text as it is said in a context."""


def marked(text: str) -> str:
    """Mark a text for collection where it stands in a table; whoever shows it says it with `Speech.t`."""
    return text


@dataclass(frozen=True)
class Speech:
    """One language, spoken: the functions `t`, `tn` and `tp` of templates. Values stand in braces in every text."""

    language: Language
    catalogue: Catalogue

    def t(self, text: str, **values: object) -> str:
        """Say a text with its values: `t("{count} parked", count=3)`; a `Phrase` brings its own."""
        if isinstance(text, Phrase):
            return self._filled(self.catalogue.gettext(text.text), {**text.values, **values})
        return self._filled(self.catalogue.gettext(text), values)

    def tn(self, one: str, many: str, count: int, **values: object) -> str:
        """Say one text or the other by a count, which both may use as `{count}`."""
        return self._filled(self.catalogue.ngettext(one, many, count), {"count": f"{count:,}", **values})

    def tp(self, context: str, text: str, **values: object) -> str:
        """Say a text that means something else in another context: `tp("navigation", "Sales")`."""
        return self._filled(self.catalogue.pgettext(context, text), values)

    @staticmethod
    def _filled(text: str, values: dict[str, object]) -> str:
        return text.format(**values) if values else text


def chosen_language(choices: Sequence[str | None], accepted: str = "") -> Language:
    """Return the first choice that is a language of ours, else what the browser's `Accept-Language` begins with."""
    for choice in choices:
        for language in LANGUAGES:
            if choice == language:
                return language
    return "zh" if accepted.strip().lower().startswith("zh") else "en"
