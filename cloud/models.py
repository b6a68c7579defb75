"""Every table, imported so that the metadata is complete. One line a feature."""

from cloud.audit import models as audit
from cloud.beside import models as beside
from cloud.channels import models as channels
from cloud.coupons import models as coupons
from cloud.database import commits
from cloud.fleet import models as fleet
from cloud.identity import models as identity
from cloud.ingest import models as ingest
from cloud.ledger import models as ledger
from cloud.loyalty import club_models as loyalty_club
from cloud.loyalty import draft_models as loyalty_drafts
from cloud.loyalty import models as loyalty
from cloud.member_import import models as members_opening
from cloud.member_page import models as member_page
from cloud.members import care_models as members_care
from cloud.members import models as members
from cloud.org import models as org
from cloud.pictures import models as pictures
from cloud.prices import models as prices
from cloud.pricing_audit import models as pricing_audit
from cloud.promotions import budget_models as promotion_budgets
from cloud.promotions import models as promotions
from cloud.rewards import models as rewards
from cloud.sales import models as sales
from cloud.store_days import models as store_days
from cloud.value import desk_models as value_desk
from cloud.value import models as value

__all__ = [
    "audit",
    "beside",
    "channels",
    "commits",
    "coupons",
    "fleet",
    "identity",
    "ingest",
    "ledger",
    "loyalty",
    "loyalty_club",
    "loyalty_drafts",
    "member_page",
    "members",
    "members_care",
    "members_opening",
    "org",
    "pictures",
    "prices",
    "pricing_audit",
    "promotion_budgets",
    "promotions",
    "rewards",
    "sales",
    "store_days",
    "value",
    "value_desk",
]
