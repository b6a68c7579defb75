"""Every page that can be gone to. A feature adds its pages with a line here; see CONTRIBUTING.md."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cloud.channels import pages as messages
from cloud.console import members, pages, price_changes, promotions, why
from cloud.console import people as people_pages
from cloud.coupons import conflict_pages as coupon_conflicts
from cloud.coupons import pages as coupon_pages
from cloud.fleet import device_pages, terminal_pages
from cloud.identity.people import Right
from cloud.ledger import pages as ledger
from cloud.loyalty import club_pages as loyalty_club
from cloud.loyalty import pages as loyalty
from cloud.loyalty import review_pages as points_reviews
from cloud.member_import import pages as member_import
from cloud.members import rule_pages as member_rules
from cloud.members import segment_pages
from cloud.pictures import pages as pictures
from cloud.promotions import pages as budget_pages
from cloud.rewards import draw_pages, gift_pages, run_pages
from cloud.store_days import pages as store_days
from cloud.value import correction_pages as corrections
from cloud.value import pages as value
from cloud.value import report_pages as value_reports
from cloud.value import return_pages as card_returns
from cloud.value import rule_pages as value_rules
from cloud.web import failing, leading_back, signing_in, static_files
from cloud.web.live import Streams
from cloud.web.navigation import Entry, Task
from shared.web.words import marked

OUR_NAMES = ("127.0.0.1", "localhost")
"""The console listens on loopback; a page elsewhere that leads its own name here reads nothing."""

ENTRIES: tuple[Entry, ...] = (
    Entry(task=Task.TODAY, title=marked("Today"), path="/", router=pages.router),
    Entry(task=Task.STORES, title=marked("Stores"), path="/stores", router=terminal_pages.router),
    Entry(task=Task.STORES, title=marked("Devices"), path="/devices", router=device_pages.router),
    Entry(task=Task.MEMBERS, title=marked("Members"), path="/members", router=members.router),
    Entry(task=Task.MEMBERS, title=marked("Segments"), path="/members/segments", router=segment_pages.router),
    Entry(task=Task.MEMBERS, title=marked("Rules about members"), path="/members/rules", router=member_rules.router),
    Entry(task=Task.MEMBERS, title=marked("Here twice"), path="/members/duplicates"),
    Entry(task=Task.MEMBERS, title=marked("Review desk"), path="/members/reviews"),
    Entry(task=Task.MEMBERS, title=marked("Taken over"), path="/members/openings", router=member_import.router),
    Entry(task=Task.MEMBERS, title=marked("Tiers and earning"), path="/loyalty", router=loyalty.router),
    Entry(task=Task.MEMBERS, title=marked("Friends brought"), path="/loyalty/referrals", router=loyalty_club.router),
    Entry(task=Task.MEMBERS, title=marked("Leaderboard"), path="/loyalty/leaderboard"),
    Entry(task=Task.PROMOTIONS, title=marked("Promotions"), path="/promotions", router=promotions.router),
    Entry(task=Task.PROMOTIONS, title=marked("Calendar"), path="/promotions/calendar"),
    Entry(task=Task.PROMOTIONS, title=marked("Budgets"), path="/budgets", router=budget_pages.router),
    Entry(task=Task.PROMOTIONS, title=marked("Coupons"), path="/coupons", router=coupon_pages.router),
    Entry(task=Task.PROMOTIONS, title=marked("Points mall"), path="/rewards/gifts", router=gift_pages.router),
    Entry(task=Task.PROMOTIONS, title=marked("Prize draws"), path="/rewards/draws", router=draw_pages.router),
    Entry(task=Task.PROMOTIONS, title=marked("Expiry and rebates"), path="/rewards/runs", router=run_pages.router),
    Entry(task=Task.PRICES, title=marked("Price books"), path="/prices"),
    Entry(task=Task.PRICES, title=marked("Price changes"), path="/prices/changes", router=price_changes.router),
    Entry(task=Task.PRICES, title=marked("Pictures of items"), path="/prices/pictures", router=pictures.router),
    Entry(task=Task.SALES, title=marked("Sales"), path="/sales", router=why.router),
    Entry(task=Task.SALES, title=marked("Store days"), path="/days", router=store_days.router),
    Entry(task=Task.CARE, title=marked("Parked events"), path="/parked"),
    Entry(task=Task.CARE, title=marked("Gaps"), path="/gaps"),
    Entry(task=Task.CARE, title=marked("Price differences"), path="/differences"),
    Entry(task=Task.CARE, title=marked("Messages to members"), path="/messages", router=messages.router),
    Entry(task=Task.CARE, title=marked("Points review"), path="/reviews/points", router=points_reviews.router),
    Entry(task=Task.CARE, title=marked("Coupon conflicts"), path="/reviews/coupons", router=coupon_conflicts.router),
    Entry(task=Task.CARE, title=marked("Card returns"), path="/value/returns", router=card_returns.router),
    Entry(task=Task.CARE, title=marked("Put right by hand"), path="/value/corrections", router=corrections.router),
    Entry(task=Task.CARE, title=marked("Debts"), path="/value/debts", router=value_reports.router),
    Entry(task=Task.CARE, title=marked("Ledger"), path="/ledger", router=ledger.router),
    Entry(task=Task.REPORTS, title=marked("Stored value"), path="/value", router=value.router),
    Entry(task=Task.REPORTS, title=marked("Store settlement"), path="/value/settlement"),
    Entry(task=Task.REPORTS, title=marked("Rules of stored value"), path="/value/rules", router=value_rules.router),
    Entry(task=Task.SETTINGS, title=marked("People"), path="/people", router=people_pages.router, right=Right.PEOPLE),
    Entry(task=Task.SETTINGS, title=marked("Audit log"), path="/audit"),
)


def mount(app: FastAPI) -> None:
    """Put the pages and their assets on an application whose lifespan provides `Services`."""
    app.state.entries = ENTRIES
    app.state.streams = Streams()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(OUR_NAMES), www_redirect=False)
    app.include_router(static_files.router)
    failing.install(app)
    signing_in.install(app)
    leading_back.install(app)
    for entry in ENTRIES:
        if entry.router is not None:
            app.include_router(entry.router, dependencies=[Depends(signing_in.admitted)])
