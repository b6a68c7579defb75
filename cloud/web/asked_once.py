"""A form that is sent twice is done once: it carries an id that its page was made with."""

from __future__ import annotations

import os
from uuid import UUID

from cloud.api.services import Services
from cloud.errors import Invalid
from cloud.web.signing_in import Posted
from shared.ids import UuidMint

FIELD = "request"


def fresh_id(services: Services) -> UUID:
    """Return an id for a page to carry, or for an act that no page asked for."""
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def id_of(form: Posted, services: Services) -> UUID:
    """Return the id a form carries; a new one for a form without."""
    try:
        return UUID(form.get(FIELD))
    except ValueError:
        return fresh_id(services)


def read_id(text: str) -> UUID:
    """Read an id that a form of ours carries. Raise Invalid."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("this form is incomplete: load the page again") from None
