"""What the members' page says about what a member tells of themselves, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import Language

ABOUT: Mapping[str, Mapping[Language, str]] = {
    "about": {"en": "About me", "zh": "我的资料"},
    "about_lead": {
        "en": "All of it is up to you. It is kept encrypted and helps us to offer what suits you.",
        "zh": "均为选填。资料加密保存，用于为您推荐合适的优惠。",
    },
    "about_reward": {
        "en": "{points} points for you when this is filled in: {fields}.",
        "zh": "填写以下资料可得 {points} 积分：{fields}。",
    },
    "about_worth": {"en": "{points} points for filling it in", "zh": "完善资料可得 {points} 积分"},
    "about_told": {"en": "filled in", "zh": "已填写"},
    "about_open": {"en": "not filled in", "zh": "未填写"},
    "about_as_is": {"en": "as it is", "zh": "不修改"},
    "about_gone": {"en": "Take away: {field}", "zh": "删除{field}"},
    "about_birthday": {
        "en": "As 1990-05-17, or as 05-17 without the year. Later only a service desk changes it.",
        "zh": "如 1990-05-17，不填年份可写 05-17。保存后如需修改，请到门店服务台办理。",
    },
    "about_keep": {"en": "Save", "zh": "保存"},
    "about_kept": {"en": "Saved. Thank you.", "zh": "已保存，谢谢。"},
    "about_thanks": {
        "en": "Saved, and {points} points are yours. Thank you.",
        "zh": "已保存，{points} 积分已到账，谢谢。",
    },
    "about_wrong": {"en": "{field}: look at this once more.", "zh": "{field}填写有误，请检查。"},
}
