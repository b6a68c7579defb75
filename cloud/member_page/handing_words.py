"""What the members' page says about handing points on, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import Language

HANDING: Mapping[str, Mapping[Language, str]] = {
    "hand": {"en": "Hand points on", "zh": "积分转赠"},
    "hand_can": {"en": "you can hand on now", "zh": "当前可转赠积分"},
    "hand_to_family": {
        "en": "To a member of your family. Points keep the day on which they end, and nobody can take them back.",
        "zh": "仅可转赠给同一家庭的会员。积分有效期不变，转赠后不可撤回。",
    },
    "hand_to_all": {
        "en": "To any member. Points keep the day on which they end, and nobody can take them back.",
        "zh": "可转赠给其他会员。积分有效期不变，转赠后不可撤回。",
    },
    "hand_bounds": {
        "en": "{least} to {most} points at a time; {left} more this month.",
        "zh": "每次 {least} 至 {most} 积分，本月还可转赠 {left} 积分。",
    },
    "hand_fee": {"en": "{percent} % of them is the fee.", "zh": "收取 {percent}% 的积分作为手续费。"},
    "hand_free": {"en": "It costs nothing.", "zh": "免手续费。"},
    "hand_no_family": {"en": "You are in no family yet.", "zh": "您尚未加入家庭。"},
    "hand_no_family_how": {
        "en": "Any service desk makes members a family, when both want it.",
        "zh": "双方同意后，可到门店服务台办理家庭绑定。",
    },
    "hand_none": {"en": "You cannot hand any points on just now.", "zh": "当前没有可转赠的积分。"},
    "hand_none_how": {
        "en": "Points that count, are not owed and are within what this month allows can be handed on.",
        "zh": "可转赠的积分须已生效、不欠积分且未超出本月额度。",
    },
    "hand_whom": {"en": "Their card number or telephone number", "zh": "对方会员卡号或手机号"},
    "hand_points": {"en": "How many points", "zh": "转赠积分"},
    "hand_next": {"en": "Go on", "zh": "下一步"},
    "hand_sure": {"en": "Is this right?", "zh": "请确认"},
    "hand_taker": {"en": "Goes to", "zh": "转赠给"},
    "hand_gives": {"en": "You give", "zh": "您转出"},
    "hand_fee_points": {"en": "Fee", "zh": "手续费"},
    "hand_receives": {"en": "They receive", "zh": "对方收到"},
    "hand_final": {"en": "This cannot be undone.", "zh": "转赠后不可撤回。"},
    "hand_do": {"en": "Hand {points} points on", "zh": "确认转赠 {points} 积分"},
    "hand_change": {"en": "Change it", "zh": "返回修改"},
    "hand_done": {"en": "Handed on", "zh": "转赠成功"},
    "hand_to_points": {"en": "To my points", "zh": "查看我的积分"},
    "hand_nobody": {
        "en": "No member has this number. Ask for the number of their card.",
        "zh": "没有找到该会员，请向对方确认会员卡号。",
    },
    "hand_nobody_family": {
        "en": "Nobody of your family has this number.",
        "zh": "您的家庭中没有使用该号码的会员。",
    },
    "hand_several": {
        "en": "Several members share this number. Type the number of the card.",
        "zh": "该手机号登记了多位会员，请输入对方会员卡号。",
    },
    "hand_self": {"en": "This is your own number.", "zh": "不能转赠给自己。"},
    "hand_number": {"en": "Type how many points in figures, such as 100.", "zh": "请输入积分数量，例如 100。"},
    "hand_too_few": {"en": "Fewer than are handed on at a time.", "zh": "低于每次转赠的最低积分。"},
    "hand_too_many": {"en": "More than are handed on at a time.", "zh": "超出每次转赠的最高积分。"},
    "hand_month": {"en": "More than this month still allows.", "zh": "超出本月可转赠的积分。"},
    "hand_short": {"en": "You do not have so many points just now.", "zh": "您当前可用积分不足。"},
    "hand_owed": {
        "en": "You owe points: what you earn next settles that first.",
        "zh": "您尚欠积分，须先由之后获得的积分抵扣。",
    },
    "hand_blocked": {
        "en": "Points cannot be handed on between you at the moment. A service desk can tell you more.",
        "zh": "双方积分暂不可转赠，请咨询门店服务台。",
    },
    "hand_changed": {
        "en": "Something changed since you looked. Check it once more.",
        "zh": "信息已变更，请重新核对。",
    },
    "hand_wait": {
        "en": "Too many numbers looked up. Try again in {minutes} minutes.",
        "zh": "查询过于频繁，请 {minutes} 分钟后再试。",
    },
}
