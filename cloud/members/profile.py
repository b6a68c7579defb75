"""What may be known about a member, field by field: every one optional, each with its form and what it is called.

Fields marked as seeds are what segments are grown from; their values are codes, so that counting them needs no words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cloud.errors import Invalid
from cloud.privacy import normal
from shared.web.phrases import Phrase
from shared.web.words import Language

NAME = "name"
PHONE = "phone"
EMAIL = "email"
BIRTHDAY = "birthday"

LONGEST = 500

Names = Mapping[Language, str]

_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,255}$")
_DAY = re.compile(r"^(\d{4})\D?(\d{1,2})\D?(\d{1,2})\D?$")
_YEARLESS = re.compile(r"^-{0,2}(\d{1,2})\D(\d{1,2})\D?$")
_LEAP_YEAR = 2000
_BETWEEN = re.compile(r"[;,、，；|]+")


class Form(StrEnum):
    """How a field is written."""

    TEXT = "text"
    PHONE = "phone"
    EMAIL = "email"
    DAY = "day"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileField:
    """A field: its form, what people call it, its choices by code where it has some."""

    form: Form
    names: Names
    seed: bool = False
    choices: Mapping[str, Names] = field(default_factory=dict)


def _both(en: str, zh: str) -> Names:
    return {"en": en, "zh": zh}


PROFILE: Mapping[str, ProfileField] = {
    NAME: ProfileField(form=Form.TEXT, names=_both("Name", "姓名")),
    PHONE: ProfileField(form=Form.PHONE, names=_both("Phone", "手机号")),
    EMAIL: ProfileField(form=Form.EMAIL, names=_both("E-mail", "邮箱")),
    BIRTHDAY: ProfileField(form=Form.DAY, names=_both("Birthday", "生日"), seed=True),
    "gender": ProfileField(
        form=Form.CHOICE,
        names=_both("Gender", "性别"),
        seed=True,
        choices={"female": _both("female", "女"), "male": _both("male", "男"), "other": _both("other", "其他")},
    ),
    "address": ProfileField(form=Form.TEXT, names=_both("Address", "地址")),
    "note": ProfileField(form=Form.TEXT, names=_both("Note", "备注")),
    "age_band": ProfileField(
        form=Form.CHOICE,
        names=_both("Age", "年龄段"),
        seed=True,
        choices={
            "under_18": _both("under 18", "18 岁以下"),
            "18_24": _both("18 to 24", "18–24 岁"),
            "25_34": _both("25 to 34", "25–34 岁"),
            "35_44": _both("35 to 44", "35–44 岁"),
            "45_54": _both("45 to 54", "45–54 岁"),
            "55_64": _both("55 to 64", "55–64 岁"),
            "65_up": _both("65 and older", "65 岁及以上"),
        },
    ),
    "occupation": ProfileField(
        form=Form.CHOICE,
        names=_both("Occupation", "职业"),
        seed=True,
        choices={
            "employee": _both("employee", "公司职员"),
            "worker": _both("worker", "工人"),
            "public": _both("public service", "机关事业单位"),
            "teacher": _both("teacher", "教师"),
            "medical": _both("medical", "医护人员"),
            "self_employed": _both("self-employed", "个体经营"),
            "student": _both("student", "学生"),
            "homemaker": _both("homemaker", "家庭主妇（夫）"),
            "retired": _both("retired", "退休"),
            "other": _both("other", "其他"),
        },
    ),
    "education": ProfileField(
        form=Form.CHOICE,
        names=_both("Education", "学历"),
        seed=True,
        choices={
            "school": _both("school", "高中及以下"),
            "college": _both("college", "大专"),
            "bachelor": _both("bachelor", "本科"),
            "master": _both("master or higher", "硕士及以上"),
        },
    ),
    "income_band": ProfileField(
        form=Form.CHOICE,
        names=_both("Monthly household income", "家庭月收入"),
        seed=True,
        choices={
            "low": _both("below 5,000", "5000 元以下"),
            "middle": _both("5,000 to 10,000", "5000–10000 元"),
            "upper": _both("10,000 to 20,000", "10000–20000 元"),
            "high": _both("above 20,000", "20000 元以上"),
        },
    ),
    "household": ProfileField(
        form=Form.CHOICE,
        names=_both("Household", "家庭人数"),
        seed=True,
        choices={
            "one": _both("alone", "独居"),
            "two": _both("two people", "两人"),
            "three": _both("three people", "三人"),
            "four_up": _both("four or more", "四人及以上"),
        },
    ),
    "interests": ProfileField(
        form=Form.CHOICES,
        names=_both("Interests", "兴趣"),
        seed=True,
        choices={
            "fresh": _both("fresh food", "生鲜"),
            "baking": _both("baking", "烘焙"),
            "wine": _both("wine and spirits", "酒类"),
            "baby": _both("baby", "母婴"),
            "pets": _both("pets", "宠物"),
            "sports": _both("sports", "运动健康"),
            "beauty": _both("beauty", "美妆个护"),
            "home": _both("home", "家居"),
        },
    ),
    "area": ProfileField(form=Form.TEXT, names=_both("Area", "居住小区"), seed=True),
}
"""Every field a member may have; a new one is a line here. None is ever required."""

SEEDS = tuple(name for name, one in PROFILE.items() if one.seed)


def checked(name: str, value: str) -> str:
    """Return a field's value in its one spelling. Raise Invalid, without repeating the value."""
    if name not in PROFILE:
        raise Invalid(Phrase("a member has no field {name!r}; there are {known}", name=name, known=", ".join(PROFILE)))
    value = normal.plain(value)
    if not 0 < len(value) <= LONGEST:
        raise Invalid(
            Phrase("{name} must have 1 to {most} characters, got {count}", name=name, most=LONGEST, count=len(value))
        )
    match PROFILE[name].form:
        case Form.PHONE:
            return normal.phone(value)
        case Form.EMAIL:
            return _email(value)
        case Form.DAY:
            return _day(name, value)
        case Form.CHOICE:
            return _choice(name, value)
        case Form.CHOICES:
            parts = {_choice(name, part.strip()) for part in _BETWEEN.split(value) if part.strip()}
            return ",".join(sorted(parts))
        case Form.TEXT:
            return value


def shown(name: str, value: str, language: Language) -> str:
    """Return a value as people read it: a choice by its name."""
    choices = PROFILE[name].choices if name in PROFILE else {}
    if not choices:
        return value
    return ("、" if language == "zh" else ", ").join(
        choices[part][language] if part in choices else part for part in value.split(",")
    )


def _email(value: str) -> str:
    if not _EMAIL.match(value):
        raise Invalid(
            Phrase("e-mail address of {count} characters needs one @ with something on both sides", count=len(value))
        )
    return value.lower()


def _day(name: str, value: str) -> str:
    """Read 1990-05-17, 19900517, 1990/5/17, 1990年5月17日, and 05-17 where somebody keeps the year to themselves."""
    if found := _DAY.match(value):
        year, month, day = (int(part) for part in found.groups())
        form = "{:%Y-%m-%d}"
    elif found := _YEARLESS.match(value):
        year, (month, day) = _LEAP_YEAR, (int(part) for part in found.groups())
        form = "{:%m-%d}"
    else:
        raise Invalid(Phrase("{name} is written as 1990-05-17, or as 05-17 without the year", name=name))
    try:
        return form.format(date(year, month, day))
    except ValueError as error:
        raise Invalid(Phrase("{name} is no day of the calendar: write it as 1990-05-17", name=name)) from error


def _choice(name: str, value: str) -> str:
    choices, wanted = PROFILE[name].choices, value.casefold()
    for code, names in choices.items():
        if wanted == code or value in names.values() or wanted == names["en"]:
            return code
    raise Invalid(Phrase("{name} is one of {known}", name=name, known=", ".join(choices)))
