"""The chain's codes over HTTP: label formats, recalls, keys of members' codes; and a label tried before it counts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from cloud import audit
from cloud.api.services import Here
from cloud.prices.api import MayRead, MayWrite
from cloud.prices.codes import CodeSettings, code_settings, set_code_settings
from shared.codes import LabelFormat, Recall, label_problems
from shared.codes.preview import preview
from shared.money import UnitPrice
from shared.pricing import Unit

router = APIRouter(prefix="/api/v1/codes", tags=["codes"])


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LabelFormatBody(_Request):
    """A form of label: see `pattern`'s signs in the description of the store's settings."""

    name: str = Field(min_length=1, max_length=64)
    pattern: str = Field(min_length=1, max_length=32, examples=["21IIIIIAAAAAC"])
    amount_decimals: int = 2
    weight_decimals: int = 3
    weight_unit: Literal["kg", "jin", "g"] = "kg"
    check: Literal["enforce", "ignore"] = "enforce"
    item_with_prefix: bool = False
    amount_step_minor: int = 1

    def to_format(self) -> LabelFormat:
        """Return it as tills take it."""
        return LabelFormat(**self.model_dump())


class RecallBody(_Request):
    """Goods called back: an item or a GTIN, as a whole or in one batch."""

    item: str = Field(default="", max_length=64)
    gtin: str = Field(default="", max_length=14)
    batch: str = Field(default="", max_length=20)
    reason: str = Field(default="", max_length=200)


class CodeSettingsBody(_Request):
    """What every till of the chain is told of codes. Keys travel in base64."""

    labels: list[LabelFormatBody] = []
    recalls: list[RecallBody] = []
    member_code_keys: list[Base64Bytes] = []

    def to_settings(self) -> CodeSettings:
        """Return it as it is kept."""
        return CodeSettings(
            labels=[one.to_format() for one in self.labels],
            recalls=[Recall(**one.model_dump()) for one in self.recalls],
            member_code_keys=list(self.member_code_keys),
        )


class PreviewRequest(_Request):
    """A label to try with formats and a price."""

    text: str = Field(max_length=64)
    labels: list[LabelFormatBody]
    currency: str = Field(default="CNY", max_length=3)
    exponent: Annotated[int, Field(ge=0, le=4)] = 2
    price_minor: Annotated[int | None, Field(ge=0)] = None
    price_basis: Annotated[int, Field(ge=1)] = 1000
    unit: Unit = Unit.GRAM


class PreviewView(BaseModel):
    """What the label would mean, and what is wrong with the formats, in both languages."""

    en: str
    zh: str
    quantity: int | None
    amount_minor: int | None
    finding: str | None
    problems: list[dict[str, Any]]


@router.get("")
def get_codes(services: Here, _: MayRead) -> CodeSettingsBody:
    """Return what every till of the chain is told of codes."""
    with services.database.snapshot() as session:
        return CodeSettingsBody.model_validate(msgspec.to_builtins(code_settings(session)))


@router.put("")
def put_codes(services: Here, who: MayWrite, body: CodeSettingsBody) -> CodeSettingsBody:
    """Replace what every till of the chain is told of codes."""
    with services.database.session() as session:
        set_code_settings(session, body.to_settings())
        audit.record(
            session,
            at_ms=services.clocks.machine.wall_ms(),
            actor=who.actor,
            action="prices.code_settings",
            subject="chain",
            detail=body.model_dump_json(),
        )
    return body


@router.post("/preview")
def preview_label(_: MayRead, body: PreviewRequest) -> PreviewView:
    """Say what a label would mean, before its format reaches a till."""
    formats = [one.to_format() for one in body.labels]
    price = None if body.price_minor is None else UnitPrice(body.price_minor, body.price_basis)
    said = preview(body.text, formats, exponent=body.exponent, currency=body.currency, price=price, unit=body.unit)
    return PreviewView(
        en=said.en,
        zh=said.zh,
        quantity=said.quantity_g,
        amount_minor=said.amount_minor,
        finding=said.finding,
        problems=[msgspec.to_builtins(problem) for problem in label_problems(formats)],
    )
