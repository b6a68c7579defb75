"""The use cases of terminals: give a code for a till, pair whoever shows it, list who is paired, unpair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge_agent.disk.errors import DiskFull
from edge_agent.terminals.codes import No, Pairing, PairingCodes
from edge_agent.terminals.register import Register, Terminal, Why
from shared.web.words import marked
from shared.wire.desired import StoreSettings

_log = structlog.get_logger(__name__)
_LONGEST_REASON = 500

_CLOSED = marked(
    "Head office has not opened this store to terminals. Ask it for `store terminals` with the address of this PC."
)
_NO_TILL = marked("There is no till {till} here; there are {tills}.")
_NO_REASON = marked("Say why: head office keeps it in its audit log.")
_FULL = marked("The disk of the store's PC is full: no terminal can be paired until there is room.")


class TerminalsClosed(ValueError):
    """A terminal cannot be paired or unpaired now; the text says why and what to do.

    `words` and `values` say it in other languages.
    """

    def __init__(self, words: str, **values: str) -> None:
        super().__init__(words.format(**values))
        self.words = words
        self.values = values


@dataclass(frozen=True, slots=True)
class Paired:
    """A terminal that has just been paired, and the secret it will show from now on."""

    terminal: Terminal
    token: str


class TerminalDesk:
    """Who may show this store's tills beside its own machine. `changed` is told at which till somebody came or went."""

    def __init__(
        self,
        codes: PairingCodes,
        register: Register,
        settings: Callable[[], StoreSettings | None],
        changed: Callable[[str], None],
    ) -> None:
        self.codes = codes
        self._register = register
        self._settings = settings
        self._changed = changed

    @property
    def terminals(self) -> list[Terminal]:
        """The terminals that are paired and that head office has not unpaired."""
        return [one for one in self._register.terminals if self._counts(one)]

    @property
    def addresses(self) -> list[str]:
        """Where terminals find the pages, the first is the one to tell people."""
        settings = self._settings()
        return [] if settings is None else settings.terminals.addresses

    def give_code(self, till: str, name: str, why: Why) -> Pairing:
        """Open a code for a till. Raise TerminalsClosed, also for a reason that says nothing."""
        settings = self._settings()
        if settings is None or not settings.terminals.hosts:
            raise TerminalsClosed(_CLOSED)
        reason = _said(why.reason)
        known = [one.till for one in settings.tills]
        if till not in known:
            raise TerminalsClosed(_NO_TILL, till=till, tills=", ".join(known))
        _log.info("pairing_code_given", till=till, name=name, by=why.by, reason=reason)
        return self.codes.make(till, name.strip() or till, why.by, reason)

    async def pair(self, code: str, address: str) -> Paired | No:
        """Pair whoever shows a code that is open. Raise TerminalsClosed when the disk takes no more."""
        found = self.codes.redeem(code, address)
        settings = self._settings()
        if isinstance(found, No) or settings is None:
            _log.warning("pairing_refused", address=address, reason=str(found))
            return found if isinstance(found, No) else No.WRONG
        try:
            terminal, token = await self._register.add(
                found.till,
                found.name,
                generation=settings.terminals.generation,
                why=Why(found.by, found.reason),
                address=address,
            )
        except DiskFull as error:
            raise TerminalsClosed(_FULL) from error
        _log.info("terminal_paired", terminal=terminal.number, till=terminal.till, name=terminal.name, address=address)
        self._changed(terminal.till)
        return Paired(terminal, token)

    async def unpair(self, number: int, why: Why) -> Terminal | None:
        """Unpair a terminal at once; None: there is none of that number. Raise TerminalsClosed without a reason."""
        why = Why(why.by, _said(why.reason))
        gone = await self._register.remove(number, why)
        if gone is not None:
            _log.info(
                "terminal_unpaired", terminal=number, till=gone.till, name=gone.name, by=why.by, reason=why.reason
            )
            self._changed(gone.till)
        return gone

    def admitted(self, token: str) -> Terminal | None:
        """Return the terminal that shows this secret, while it may."""
        found = self._register.holder(token)
        return found if found is not None and self._counts(found) else None

    def still(self, terminal: Terminal) -> bool:
        """Tell whether a terminal may go on."""
        return self._register.knows(terminal) and self._counts(terminal)

    async def seen(self, terminal: Terminal, address: str) -> None:
        """Note that a terminal is here."""
        await self._register.note_seen(terminal, address)

    def _counts(self, terminal: Terminal) -> bool:
        settings = self._settings()
        return (
            settings is not None
            and bool(settings.terminals.hosts)
            and terminal.generation == settings.terminals.generation
            and any(one.till == terminal.till for one in settings.tills)
        )


def _said(reason: str) -> str:
    if not reason.strip():
        raise TerminalsClosed(_NO_REASON)
    return reason.strip()[:_LONGEST_REASON]
