"""What the members' page says to whoever comes in: signing in, WeChat, becoming a member, a card on the telephone."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import Language

ENTERING: Mapping[str, Mapping[Language, str]] = {
    "sign_in": {"en": "Sign in", "zh": "登录"},
    "sign_in_lead": {
        "en": "With the phone number your membership is in. No password: we send you a code.",
        "zh": "请使用办理会员时登记的手机号登录，无需密码，验证码将发送到您的手机。",
    },
    "sign_in_again": {
        "en": "For this, sign in once more, so that nobody else does it with your phone.",
        "zh": "为确保是您本人操作，请重新登录。",
    },
    "phone": {"en": "Phone number", "zh": "手机号"},
    "send_code": {"en": "Send the code", "zh": "获取验证码"},
    "code": {"en": "Code of 6 digits", "zh": "6 位验证码"},
    "code_sent": {
        "en": "If {phone} is a member's number, a code is on its way. It is good for {minutes} minutes.",
        "zh": "如果 {phone} 已登记为会员手机号，验证码将很快送达，{minutes} 分钟内有效。",
    },
    "code_not_here": {
        "en": "Nothing after a minute? Check the number and ask again, or become a member at any service desk.",
        "zh": "一分钟后仍未收到？请核对手机号后重新获取；还不是会员，请到门店服务台办理。",
    },
    "code_wrong": {"en": "This is not the code. Look at it again.", "zh": "验证码不正确，请核对后重新输入。"},
    "code_over": {"en": "This code is over. Ask for a new one.", "zh": "验证码已失效，请重新获取。"},
    "code_your_number": {"en": "this", "zh": "该号码"},
    "code_again": {"en": "Send another code", "zh": "重新获取验证码"},
    "code_again_in": {"en": "Another code in {seconds} s", "zh": "{seconds} 秒后可重新获取"},
    "another_number": {"en": "Another number", "zh": "更换手机号"},
    "phone_invalid": {
        "en": "This is no phone number. Type it as you dial it; abroad, with + and the country.",
        "zh": "手机号格式不正确，请重新输入；境外号码请以 + 和国家代码开头。",
    },
    "wait": {"en": "Too many attempts. Try again in {seconds} seconds.", "zh": "操作过于频繁，请 {seconds} 秒后再试。"},
    "code_not_here_join": {
        "en": "Nothing after a minute? Check the number and ask again.",
        "zh": "一分钟后仍未收到？请核对手机号后重新获取。",
    },
    "sign_in_lead_join": {
        "en": "With your phone number. No password: we send you a code. New here? You become a member on the way.",
        "zh": "使用手机号登录，无需密码，我们会发送验证码。新用户验证后即可加入会员。",
    },
    "code_sent_join": {
        "en": "A code is on its way to {phone}. It is good for {minutes} minutes.",
        "zh": "验证码已发往 {phone}，{minutes} 分钟内有效。",
    },
    "join": {"en": "Become a member", "zh": "加入会员"},
    "join_lead": {
        "en": "This number is no member's yet. It costs nothing, and your card is on your phone at once.",
        "zh": "该手机号还不是会员。免费加入，会员码立即可用。",
    },
    "join_name": {"en": "Name", "zh": "姓名"},
    "join_store": {"en": "Your store", "zh": "常去门店"},
    "join_if_you_like": {"en": "(if you like)", "zh": "（选填）"},
    "join_do": {"en": "Join", "zh": "立即加入"},
    "join_agree": {
        "en": "Without agreeing to this nobody can join. Tick it, or leave the page.",
        "zh": "请先勾选同意会员条款，再加入会员。",
    },
    "join_desk": {
        "en": "Joining takes a purchase first. With its receipt or card any service desk makes you a member.",
        "zh": "入会需先在门店消费，请持小票或卡到任一门店服务台办理。",
    },
    "join_wrong": {
        "en": "This name or store cannot be. Type it again, or leave it empty.",
        "zh": "姓名或门店有误，请重新填写或留空。",
    },
    "join_again": {
        "en": "That took too long. Ask for a new code.",
        "zh": "操作超时，请重新获取验证码。",
    },
    "card_take": {"en": "Put a card on my phone", "zh": "领取电子会员卡"},
    "card_take_lead": {
        "en": "You have no card in use. Take one on this phone: its code is taken at every till, and your points stay.",
        "zh": "您目前没有可用的会员卡。可立即领取电子会员卡，各门店收银台均可使用，积分不受影响。",
    },
    "choose": {"en": "Which member are you?", "zh": "请选择会员"},
    "choose_lead": {"en": "Several members share this number.", "zh": "该手机号登记了多位会员。"},
    "nameless": {"en": "Member", "zh": "会员"},
    "by_wechat": {"en": "Sign in with WeChat", "zh": "微信登录"},
    "wechat_unknown": {
        "en": "We do not know you in WeChat yet. Sign in by phone once; from then on WeChat is enough.",
        "zh": "您的微信尚未绑定会员。请先用手机号登录一次，之后可直接用微信进入。",
    },
    "wechat_refused": {
        "en": "WeChat did not say who you are. Sign in by phone.",
        "zh": "未能获取微信身份，请使用手机号登录。",
    },
}
