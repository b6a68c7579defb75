"""What states, conditions and counts of devices are called, and what to do about each: marked texts."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

STATE: Mapping[str, tuple[str, str]] = {
    "ready": (marked("ready"), "good"),
    "troubled": (marked("works, but look at it"), "warn"),
    "away": (marked("away"), "bad"),
    "fault": (marked("faulty"), "bad"),
    "coming": (marked("on its way to the store"), "quiet"),
    "leaving": (marked("being taken away"), "quiet"),
    "unheard": (marked("store offline: as last heard"), "quiet"),
}
"""How a device stands: what it is called and its tone."""

LABEL: Mapping[str, str] = {
    "label_price_old": marked("another price than the till has"),
    "label_no_measure": marked("no weight or amount to sell by"),
    "label_wrong_unit": marked("the item is not sold by what the label says"),
    "check_ignored": marked("a wrong check digit, which this format says to ignore"),
}
"""What a till finds on a scale's label."""

ADVICE: Mapping[str, str] = {
    "paper_near_end": marked("The paper is nearly used up: have a roll ready."),
    "paper_end": marked("No paper: put in a roll and close the cover."),
    "cover_open": marked("The cover is open: close it."),
    "cutter_jam": marked("The cutter is stuck: take out the paper, switch off and on."),
    "overheated": marked("The print head is hot: it goes on when it has cooled down."),
    "scale_no_zero_at_start": marked("The scale did not start at zero: empty it, level it, press zero."),
    "scale_zero_drift": marked("The scale's zero drifts: clean and level it, then have it checked."),
    "scale_never_stable": marked("The scale does not settle: look for wind, a cable or goods that touch it."),
    "scale_silent": marked("The scale does not answer: check its cable and that it is set to this protocol."),
    "scale_unreadable": marked("What the scale says cannot be read: another protocol or baud rate is set on it."),
    "scanner_sends_no_enter": marked("The scanner ends codes without Enter: scan the set-up sheet."),
    "scanner_silent": marked("Nothing was read for a day: see whether it is used, and try it."),
    "no_hardware": marked("Not plugged in, or without power: check plug and cable."),
    "illegal": marked("Bound wrongly: look at model, way and plug of the binding."),
    "claimed": marked("Another program holds it: restart the store's agent."),
    "offline": marked("It is there and does not answer: switch it off and on."),
    "timeout": marked("It takes too long to answer: check its cable, switch it off and on."),
    "busy": marked("It refuses work: see whether it shows a fault."),
}
"""What a condition or error means, and what to do about it."""

CLASS: Mapping[str, str] = {
    "scanners": marked("Scanner"),
    "card_readers": marked("Card reader"),
    "scales": marked("Scale"),
    "printers": marked("Receipt printer"),
    "displays": marked("Customer display"),
}

COUNT: Mapping[str, str] = {
    "hours": marked("Hours online"),
    "good_reads": marked("Codes read"),
    "cut_reads": marked("Codes cut off"),
    "unplugs": marked("Times unplugged"),
    "errors": marked("Errors"),
    "dropped": marked("Readings dropped"),
    "lines_printed": marked("Lines printed"),
    "jobs_printed": marked("Receipts printed"),
    "jobs_failed": marked("Prints failed"),
    "cuts": marked("Paper cuts"),
    "drawer_openings": marked("Drawer openings"),
}
"""What is counted of a device."""

ROLE: Mapping[str, str] = {
    "goods": marked("goods"),
    "member_card": marked("member cards"),
    "payment_code": marked("payment codes"),
}
"""What a scanner's codes are for."""

WAY: Mapping[str, str] = {
    "evdev": marked("USB keyboard"),
    "serial": marked("serial port"),
    "usb": marked("USB"),
    "character": marked("USB, raw"),
    "tcp": marked("network"),
    "simulated": marked("simulated"),
}
"""How a device is reached."""

EVIDENCE: Mapping[str, str] = {
    "recorded": marked("recorded from a real device"),
    "from manual": marked("from its manual"),
    "from source": marked("from another program's source"),
    "simulated": marked("simulated"),
}
"""How sure a model's facts are."""
