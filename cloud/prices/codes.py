"""What tills are told of codes: the labels the chain's scales print, what is called back, whose member codes count."""

from __future__ import annotations

import msgspec
from sqlmodel import Session

from cloud.errors import Invalid
from cloud.org.models import ChainSetting
from shared.codes import LabelFormat, Recall, canonical, label_problems

_CODE_SETTINGS = "code_settings"
_KEY_BYTES = 32
_MAX_RECALLS = 1_000
_MAX_FORMATS = 50


class CodeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields of the same names in a store's settings."""

    labels: list[LabelFormat] = []
    recalls: list[Recall] = []
    member_code_keys: list[bytes] = []


def code_settings(session: Session) -> CodeSettings:
    """Return what the chain's tills are told of codes, nothing where it was never set."""
    found = session.get(ChainSetting, _CODE_SETTINGS)
    return CodeSettings() if found is None else msgspec.json.decode(found.value, type=CodeSettings)


def set_code_settings(session: Session, settings: CodeSettings) -> None:
    """Replace it; agents hear of it with their next desired state. Raise Invalid for what no till could use."""
    for problem in label_problems(settings.labels):
        if problem.fatal:
            raise Invalid(f"label format {problem.format!r}: {problem.en}")
    if len(settings.labels) > _MAX_FORMATS or len(settings.recalls) > _MAX_RECALLS:
        raise Invalid(f"there is room for {_MAX_FORMATS} label formats and {_MAX_RECALLS} recalls")
    for at, recall in enumerate(settings.recalls):
        if not (recall.item or recall.gtin):
            raise Invalid(f"recalls[{at}] names neither an item nor a GTIN")
        if recall.gtin and canonical(recall.gtin) is None:
            raise Invalid(f"recalls[{at}]: {recall.gtin!r} is not a GTIN: its length or check digit is wrong")
    if any(len(key) != _KEY_BYTES for key in settings.member_code_keys):
        raise Invalid(f"a key for members' codes is a public Ed25519 key of {_KEY_BYTES} bytes")
    session.merge(ChainSetting(name=_CODE_SETTINGS, value=msgspec.json.encode(settings)))
    session.flush()
