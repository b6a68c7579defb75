"""Words of the service desk: its own refusals, and HQ's by their codes (`hq_` and the code)."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

SERVICE_WORDS: Mapping[str, Words] = {
    "not_at_this_till": Words(
        "This is done at the service desk.",
        "此业务请到服务台办理。",
        "Send the customer there.",
        "请引导顾客到服务台。",
    ),
    "hq_silent": Words(
        "Head office does not answer.",
        "总部暂无应答。",
        "Ask again when the network is back: nothing is done twice.",
        "网络恢复后请重试，不会重复办理。",
    ),
    "hq_refused": Words(
        "Head office says no.", "总部不予办理。", "Tell support the word shown here.", "请将此提示告知支持人员。"
    ),
    "who_unknown": Words(
        "Neither a card nor a telephone number.",
        "不是会员卡，也不是手机号。",
        "Scan the card, or type the number.",
        "请扫描会员卡，或输入手机号。",
    ),
    "phone_form": Words(
        "This is not a telephone number.", "手机号格式不正确。", "Type the whole number.", "请输入完整手机号。"
    ),
    "desk_receipt": Words(
        "No receipt of ours stands behind this.",
        "找不到对应的小票。",
        "Scan the code on the receipt.",
        "请扫描小票上的二维码。",
    ),
    "not_a_top_up": Words(
        "This is not a top-up's receipt.", "这不是充值单。", "Scan the receipt of the top-up.", "请扫描充值单。"
    ),
    "gift_card_is_members": Words(
        "This card is a member's, not a gift card.",
        "这是会员卡，不是购物卡。",
        "Take another card; a member's is topped up when it is scanned at the desk's first question.",
        "请换一张购物卡；会员充值请在服务台首页扫描会员卡。",
    ),
    "value_offer_gone": Words(
        "This top-up was not asked about, or it is done.",
        "该充值未经询问或已完成。",
        "Begin the top-up again.",
        "请重新办理充值。",
    ),
    "value_amount": Words("This amount cannot be taken.", "金额无效。", "Enter the amount again.", "请重新输入金额。"),
    "value_by_value": Words(
        "Stored value cannot be bought with stored value.",
        "储值不能用储值卡或购物卡购买。",
        "Take cash, a bank card or a payment code.",
        "请收现金、银行卡或付款码。",
    ),
    "value_paid_back": Words(
        "This was paid back already.", "该笔款项已退回。", "Do not pay it again.", "请勿重复退款。"
    ),
    "value_undo_waits": Words(
        "The top-up is not undone yet.",
        "充值撤销尚未完成。",
        "Go on with it from the desk's list; pay nothing out before.",
        "请从服务台列表继续办理，完成前请勿退款。",
    ),
    "value_undo_taken": Words(
        "Head office took the value back already.",
        "总部已收回该笔储值。",
        "Go on until its money is paid back.",
        "请继续办理，直至退款完成。",
    ),
    "value_refund_refused": Words(
        "The payment service did not give the money back.",
        "支付方未退款。",
        "Go on with it from the desk's list: pay it in cash, with approval.",
        "请从服务台列表继续办理，经授权以现金退款。",
    ),
    "value_nothing_due": Words(
        "Nothing is to be paid out.",
        "没有可退金额。",
        "Tell the customer what head office decided.",
        "请告知顾客总部的决定。",
    ),
    # what HQ says
    "hq_consent_missing": Words(
        "Nobody joins without agreeing.",
        "须同意会员条款方可入会。",
        "Show the text and ask again.",
        "请出示条款并再次确认。",
    ),
    "hq_phone_unreadable": Words(
        "Head office cannot use this number.", "总部无法识别该手机号。", "Type the number again.", "请重新输入手机号。"
    ),
    "hq_phone_known": Words(
        "This number is a member's already.",
        "该手机号已是会员。",
        "Give them a card instead.",
        "请改为办理会员卡业务。",
    ),
    "hq_phone_unknown": Words(
        "No member has this number.",
        "该手机号不是会员。",
        "Type it again, or sign them up.",
        "请核对号码，或为其办理入会。",
    ),
    "hq_phone_shared": Words(
        "Several members have this number.", "该手机号对应多位会员。", "Scan the member's card.", "请扫描会员卡。"
    ),
    "hq_phone_looks": Words(
        "Too many numbers were looked up.",
        "查询次数过多。",
        "Wait a while, or scan the card.",
        "请稍候，或扫描会员卡。",
    ),
    "hq_wallet_looks": Words(
        "Too many balances were asked for.",
        "查询余额次数过多。",
        "Wait a minute, then ask again.",
        "请稍候一分钟再查。",
    ),
    "hq_card_unreadable": Words(
        "Head office cannot read this card.", "总部无法识别该卡。", "Scan it again.", "请重新扫描。"
    ),
    "hq_card_unknown": Words(
        "No member carries this card.", "该卡未绑定会员。", "Ask for the telephone number.", "请询问手机号。"
    ),
    "hq_card_taken": Words("This card is somebody else's.", "该卡已属于他人。", "Take another card.", "请换一张卡。"),
    "hq_card_lost": Words(
        "This card was reported lost.",
        "该卡已挂失。",
        "Find the member by telephone and give another.",
        "请按手机号查找会员并补办新卡。",
    ),
    "hq_card_frozen": Words(
        "This card is frozen.",
        "该卡已冻结。",
        "Find the member by telephone; the card desk thaws it.",
        "请按手机号查找会员，在会员卡业务中解冻。",
    ),
    "hq_card_expired": Words(
        "This card has expired.",
        "该卡已过期。",
        "Find the member by telephone and give another.",
        "请按手机号查找会员并换发新卡。",
    ),
    "hq_card_replaced": Words(
        "Another card has taken this one's place.", "该卡已被新卡替换。", "Use the newer card.", "请使用新卡。"
    ),
    "hq_member_unknown": Words(
        "Head office does not know this member.", "总部查无此会员。", "Look them up again.", "请重新查找。"
    ),
    "hq_member_closed": Words("This member has left.", "该会员已退会。", "They may join anew.", "可重新办理入会。"),
    "hq_referrer_unknown": Words(
        "Nobody can be found who brought them.",
        "查不到推荐人。",
        "Ask again whose card or number it is, or go on without.",
        "请核对推荐人的卡或手机号，或不填写。",
    ),
    "hq_entry_spend": Words(
        "Not enough was bought with this card to join yet.",
        "该卡消费尚未达到入会条件。",
        "Give them the card: what it buys counts.",
        "请先发卡，持卡消费将累计。",
    ),
    "hq_entry_receipt": Words(
        "Joining takes a receipt over the set amount.",
        "入会需出示达到金额的小票。",
        "Scan the receipt's code.",
        "请扫描小票二维码。",
    ),
    "hq_receipt_not_here": Words(
        "Head office does not have this receipt yet.", "总部尚未收到该小票。", "Try again in a while.", "请稍后再试。"
    ),
    "hq_receipt_has_member": Words(
        "This receipt's points are somebody's already.",
        "该小票积分已入账。",
        "They cannot be given twice.",
        "积分不能重复登记。",
    ),
    "hq_receipt_too_old": Words(
        "This receipt is too old for its points.",
        "该小票已超过补登期限。",
        "Tell the customer the time limit.",
        "请告知顾客补登期限。",
    ),
    "hq_points_blocked": Words(
        "This member collects no points for now.",
        "该会员积分功能已停用。",
        "Ask head office why.",
        "请联系总部了解原因。",
    ),
    "hq_cap_exceeded": Words(
        "The card would hold more than the law allows.",
        "充值后将超过卡片限额。",
        "Enter a smaller amount.",
        "请减少充值金额。",
    ),
    "hq_identity_needed": Words(
        "For this amount the buyer's identity is needed.",
        "达到实名金额，须登记购卡人身份。",
        "Look at the document, then confirm it.",
        "请核验证件后确认。",
    ),
    "hq_amount": Words("This is not an amount to top up.", "充值金额无效。", "Enter it again.", "请重新输入。"),
    "hq_no_purse": Words("There is no stored value behind this.", "没有储值账户。", "Top it up first.", "请先充值。"),
    "hq_purse_frozen": Words(
        "This stored value is frozen: it is to be given back.",
        "储值已冻结，退卡办理中。",
        "Wait for head office's decision.",
        "请等待总部审批。",
    ),
    "hq_purse_returned": Words(
        "This stored value was given back.", "储值已退卡。", "Use another card.", "请使用其他卡。"
    ),
    "hq_top_up_not_here": Words(
        "Head office does not have this top-up yet.", "总部尚未收到该笔充值。", "Try again in a moment.", "请稍后再试。"
    ),
    "hq_top_up_elsewhere": Words(
        "Another store took this top-up.", "该笔充值由其他门店办理。", "It is undone there.", "请到原门店撤销。"
    ),
    "hq_value_gone": Words(
        "Some of it is spent: it cannot be undone.",
        "该笔储值已被使用，不能撤销。",
        "Offer to give the card back.",
        "可改为申请退卡。",
    ),
    "hq_nothing_left": Words(
        "This top-up was undone already.", "该笔充值已撤销。", "Pay nothing back.", "请勿重复退款。"
    ),
    "hq_top_up_open": Words(
        "A top-up of it is being paid at another till.",
        "其他收银台正在为其充值。",
        "Wait until that is done.",
        "请待充值完成后再办理。",
    ),
    "hq_return_none": Words(
        "Nobody has applied to give this back.", "尚未申请退卡。", "Take the application first.", "请先办理退卡申请。"
    ),
    "hq_return_waits": Words(
        "Head office has not decided yet.", "总部尚未审批。", "Ask the customer to come again.", "请顾客稍后再来。"
    ),
    "hq_return_refused": Words(
        "Head office refused it.",
        "总部未批准退卡。",
        "The card works again; ask head office why.",
        "卡片已恢复使用，请联系总部了解原因。",
    ),
    "hq_return_paid": Words(
        "Its money was given back already.", "退卡款已支付。", "Do not pay it again.", "请勿重复支付。"
    ),
    "hq_return_elsewhere": Words(
        "Another store took the application.", "退卡申请由其他门店受理。", "It is paid out there.", "请到受理门店领取。"
    ),
    "hq_pickup_malformed": Words("This is not a pick-up code.", "这不是取货码。", "Scan it again.", "请重新扫描。"),
    "hq_pickup_unknown": Words(
        "Nothing waits behind this code.",
        "该取货码无对应物品。",
        "Look at the member's page again.",
        "请顾客重新打开会员页面。",
    ),
    "hq_pickup_done": Words("This was handed over already.", "该物品已领取。", "Hand nothing over.", "请勿重复发放。"),
    "hq_pickup_ended": Words(
        "The time to fetch it is over.", "领取期限已过。", "Its points went back to the member.", "积分已退回会员。"
    ),
    "hq_pickup_elsewhere": Words(
        "It lies in another store.", "该物品在其他门店。", "Send the customer there.", "请顾客到该门店领取。"
    ),
    "hq_gift_unknown": Words("There is no such gift.", "没有该礼品。", "Choose one from the list.", "请从列表中选择。"),
    "hq_gift_closed": Words(
        "This gift is not given any more.", "该礼品已停止兑换。", "Choose another.", "请选择其他礼品。"
    ),
    "hq_sold_out": Words(
        "There is none left in this store.", "本店该礼品已兑完。", "Choose another.", "请选择其他礼品。"
    ),
    "hq_per_member": Words(
        "This member has had all they may have of it.", "该会员已达兑换上限。", "Choose another.", "请选择其他礼品。"
    ),
    "hq_insufficient": Words(
        "The member has too few points.", "会员积分不足。", "Choose a smaller gift.", "请选择积分更低的礼品。"
    ),
    "hq_question_changed": Words(
        "This was asked in another way before.", "该请求已用于其他内容。", "Begin anew.", "请重新办理。"
    ),
    "hq_not_understood": Words(
        "Head office does not understand this till.", "总部无法处理该请求。", "Call support.", "请联系支持人员。"
    ),
}
