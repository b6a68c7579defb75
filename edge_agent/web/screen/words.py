"""What things of the till are called on its pages."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.devices.ports import WeightProblem
from shared.web.words import marked
from shared.wire.events import TenderKind
from shared.wire.policies import Approval, StaffRole
from shared.wire.till_events import CashMove

ROLES: Mapping[StaffRole, str] = {
    StaffRole.CASHIER: marked("cashier"),
    StaffRole.SUPERVISOR: marked("supervisor"),
    StaffRole.MANAGER: marked("manager"),
}
APPROVALS: Mapping[Approval, str] = {
    Approval.PRICE_OVERRIDE: marked("Changing a price"),
    Approval.ROUND_OFF: marked("Dropping so many cents"),
    Approval.VOID_LINE: marked("Taking a line out"),
    Approval.VOID_BASKET: marked("Giving the basket up"),
    Approval.RETURN: marked("A return"),
    Approval.RETURN_WITHOUT_RECEIPT: marked("A return without a receipt"),
    Approval.REFUND_IN_CASH: marked("Paying back in cash"),
    Approval.VOID_SALE: marked("Undoing a sale"),
    Approval.CASH_OUT: marked("Taking cash out"),
    Approval.NO_SALE: marked("Opening the drawer without a sale"),
    Approval.SETTLE_PAYMENT: marked("Settling a payment by hand"),
    Approval.SELL_AGED: marked("Selling what has an age limit"),
    Approval.FREE_PIN: marked("Freeing a PIN"),
    Approval.TAKE_OVER: marked("Taking over somebody's till"),
    Approval.CLOSE_SHIFT: marked("Closing the shift"),
    Approval.TRAINING: marked("Practising"),
    Approval.CARD_CHANGE: marked("Changing a member's card"),
    Approval.UNDO_TOP_UP: marked("Undoing a top-up"),
    Approval.PAY_OUT_VALUE: marked("Paying a card back"),
    Approval.SAME_WEIGHT: marked("The same weight again"),
}
TENDERS: Mapping[TenderKind, str] = {
    TenderKind.CASH: marked("Cash"),
    TenderKind.BANK_CARD: marked("Bank card"),
    TenderKind.WECHAT: marked("WeChat Pay"),
    TenderKind.ALIPAY: marked("Alipay"),
    TenderKind.STORED_VALUE: marked("Stored value"),
    TenderKind.GIFT_CARD: marked("Gift card"),
    TenderKind.OTHER: marked("Other payment"),
    TenderKind.EXCHANGE: marked("Exchanged goods"),
}
CARDS_OUT_OF_USE: Mapping[str, str] = {
    "card_lost": marked("This card was reported lost: it pays for nothing. Service desk."),
    "card_frozen": marked("This card is frozen: it pays for nothing. Service desk."),
    "card_expired": marked("This card has expired. Service desk."),
    "card_replaced": marked("A newer card has taken this one's place: ask for that."),
    "member_closed": marked("Whoever carried this card has left."),
}
"""Why HQ says that a card is in nobody's use, by its code."""
BLOCKS: Mapping[str, str] = {
    "buy": marked("may not buy as a member"),
    "points": marked("may not use points"),
    "coupons": marked("may not use coupons"),
}
"""What HQ may block a member from, by its code."""
MOVES: Mapping[CashMove, str] = {
    CashMove.IN: marked("Cash in"),
    CashMove.OUT: marked("Cash out"),
    CashMove.DROP: marked("Drop to the safe"),
    CashMove.NO_SALE: marked("Open the drawer"),
}
WEIGHT_PROBLEMS: Mapping[WeightProblem, str] = {
    WeightProblem.MOVING: marked("moving"),
    WeightProblem.NEGATIVE: marked("below zero"),
    WeightProblem.OVERLOAD: marked("too heavy"),
    WeightProblem.NOT_ZEROED: marked("not zeroed"),
    WeightProblem.OUT_OF_RANGE: marked("too heavy or not zeroed"),
    WeightProblem.SAME_WEIGHT: marked("already sold"),
    WeightProblem.EMPTY: marked("empty"),
    WeightProblem.WARMING_UP: marked("warming up"),
    WeightProblem.UNREADABLE: marked("unreadable"),
    WeightProblem.SILENT: marked("no answer"),
    WeightProblem.FAULT: marked("broken"),
}
PROBLEMS: Mapping[str, str] = {
    "disk_full": marked("The disk is full: nothing can be sold. Call IT."),
    "database_damaged": marked("The disk is damaged. Call IT; throw nothing away."),
    "price_book": marked("New prices did not arrive whole: the old ones count. Tell IT."),
    "timeline": marked("New prices were refused: the old ones count. Tell IT."),
    "clock": marked("This PC's clock is wrong: times on receipts are too. Tell IT."),
    "event_unsendable": marked("A record cannot be sent to head office. Tell IT."),
}
"""What a problem of the agent, by its code, means at a till."""
PROBLEM_OTHER = marked("Something between this store and head office is not in order. Tell IT.")
STOPS_SELLING = frozenset({"disk_full", "database_damaged"})
"""Problems shown in red; the rest is said calmly."""
DEVICE_STATES: Mapping[str, str] = {
    "idle": marked("ready"),
    "busy": marked("busy"),
    "closed": marked("not there"),
    "error": marked("needs help"),
}
DEVICE_CLASSES: Mapping[str, str] = {
    "scanner": marked("Scanner"),
    "scale": marked("Scale"),
    "printer": marked("Printer"),
    "card_reader": marked("Card reader"),
}
