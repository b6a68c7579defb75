"""A reading as one line of words: what people watch, and what a recording expects."""

from __future__ import annotations

import json

from edge_agent.devices.ports import Paper, PrinterStatus, Reading, ScanCut, Scanned, ScanRole, Weight


def in_words(reading: Reading) -> str:
    """Return a reading in words: `scanned "6901234567892" E0`, `weight 1234 g, stable`, `cut: scan_cut`."""
    match reading:
        case Scanned():
            return _scanned(reading)
        case ScanCut(reason):
            return f"cut: {reason}"
        case Weight():
            return _weight(reading)
        case PrinterStatus():
            return _printer(reading)


def _scanned(scanned: Scanned) -> str:
    words = ["scanned", json.dumps(scanned.text, ensure_ascii=False), scanned.symbology]
    if scanned.role is not ScanRole.GOODS:
        words.append(f"({scanned.role.value})")
    return " ".join(word for word in words if word)


def _weight(weight: Weight) -> str:
    parts = ["weight none" if weight.grams is None else f"weight {weight.grams} g"]
    if weight.stable:
        parts.append("stable")
    if weight.net:
        parts.append("net" if weight.tare_g is None else f"net of {weight.tare_g} g")
    if weight.zero:
        parts.append("at zero")
    return ", ".join([*parts, *(problem.value for problem in weight.problems)])


def _printer(status: PrinterStatus) -> str:
    says = {
        "online": status.online,
        "cover open": status.cover_open,
        "cutter error": status.cutter_error,
        "recoverable error": status.recoverable_error,
        "fatal error": status.fatal_error,
        "drawer open": status.drawer_open,
    }
    parts = [f"{name}: {'yes' if value else 'no'}" for name, value in says.items() if value is not None]
    if status.paper is not Paper.UNKNOWN:
        parts.append(f"paper: {status.paper.value}")
    return "printer " + (", ".join(parts) or "says nothing of itself")
