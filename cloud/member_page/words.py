"""What the members' page says, in both languages, as a shop would say it to its customers."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.member_page.entering_words import ENTERING
from cloud.member_page.handing_words import HANDING
from cloud.member_page.profile_words import ABOUT
from cloud.members.journal_words import JOURNALS
from cloud.rewards.checking import METHOD
from shared.web.words import Language

WORDS: Mapping[str, Mapping[Language, str]] = {
    **ABOUT,
    **ENTERING,
    **HANDING,
    "title": {"en": "Member's page", "zh": "会员中心"},
    "skip": {"en": "Skip to content", "zh": "跳到正文"},
    "main_menu": {"en": "Main", "zh": "主菜单"},
    "other_language": {"en": "中文", "zh": "English"},
    "back": {"en": "Back", "zh": "返回"},
    "tab_card": {"en": "Card", "zh": "会员码"},
    "tab_coupons": {"en": "Coupons", "zh": "优惠券"},
    "tab_gifts": {"en": "Gifts", "zh": "兑礼品"},
    "tab_receipts": {"en": "Receipts", "zh": "小票"},
    "tab_more": {"en": "Me", "zh": "我的"},
    # The card
    "hello": {"en": "Hello, {name}", "zh": "您好，{name}"},
    "hello_nameless": {"en": "Hello", "zh": "您好"},
    "card": {"en": "Card {number}", "zh": "卡号 {number}"},
    "code_alt": {"en": "Your member code, to be scanned at the till", "zh": "会员码，请在收银台出示扫码"},
    "code_hint": {
        "en": "Show it at the till, with the screen bright. It renews itself.",
        "zh": "结账时请出示，屏幕请调亮。会员码自动刷新。",
    },
    "code_renewing": {"en": "One moment, a new code is coming", "zh": "正在刷新会员码…"},
    "code_stale": {
        "en": "This code has run out and a new one does not come. Check your network, or tell the cashier your number.",
        "zh": "会员码已过期且无法刷新，请检查网络，或向收银员报手机号。",
    },
    "blocked_buy": {
        "en": "Your membership is on hold for now. Any service desk tells you why.",
        "zh": "您的会员权益已暂停使用，请咨询门店服务台。",
    },
    "blocked_points": {
        "en": "Points are on hold for now: none are collected or spent. Any service desk tells you why.",
        "zh": "您的积分已暂停累积和使用，请咨询门店服务台。",
    },
    "blocked_coupons": {
        "en": "Your coupons are on hold for now. Any service desk tells you why.",
        "zh": "您的优惠券已暂停使用，请咨询门店服务台。",
    },
    "code_renew": {"en": "New code", "zh": "刷新会员码"},
    "no_card": {
        "en": "You have no card in use. Any service desk gives you one; your points stay.",
        "zh": "您目前没有可用的会员卡，请到门店服务台办理，积分不受影响。",
    },
    "points": {"en": "Points", "zh": "积分"},
    "points_pending": {"en": "{points} more from {day} on", "zh": "另有 {points} 积分 {day} 起可用"},
    "points_end": {"en": "{points} of them count until {day}", "zh": "其中 {points} 积分有效期至 {day}"},
    "points_aside": {
        "en": "{points} more are set aside in your stores, or for a purchase under way. They stay yours: pay with "
        "them at the till there; what is not used comes back here by itself.",
        "zh": "另有 {points} 积分预留在您常去的门店或进行中的交易里，仍归您所有：可在该店收银台使用，未用的自动退回。",
    },
    "points_aside_short": {"en": "+{points} set aside", "zh": "另有 {points} 积分预留中"},
    "points_owed": {
        "en": "You owe {points} points, taken from the next you earn.",
        "zh": "尚欠 {points} 积分，将从之后获得的积分中扣除。",
    },
    "tier": {"en": "Tier", "zh": "会员等级"},
    "tier_none": {"en": "Member", "zh": "普通会员"},
    "tier_next": {"en": "{amount} for {tier}", "zh": "{amount}，即可升级为{tier}"},
    "tier_next_by": {"en": "{amount} by {day} for {tier}", "zh": "{day} 前{amount}，即可升级为{tier}"},
    "tier_top": {"en": "You are at the top.", "zh": "您已是最高等级"},
    "board": {"en": "Leaderboard", "zh": "排行榜"},
    "board_by_spend": {"en": "Who spent most", "zh": "消费排行榜"},
    "board_by_visits": {"en": "Who came most often", "zh": "到店排行榜"},
    "board_by_points": {"en": "Who earned most points", "zh": "积分排行榜"},
    "board_period": {"en": "{first} to {last}", "zh": "{first} 至 {last}"},
    "board_you": {"en": "(you)", "zh": "（我）"},
    "board_own": {"en": "You stand in place {place}.", "zh": "您目前排在第 {place} 名。"},
    "board_none": {"en": "Nobody stands here yet.", "zh": "还没有会员上榜。"},
    "board_how": {
        "en": "Be the first: members stand here when they want to.",
        "zh": "会员自愿上榜，欢迎您第一个加入。",
    },
    "board_text": {
        "en": "Other members then see your masked name and your figure. You can leave at any time.",
        "zh": "上榜后，其他会员可看到您脱敏后的姓名和数值。您可随时退出。",
    },
    "board_on": {"en": "Stand on the board", "zh": "加入排行榜"},
    "board_off": {"en": "Leave the board", "zh": "退出排行榜"},
    "tier_brings": {"en": "What your tier brings", "zh": "等级权益"},
    "tier_keep": {"en": "Holds until {day}", "zh": "有效期至 {day}"},
    "tier_progress": {"en": "Way to {tier}", "zh": "升级{tier}进度"},
    "value": {"en": "Stored value", "zh": "储值余额"},
    "show_all": {"en": "Show all", "zh": "查看全部"},
    # Coupons
    "coupons": {"en": "Coupons", "zh": "优惠券"},
    "coupon_until": {"en": "until {day}", "zh": "有效期至 {day}"},
    "coupon_today": {"en": "ends today", "zh": "今天到期"},
    "coupon_days": {"en": "{days} days left", "zh": "还剩 {days} 天"},
    "coupon_from": {"en": "from {day} on", "zh": "{day} 起可用"},
    "coupon": {"en": "Coupon", "zh": "优惠券详情"},
    "coupon_nameless": {"en": "Coupon", "zh": "优惠券"},
    "coupon_last": {"en": "1 day left", "zh": "还剩 1 天"},
    "coupon_in_use": {"en": "set aside at a till right now", "zh": "收银台占用中"},
    "coupon_alt": {"en": "This coupon's code, to be scanned at the till", "zh": "优惠券码，请在收银台出示扫码"},
    "coupon_hint": {
        "en": "Show it at the till, or read the code aloud. It is taken once.",
        "zh": "结账时出示扫码或报券码，每张限用一次。",
    },
    "coupons_none": {"en": "No coupons at the moment.", "zh": "暂无可用优惠券"},
    "coupons_how": {
        "en": "Coupons you are given appear here by themselves.",
        "zh": "获得的优惠券会自动显示在这里。",
    },
    # Gifts and draws
    "gifts": {"en": "Gifts for points", "zh": "积分商城"},
    "gifts_all": {"en": "What you can have", "zh": "可兑换礼品"},
    "gifts_none": {"en": "No gifts at the moment.", "zh": "暂无可兑换的礼品"},
    "gifts_how": {"en": "Gifts you can have for points appear here.", "zh": "可用积分兑换的礼品会显示在这里。"},
    "gift_points": {"en": "{points} points", "zh": "{points} 积分"},
    "gift_have": {"en": "you have {points}", "zh": "您有 {points} 积分"},
    "gift_missing": {"en": "{points} points too few", "zh": "还差 {points} 积分"},
    "gift_ready": {"en": "You can have it now", "zh": "可兑换"},
    "gift_gone": {"en": "None left", "zh": "已兑完"},
    "gift_closed": {"en": "This gift is not given any more.", "zh": "该礼品已下架。"},
    "gift_where": {"en": "Where will you fetch it?", "zh": "选择领取门店"},
    "gift_left": {"en": "{count} left", "zh": "剩 {count} 件"},
    "gift_take": {"en": "Reserve it for {points} points", "zh": "用 {points} 积分兑换"},
    "gift_hint": {
        "en": "The points are taken now. Fetch it with the code you get; give it back before that and they return.",
        "zh": "积分即时扣除，凭领取码到店领取；领取前可取消，积分原路退回。",
    },
    "reward_per_member": {"en": "You have had as many as one member may.", "zh": "您已达到领取上限。"},
    "reward_too_few": {
        "en": "You do not have enough points for it just now.",
        "zh": "您当前可用积分不足。",
    },
    "reward_blocked": {
        "en": "Your points cannot be spent at the moment. A service desk tells you why.",
        "zh": "您的积分暂不可用，请咨询门店服务台。",
    },
    "pickups": {"en": "Waiting for you", "zh": "待领取"},
    "pickup": {"en": "To fetch", "zh": "领取码"},
    "pickup_anywhere": {"en": "in any store", "zh": "任一门店"},
    "pickup_alt": {"en": "The code to fetch it by", "zh": "领取码，请在服务台出示"},
    "pickup_hint": {
        "en": "Show it at the service desk, or read it aloud. It is handed over once.",
        "zh": "请在服务台出示或报领取码，限领一次。",
    },
    "pickup_cancel": {"en": "Give it back, points return", "zh": "取消兑换，退回积分"},
    "pickup_gone": {"en": "It was handed over already.", "zh": "该礼品已被领取。"},
    "draws": {"en": "Prize draws", "zh": "抽奖"},
    "draw_costs": {"en": "{points} points a draw", "zh": "每次 {points} 积分"},
    "draw_free": {"en": "free", "zh": "免费"},
    "draw_do": {"en": "Draw", "zh": "立即抽奖"},
    "draw_again": {"en": "Draw again", "zh": "再抽一次"},
    "draw_left": {"en": "You can draw {count} times more.", "zh": "您还可抽 {count} 次。"},
    "draw_used_up": {"en": "You have drawn as often as one member may.", "zh": "您的抽奖次数已用完。"},
    "draw_over": {"en": "This draw is over.", "zh": "抽奖已结束。"},
    "draw_not_yet": {"en": "This draw has not begun yet.", "zh": "抽奖尚未开始。"},
    "draw_ticket": {"en": "Ticket {number}", "zh": "抽奖号 {number}"},
    "draw_won": {"en": "You won: {prize}", "zh": "恭喜获得：{prize}"},
    "draw_lost": {"en": "Nothing this time", "zh": "很遗憾，未中奖"},
    "draw_nothing": {"en": "nothing", "zh": "未中奖"},
    "draw_fetch": {"en": "How to fetch it", "zh": "查看领取码"},
    "draw_odds": {"en": "Prizes and odds", "zh": "奖品与概率"},
    "draw_stock": {"en": "{left} of {whole} left", "zh": "剩 {left} / {whole}"},
    "draw_mine": {"en": "Your draws", "zh": "我的抽奖记录"},
    "draw_holds": {"en": "replayed: the same", "zh": "复核一致"},
    "draw_wrong": {"en": "replayed: something else", "zh": "复核不一致"},
    "draw_fair": {"en": "How you can check that it is fair", "zh": "如何核验公平性"},
    "draw_fair_lead": {
        "en": "A secret number decides with your ticket's number alone. Its mark was published before the first draw; "
        "the number itself is shown when the draw ends, and everybody can replay every ticket. "
        "A prize that is used up becomes nothing.",
        "zh": "结果只由事先选定的随机种子和您的抽奖号决定。种子摘要在首次抽奖前公布，活动结束后公开种子，"
        "任何人都可复核每个抽奖号。奖品发完后，抽中视为未中奖。",
    },
    "draw_method": {
        "en": METHOD,
        "zh": "limit = 2^64 - 2^64 mod W，W 为各权重之和。attempt 依次取 0、1……：x = HMAC-SHA256(key = seed, message = "
        "'ticket/attempt') 的前 8 字节（大端）。取第一个小于 limit 的 x：place = x mod W。按规则中奖品的顺序"
        "逐个减去权重，直到 place 小于该权重，即中该奖品；全部减完仍未中则未中奖。该号抽取时奖品已发完的，按未中奖计。",
    },
    "draw_commitment": {"en": "The seed's mark (SHA-256)", "zh": "种子摘要（SHA-256）"},
    "draw_seed": {"en": "The seed", "zh": "种子"},
    # Points and value
    "points_history": {"en": "What came and went", "zh": "积分明细"},
    "value_history": {"en": "What came and went", "zh": "储值明细"},
    "older": {"en": "Older ones", "zh": "查看更早"},
    "newest": {"en": "Back to the newest", "zh": "回到最新"},
    "points_none": {"en": "No points yet.", "zh": "暂无积分"},
    "points_how": {
        "en": "Show your member code when you pay; points arrive when the store has reported the sale.",
        "zh": "结账时出示会员码即可累积积分，门店上传后到账。",
    },
    "value_none": {"en": "No stored value yet.", "zh": "暂无储值"},
    "value_how": {"en": "You can top up at any service desk.", "zh": "可到任一门店服务台充值。"},
    "value_principal": {"en": "Paid in", "zh": "本金"},
    "value_gift": {"en": "Given by us", "zh": "赠送金"},
    "value_held": {"en": "Set aside for a purchase", "zh": "交易占用中"},
    "value_frozen": {"en": "Frozen: ask at a service desk.", "zh": "已冻结，请咨询门店服务台。"},
    **{f"journal_{code}": words for code, words in JOURNALS.items()},
    # Receipts
    "receipts": {"en": "Receipts", "zh": "电子小票"},
    "receipts_none": {"en": "No receipts yet.", "zh": "暂无小票"},
    "receipts_how": {
        "en": "Show your member code when you pay: what you bought appears here when the store has reported it.",
        "zh": "结账时出示会员码，门店上传后可在这里查看。",
    },
    "receipts_older": {"en": "Older ones", "zh": "更早的小票"},
    "receipt": {"en": "Receipt", "zh": "小票详情"},
    "receipt_pieces": {"en": "{count} lines", "zh": "{count} 种商品"},
    "receipt_piece": {"en": "1 line", "zh": "1 种商品"},
    "receipt_number": {"en": "No. {number}", "zh": "小票号 {number}"},
    "receipt_earned": {"en": "{points} points earned", "zh": "获得 {points} 积分"},
    "receipt_spent": {"en": "{points} points spent", "zh": "使用 {points} 积分"},
    "receipt_back": {"en": "{amount} came back", "zh": "已退 {amount}"},
    "receipt_undone": {"en": "undone", "zh": "已撤销"},
    "receipt_saved": {"en": "saved {amount}", "zh": "已省 {amount}"},
    # More
    "more": {"en": "Me", "zh": "我的"},
    "messages": {"en": "What we may send you", "zh": "消息订阅"},
    "messages_lead": {
        "en": "Offers come only by what is switched on here. Codes you ask for always come.",
        "zh": "优惠消息仅通过您开启的方式发送；验证码等您主动获取的信息不受影响。",
    },
    "channel_sms": {"en": "Text message", "zh": "短信"},
    "channel_wechat": {"en": "WeChat", "zh": "微信"},
    "channel_email": {"en": "E-mail", "zh": "电子邮件"},
    "channel_on": {"en": "on since {day}", "zh": "{day} 已开启"},
    "channel_version": {"en": "text {version}", "zh": "条款 {version}"},
    "channel_newer": {"en": "The text is another by now:", "zh": "条款已更新："},
    "channel_agree": {"en": "Agree", "zh": "同意新条款"},
    "channel_off": {"en": "off", "zh": "未开启"},
    "channel_no_address": {
        "en": "We have no address of yours for it; a service desk adds it.",
        "zh": "尚未登记联系方式，可到服务台补充。",
    },
    "channel_no_wechat": {"en": "Not connected with WeChat.", "zh": "尚未绑定微信。"},
    "turn_on": {"en": "Turn on", "zh": "开启"},
    "turn_off": {"en": "Turn off", "zh": "关闭"},
    "consent_text": {
        "en": "By turning it on you agree to offers about our stores by this way, until you turn it off here.",
        "zh": "开启即表示您同意我们通过该方式向您发送门店优惠信息，可随时在此关闭。",
    },
    "your_data": {"en": "Your data", "zh": "我的数据"},
    "export": {"en": "See everything we hold about you", "zh": "查看我的全部数据"},
    "export_lead": {
        "en": "Your profile, cards, points, purchases and what was done with them, in plain words.",
        "zh": "包括您的资料、会员卡、积分、购买记录及相关操作记录。",
    },
    "export_elsewhere": {
        "en": "WeChat keeps no files: open this page in your phone's browser to download.",
        "zh": "微信内无法下载文件，请点击右上角“…”选择在浏览器中打开本页后下载。",
    },
    "export_file": {"en": "Download it as data", "zh": "下载数据文件"},
    "leave": {"en": "Leave", "zh": "注销会员"},
    "sign_out": {"en": "Sign out", "zh": "退出登录"},
    "sign_out_all": {"en": "Sign out on every telephone", "zh": "退出所有设备"},
    "wechat_bound": {"en": "WeChat signs you in", "zh": "已绑定微信，可直接进入"},
    "wechat_bind": {"en": "Let WeChat sign me in", "zh": "绑定当前微信"},
    "wechat_unbind": {"en": "Forget my WeChat", "zh": "解除微信绑定"},
    # Leaving
    "leave_lead": {
        "en": "This cannot be undone. What happens:",
        "zh": "注销后无法恢复，请确认以下事项：",
    },
    "leave_person": {
        "en": "Your name, number and everything else that leads to you is erased, here and in the stores.",
        "zh": "您的姓名、手机号等个人信息将从总部和门店全部删除。",
    },
    "leave_books": {
        "en": "Your receipts stay in our books without a name, because the law wants accounts kept.",
        "zh": "依法须保存的交易记录将保留，但不再与您关联。",
    },
    "leave_points": {"en": "Your {points} points are given up.", "zh": "您的 {points} 积分将作废。"},
    "leave_no_points": {"en": "You have no points to lose.", "zh": "您没有剩余积分。"},
    "leave_coupons": {"en": "Your coupons end.", "zh": "您的优惠券将失效。"},
    "leave_value": {
        "en": "You have {amount} of stored value. It is yours: have it paid back at a service desk first.",
        "zh": "您还有储值 {amount}，请先到门店服务台办理退款，再申请注销。",
    },
    "leave_no_value": {"en": "You have no stored value.", "zh": "您没有储值余额。"},
    "leave_give_up": {"en": "I give up my points", "zh": "我同意放弃全部积分"},
    "leave_type": {"en": "Type {word} to confirm", "zh": "请输入“{word}”确认"},
    "leave_word": {"en": "LEAVE", "zh": "注销"},
    "leave_do": {"en": "Leave for good", "zh": "确认注销"},
    "leave_not_typed": {"en": "Type the word exactly as it stands.", "zh": "请按提示准确输入确认文字。"},
    "leave_points_first": {
        "en": "Spend your points, or tick that you give them up.",
        "zh": "请先使用积分，或勾选同意放弃积分。",
    },
    "leave_pending": {
        "en": "Something of yours is set aside for a purchase. Try again when it is over.",
        "zh": "您有积分或余额正被交易占用，请在交易完成后再试。",
    },
    "left": {"en": "You have left", "zh": "已注销"},
    "left_lead": {
        "en": "What led to you is erased. You are welcome in our stores all the same.",
        "zh": "您的个人信息已删除。欢迎继续光临门店。",
    },
    # What can go wrong
    "problem": {"en": "That did not work", "zh": "操作未成功"},
    "problem_form": {
        "en": "This page was open for too long. Load it again and repeat.",
        "zh": "页面已过期，请刷新后重试。",
    },
    "problem_busy": {"en": "We are busy. Try again in a minute.", "zh": "系统繁忙，请稍后再试。"},
    "problem_nothing": {"en": "There is nothing here.", "zh": "页面不存在。"},
    "problem_other": {
        "en": "We could not do this. Try again, or ask at a service desk.",
        "zh": "暂时无法完成，请稍后重试或咨询门店服务台。",
    },
    "to_start": {"en": "To my card", "zh": "返回会员码"},
}


def say(language: Language, key: str, **values: object) -> str:
    """Return what is said, with its values."""
    return WORDS[key][language].format(**values)
