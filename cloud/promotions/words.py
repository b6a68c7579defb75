"""What the form of a promotion says: a label, a hint and the choices of each field, and what is wrong with it.

Keyed by the last part of a field's path, or by `kind.field` where a kind means something of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

LABELS: Mapping[str, str] = {
    "names.zh": marked("Name on the receipt, Chinese"),
    "names.en": marked("Name on the receipt, English"),
    "price_minor": marked("Price"),
    "basis": marked("for so many units"),
    "most_pieces": marked("At most so many pieces"),
    "exclusive": marked("Nothing else comes off these pieces"),
    "tier_minor": marked("Prices by tier"),
    "off_bp": marked("Percent off"),
    "off_minor": marked("Amount off"),
    "cap_minor": marked("At most, in all"),
    "amount_off.each": marked("Comes off once for"),
    "n": marked("Pieces"),
    "same_item": marked("All pieces are the same item"),
    "buy": marked("Pieces to buy"),
    "get": marked("Pieces given"),
    "get_scope": marked("Given pieces come from"),
    "which": marked("Which pieces are given"),
    "given_bear": marked("The given pieces alone carry the discount"),
    "nth_piece.n": marked("Which piece (2 for the second)"),
    "free": marked("Pieces free"),
    "each_set": marked("The cheapest of each set"),
    "parts": marked("Part of the bundle"),
    "quantity": marked("Pieces"),
    "steps": marked("Step"),
    "at_minor": marked("From so much spent"),
    "gift": marked("Gift (item number)"),
    "gift_quantity": marked("Gifts"),
    "points": marked("Points"),
    "steps.coupon": marked("Coupon to give (id of its promotion)"),
    "repeating": marked("Again for each time the amount is reached"),
    "add_gifts": marked("The till rings the gift up by itself"),
    "gifts": marked("Gifts (item numbers)"),
    "free_gift.add": marked("The till rings the gift up by itself"),
    "every": marked("Again for each time the amount is reached"),
    "offers": marked("Offer"),
    "item": marked("Item number"),
    "issue": marked("How customers get the coupon"),
    "code": marked("The code everybody uses"),
    "stackable": marked("Goes together with other coupons"),
    "per_basket": marked("Coupons per basket"),
    "worth_minor": marked("are worth"),
    "cap_bp": marked("Up to this share of the order"),
    "step_points": marked("In steps of so many points"),
    "multiplier_bp": marked("Times the points"),
    "once": marked("Points are given for"),
    "per_minor": marked("Each so much paid"),
    "scope": marked("Which items"),
    "items": marked("Item numbers"),
    "categories": marked("Categories"),
    "brands": marked("Brands"),
    "suppliers": marked("Suppliers"),
    "tags": marked("Tags"),
    "leave_out": marked("Except"),
    "when": marked("When"),
    "first": marked("First day"),
    "last": marked("Last day"),
    "hours": marked("Hours"),
    "weekdays": marked("Weekdays"),
    "days": marked("Days of the month"),
    "birthday_month": marked("Only in the member's birthday month"),
    "who": marked("For whom"),
    "audience": marked("Customers"),
    "tiers": marked("Member tiers"),
    "segments": marked("Member segments"),
    "purchases": marked("Only on the n-th purchase"),
    "where": marked("At which tills"),
    "stores": marked("Only in these stores"),
    "till_kinds": marked("Only at these kinds of till"),
    "need": marked("From how much on"),
    "need.quantity": marked("From so many pieces"),
    "spend_minor": marked("From so much spent"),
    "need.basis": marked("Which amount counts"),
    "limits": marked("Limit"),
    "per": marked("Counted per"),
    "uses": marked("Times"),
    "minor": marked("Money given"),
    "strict": marked("Refuse while the till cannot count it"),
    "divide": marked("Shared out among stores"),
    "weights": marked("Weights of stores"),
    "one_store": marked("Store"),
    "weight": marked("Weight"),
    "group": marked("Group"),
    "stacking": marked("With others of its group"),
    "payers": marked("Who bears the discount"),
    "chain": marked("Chain"),
    "store": marked("Store"),
    "supplier": marked("Supplier"),
}

HINTS: Mapping[str, str] = {
    "names.zh": marked("Empty: the name of its kind."),
    "basis": marked("1 for pieces; 500 for a price per 500 g."),
    "need.basis": marked("Empty: what is left to pay; for coupons the regular price."),
    "most_pieces": marked("Per basket; empty: no limit."),
    "off_bp": marked("20 means that 80% is paid."),
    "cap_minor": marked("Empty: no cap."),
    "items": marked("Numbers with spaces between, or found by name below. All fields empty: every item."),
    "categories": marked("Paths such as food/dairy, separated by commas; everything below is in."),
    "hours": marked("Such as 18:00-20:00, several separated by spaces; 22:00-02:00 goes over midnight."),
    "weekdays": marked("None chosen: every day."),
    "days": marked("Such as 8 18 28."),
    "purchases": marked("1 is the first; several separated by spaces."),
    "first": marked("In each store's own time; both days are included."),
    "strict": marked("Otherwise what the till does not know counts as not used."),
    "divide": marked("Only where it is counted per chain: each store gets a share, which also counts offline."),
    "weights": marked("A store that is not named gets nothing."),
    "group": marked("Promotions of one group compete. Empty: the usual group of its kind."),
    "payers": marked("Shares in percent that add up to 100. Empty: the chain."),
    "brands": marked("Separated by commas."),
    "suppliers": marked("Separated by commas."),
    "tags": marked("Separated by commas."),
    "tiers": marked("Separated by spaces."),
    "steps": marked("One reward a step. An empty step is left out; save to get another."),
    "limits": marked("An empty one is left out."),
}

CHOICES: Mapping[str, Mapping[str, str]] = {
    "each": {
        "unit": marked("each piece"),
        "line": marked("each item"),
        "scope": marked("all these items together"),
        "order": marked("the whole order"),
    },
    "which": {
        "cheapest": marked("the cheapest"),
        "dearest": marked("the dearest"),
        "chosen": marked("those the customer chooses"),
        "each_set": marked("the cheapest of each set"),
    },
    "issue": {
        "issued": marked("a code on each coupon"),
        "personal": marked("personal, for one member"),
        "public": marked("one code for everybody"),
        "next_visit": marked("given by an earlier sale"),
    },
    "once": {
        "order": marked("each order"),
        "piece": marked("each piece"),
        "spend": marked("each amount paid"),
    },
    "audience": {
        "all": marked("everybody"),
        "members": marked("members"),
        "non_members": marked("without a card"),
    },
    "basis": {"running": marked("what is left to pay"), "original": marked("the regular price")},
    "per": {
        "basket": marked("basket"),
        "chain": marked("chain"),
        "store": marked("store"),
        "day": marked("store and day"),
        "member": marked("member"),
        "member_day": marked("member and day"),
    },
    "divide": {
        "equal": marked("equally"),
        "sales": marked("by the sales of the last weeks"),
        "weights": marked("by weights"),
    },
    "stacking": {
        "best": marked("the best for the customer"),
        "exclusive": marked("only the one that saves most"),
        "stack_all": marked("all of them"),
    },
    "weekdays": {
        "1": marked("Mon"),
        "2": marked("Tue"),
        "3": marked("Wed"),
        "4": marked("Thu"),
        "5": marked("Fri"),
        "6": marked("Sat"),
        "7": marked("Sun"),
    },
}

KINDS: Mapping[str, tuple[str, str]] = {
    "special_price": (marked("Special price"), marked("A price for everybody.")),
    "member_price": (marked("Member price"), marked("A price with a member card.")),
    "tier_price": (marked("Tier price"), marked("A price by the member's tier.")),
    "time_limited_price": (marked("Flash price"), marked("A price for some hours or days.")),
    "percent_off": (marked("Percentage off"), marked("20% off these items.")),
    "amount_off": (marked("Money off"), marked("An amount off each piece, each item or the order.")),
    "n_for_price": (marked("N for a price"), marked("3 for 10.00.")),
    "buy_x_get_y": (marked("Buy and get"), marked("Buy 2, get 1, free or cheaper.")),
    "nth_piece": (marked("N-th piece cheaper"), marked("The second piece at half price.")),
    "cheapest_free": (marked("Cheapest free"), marked("Of 3 pieces the cheapest is free.")),
    "bundle_price": (marked("Bundle"), marked("These together for a price.")),
    "spend_and_get": (marked("Spend and get"), marked("From 100.00 spent, 15.00 off; a ladder, a gift, points.")),
    "free_gift": (marked("Free gift"), marked("A gift with a purchase.")),
    "buy_with_purchase": (marked("Add-on offer"), marked("With a purchase, an item at a special price.")),
    "order_percent": (marked("Percent off the order"), marked("10% off everything.")),
    "coupon": (marked("Coupon"), marked("Money off for whoever hands over a coupon.")),
    "points_redemption": (marked("Pay with points"), marked("100 points pay 1.00.")),
    "points_multiplier": (marked("Points multiplied"), marked("Twice the points.")),
    "extra_points": (marked("Extra points"), marked("50 points on top.")),
}
"""A kind's name and what it does, in the order of the steps of pricing."""

PROBLEMS: Mapping[str, str] = {
    "only a chain's budget is divided among stores": marked("Only a limit per chain is shared out among stores."),
    "weights belong to a budget divided by weights, and it needs some": marked(
        "Weights go with 'by weights': choose it and name at least one store."
    ),
    "weights are not below 0, and one is above it": marked("At least one weight is above 0, none is below."),
    "off_minor, basis and cap_minor are at least 1": marked("Amounts are above 0."),
    "a bundle has parts of at least 1 piece each": marked("A bundle has parts of at least 1 piece each."),
    "a bundle has exactly one of price_minor, off_minor and off_bp (up to 10000)": marked(
        "Give exactly one: a price, an amount off, or a percentage off."
    ),
    "an offer's price and points are not negative": marked("Amounts are not below 0."),
    "at least one offer, at least 1 piece": marked("Name at least one offer and at least 1 piece."),
    "an item is offered once": marked("Each item is offered once."),
    "buy and get are at least 1, off_bp 1 to 10000": marked("Pieces are at least 1, the percentage 1 to 100."),
    "what is given comes from the same article or set, or from get_scope, not both": marked(
        "Given pieces are of the same item, or from items of their own: not both."
    ),
    "free is at least 1 and less than n": marked("Free pieces are at least 1 and fewer than the pieces."),
    "a coupon has off_minor or off_bp": marked("Give an amount off or a percentage off, not both."),
    "off_bp is at most 10000, per_basket and cap_minor at least 1": marked(
        "A percentage is at most 100; coupons per basket and the cap are at least 1."
    ),
    "a public coupon names its code, and only a public one": marked(
        "A coupon for everybody names its code; the others have codes of their own."
    ),
    "points are at least 1; per_minor goes with once = spend": marked(
        "Points are at least 1; an amount goes only with points for each amount paid."
    ),
    "a free gift names at least one item and at least 1 piece": marked("Name at least one gift and at least 1 piece."),
    "the till can only add a gift when there is one sort": marked(
        "The till can only ring up a gift by itself when there is one sort."
    ),
    "a gift for every amount needs need.spend_minor": marked("Say from how much spent a gift is given again."),
    "n is at least 1, price_minor at least 0": marked("Pieces are at least 1, a price is not below 0."),
    "n is at least 2, off_bp 1 to 10000": marked("It is at least the second piece; the percentage is 1 to 100."),
    "off_bp is 1 to 10000, cap_minor at least 1": marked("The percentage is above 0 and at most 100."),
    "multiplier_bp is above 10000, which is single": marked("More than once the points."),
    "points, worth_minor and step_points are at least 1, cap_bp 1 to 10000": marked(
        "Points and amounts are at least 1, the share is 1 to 100 percent."
    ),
    "a step starts at 1 or more and gives exactly one thing": marked(
        "A step says from how much, and gives exactly one thing."
    ),
    "a step's reward is positive, a percentage at most 10000": marked("Rewards are above 0, a percentage at most 100."),
    "steps rise, each from a different amount": marked("There is at least one step; amounts rise from step to step."),
    "only a single step repeats": marked("Only a single step can be given again and again."),
    "cap_minor is at least 1": marked("A cap is above 0."),
    "a tier price names at least one tier and its price": marked("Name at least one tier and its price."),
    "a time-limited price says when": marked("Say when it is on: days, hours or weekdays."),
    "a threshold is not negative": marked("Amounts are not below 0."),
    "a limit has uses or money, not below 0": marked("A limit says how many times, or how much money."),
    "the payers' shares add up to 10000 basis points": marked("The shares add up to 100 percent."),
    "hours start before 24:00": marked("Hours start before 24:00."),
    "weekdays are 1 (Monday) to 7": marked("Choose weekdays from the list."),
    "days of the month are 1 to 31": marked("Days of the month are 1 to 31."),
    "price_minor is not negative": marked("Amounts are not below 0."),
}
"""What the typed model refuses, as a marketer would say it (marked)."""

PROBLEM_STARTS: Mapping[str, tuple[str, str]] = {
    "a time is": (marked("Times are written as 18:00 and lie between 00:00 and 24:00."), ""),
    "last day": (marked("The last day is not before the first."), "last"),
    "basis must be": (marked("For at least 1 unit."), "basis"),
    "a price is not": (marked("Amounts are not below 0."), ""),
}
"""The same and the field, where the model's text goes on with what was given."""

PROBLEM_FIELDS: Mapping[str, str] = {
    "a time-limited price says when": "when",
    "a bundle has parts of at least 1 piece each": "parts",
    "a bundle has exactly one of price_minor, off_minor and off_bp (up to 10000)": "price_minor",
    "at least one offer, at least 1 piece": "offers",
    "an item is offered once": "offers",
    "buy and get are at least 1, off_bp 1 to 10000": "buy",
    "what is given comes from the same article or set, or from get_scope, not both": "get_scope",
    "free is at least 1 and less than n": "free",
    "a coupon has off_minor or off_bp": "off_minor",
    "off_bp is at most 10000, per_basket and cap_minor at least 1": "off_bp",
    "a public coupon names its code, and only a public one": "code",
    "points are at least 1; per_minor goes with once = spend": "per_minor",
    "a free gift names at least one item and at least 1 piece": "gifts",
    "the till can only add a gift when there is one sort": "add",
    "a gift for every amount needs need.spend_minor": "every",
    "n is at least 1, price_minor at least 0": "n",
    "n is at least 2, off_bp 1 to 10000": "n",
    "off_bp is 1 to 10000, cap_minor at least 1": "off_bp",
    "off_minor, basis and cap_minor are at least 1": "off_minor",
    "multiplier_bp is above 10000, which is single": "multiplier_bp",
    "points, worth_minor and step_points are at least 1, cap_bp 1 to 10000": "points",
    "a step starts at 1 or more and gives exactly one thing": "at_minor",
    "a step's reward is positive, a percentage at most 10000": "at_minor",
    "steps rise, each from a different amount": "steps",
    "only a single step repeats": "repeating",
    "cap_minor is at least 1": "cap_minor",
    "a tier price names at least one tier and its price": "tier_minor",
    "a threshold is not negative": "spend_minor",
    "a limit has uses or money, not below 0": "uses",
    "the payers' shares add up to 10000 basis points": "payers",
    "price_minor is not negative": "price_minor",
    "hours start before 24:00": "hours",
    "weekdays are 1 (Monday) to 7": "weekdays",
    "days of the month are 1 to 31": "days",
    "only a chain's budget is divided among stores": "divide",
    "weights belong to a budget divided by weights, and it needs some": "divide",
    "weights are not below 0, and one is above it": "weights",
}
"""At which of its fields or parts a problem that the model finds with the whole is shown."""

MISSING = marked("Fill this in.")
NOT_A_NUMBER = marked("A whole number, such as 3.")
NOT_MONEY = marked("An amount, such as 15 or 15.50.")
NOT_PERCENT = marked("A percentage, such as 20 or 12.5.")
NOT_TIMES = marked("How many times, such as 2 or 1.5.")
NOT_A_DAY = marked("A day, such as 2027-03-01.")
NOT_HOURS = marked("Hours, such as 18:00-20:00.")
NOT_A_CHOICE = marked("Choose from the list.")
OTHERWISE = marked("This does not fit: {why}")
