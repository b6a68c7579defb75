"""django-oscar's offer engine on a basket and offers read from standard input; runs in an environment of its own.

Reads one JSON object: `folder`, `prices` (item to minor units), `basket` ([item, quantity]), `offers` ([kind, items,
number, number]) and `runs`. Writes one JSON object: seconds per run, statements per run, the total, the version.
"""

# ruff: noqa: PLC0415 - Django's models can only be imported once it is set up
from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any


def configure(folder: str) -> None:
    """Set Django up with a database in a folder, in memory where Django lets it be."""
    import django
    import oscar.defaults
    from django.conf import settings

    defaults = {name: getattr(oscar.defaults, name) for name in dir(oscar.defaults) if name.startswith("OSCAR_")}
    settings.configure(
        **defaults,
        SECRET_KEY="benchmark",  # noqa: S106 - guards nothing
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(folder) / "shop.db")}},
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        ROOT_URLCONF=__name__,
        SITE_ID=1,
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
            "django.contrib.messages", "django.contrib.flatpages", "oscar.config.Shop",
            "oscar.apps.analytics.apps.AnalyticsConfig", "oscar.apps.checkout.apps.CheckoutConfig",
            "oscar.apps.address.apps.AddressConfig", "oscar.apps.shipping.apps.ShippingConfig",
            "oscar.apps.catalogue.apps.CatalogueConfig", "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
            "oscar.apps.communication.apps.CommunicationConfig", "oscar.apps.partner.apps.PartnerConfig",
            "oscar.apps.basket.apps.BasketConfig", "oscar.apps.payment.apps.PaymentConfig",
            "oscar.apps.offer.apps.OfferConfig", "oscar.apps.order.apps.OrderConfig",
            "oscar.apps.customer.apps.CustomerConfig", "oscar.apps.search.apps.SearchConfig",
            "oscar.apps.voucher.apps.VoucherConfig", "oscar.apps.wishlists.apps.WishlistsConfig",
            *_dashboard(),
            "haystack", "treebeard", "sorl.thumbnail", "django_tables2", "widget_tweaks",
        ],
    )  # fmt: skip
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, run_syncdb=True)


def _dashboard() -> list[str]:
    """Return the apps of its dashboard, without which the shop does not start."""
    parts = (
        "reports", "users", "orders", "catalogue", "offers", "partners",
        "pages", "ranges", "reviews", "vouchers", "communications", "shipping",
    )  # fmt: skip
    return ["oscar.apps.dashboard.apps.DashboardConfig"] + [
        f"oscar.apps.dashboard.{part}.apps.{part.capitalize()}DashboardConfig" for part in parts
    ]


def sell(prices: dict[str, int]) -> dict[str, Any]:
    """Put items on sale and return them by number."""
    from oscar.apps.catalogue.models import Product, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    sort = ProductClass.objects.create(name="goods", track_stock=False, requires_shipping=False)
    partner = Partner.objects.create(name="shop")
    found = {}
    for item, minor in prices.items():
        product = Product.objects.create(product_class=sort, title=item, upc=item)
        StockRecord.objects.create(
            product=product, partner=partner, partner_sku=item, price=Decimal(minor) / 100, price_currency="CNY"
        )
        found[item] = product
    return found


def offer(products: dict[str, Any], offers: list[tuple[str, list[str], int, str | int | None]]) -> None:
    """Put the offers up, each of its own range."""
    from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range

    kinds = {
        "percent": ("Count", "Percentage"),
        "n_for": ("Count", "Fixed price"),
        "cheapest": ("Count", "Multibuy"),
        "spend": ("Value", "Absolute"),
    }
    for number, (kind, items, from_, value) in enumerate(offers):
        chosen = Range.objects.create(name=f"r{number}")
        for item in items:
            chosen.add_product(products[item])
        condition_type, benefit_type = kinds[kind]
        condition = Condition.objects.create(range=chosen, type=condition_type, value=Decimal(str(from_)))
        benefit = Benefit.objects.create(
            range=chosen, type=benefit_type, value=None if kind == "cheapest" else Decimal(str(value))
        )
        ConditionalOffer.objects.create(
            name=f"o{number}", offer_type=ConditionalOffer.SITE, condition=condition, benefit=benefit, priority=0
        )


def measure(products: dict[str, Any], basket: list[tuple[str, int]], runs: int) -> dict[str, object]:
    """Apply all offers to the basket again and again."""
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext
    from oscar.apps.basket.models import Basket
    from oscar.apps.offer.applicator import Applicator
    from oscar.apps.partner.strategy import Selector

    held = Basket.objects.create()
    held.strategy = Selector().strategy()
    for item, quantity in basket:
        held.add_product(products[item], quantity=quantity)
    seconds = []
    for _ in range(runs):
        held = Basket.objects.get(pk=held.pk)
        held.strategy = Selector().strategy()
        held.all_lines()
        reset_queries()
        start = time.perf_counter()
        Applicator().apply(held)
        seconds.append(time.perf_counter() - start)
    held = Basket.objects.get(pk=held.pk)
    held.strategy = Selector().strategy()
    with CaptureQueriesContext(connection) as asked:
        Applicator().apply(held)
    return {"seconds": seconds, "statements": len(asked), "total_minor": int(held.total_excl_tax * 100)}


def main() -> None:
    """Read the shop, measure, answer."""
    asked = json.load(sys.stdin)
    configure(asked["folder"])
    products = sell(asked["prices"])
    offer(products, asked["offers"])
    answer = measure(products, asked["basket"], asked["runs"])
    print(json.dumps({**answer, "version": version("django-oscar")}))


urlpatterns: list[object] = []

if __name__ == "__main__":
    main()
