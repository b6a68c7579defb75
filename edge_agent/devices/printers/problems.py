"""What can be wrong with a receipt printer, each by its name, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.devices.ports import Paper, PrinterStatus


class PrinterProblem(StrEnum):
    """A problem as the till shows it and HQ counts it."""

    PAPER_END = "paper_end"
    COVER_OPEN = "cover_open"
    CUTTER_JAM = "cutter_jam"
    OVERHEATED = "overheated"
    FAULT = "fault"
    OFFLINE = "offline"
    SILENT = "silent"
    PAPER_NEAR_END = "paper_near_end"
    AWAY = "away"
    CUT_OFF = "cut_off"
    RESTARTED = "restarted"
    NO_PROOF = "no_proof"
    WRITE_ONLY = "write_only"
    NO_PRINTER = "no_printer"
    UNREADABLE = "unreadable"


STOPPING = frozenset(
    {
        PrinterProblem.PAPER_END,
        PrinterProblem.COVER_OPEN,
        PrinterProblem.CUTTER_JAM,
        PrinterProblem.OVERHEATED,
        PrinterProblem.FAULT,
        PrinterProblem.OFFLINE,
    }
)
"""With one of these the printer does not print; without, it does."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong and what to do about it, in both languages."""

    en: str
    next_en: str
    zh: str
    next_zh: str


ADVICE: Mapping[PrinterProblem, Advice] = {
    PrinterProblem.PAPER_END: Advice(
        "The receipt printer is out of paper.",
        "Put in a new roll and close the cover; it prints on by itself.",
        "小票打印机缺纸。",
        "请换上新纸卷并合上盖子，将自动继续打印。",
    ),
    PrinterProblem.COVER_OPEN: Advice(
        "The printer's cover is open.",
        "Close it until it clicks.",
        "打印机上盖未合上。",
        "请把盖子按到底，听到“咔”一声。",
    ),
    PrinterProblem.CUTTER_JAM: Advice(
        "The paper cutter is stuck.",
        "Switch the printer off, open the cover, take out the paper, switch it on.",
        "切刀卡住了。",
        "请关闭打印机电源，打开上盖取出卡纸，再开机。",
    ),
    PrinterProblem.OVERHEATED: Advice(
        "The print head is too hot.",
        "Wait a minute; it prints on by itself.",
        "打印头过热。",
        "请稍等一分钟，降温后自动继续打印。",
    ),
    PrinterProblem.FAULT: Advice(
        "The printer reports a fault.",
        "Switch it off and on. If that does not help, call support.",
        "打印机故障。",
        "请关机后重新开机；仍不行请联系维修。",
    ),
    PrinterProblem.OFFLINE: Advice(
        "The printer is off-line.",
        "Check cover, paper and the on-line key.",
        "打印机处于脱机状态。",
        "请检查上盖、纸张和联机键。",
    ),
    PrinterProblem.SILENT: Advice(
        "The printer does not answer.",
        "Check its power light and its cable.",
        "打印机没有应答。",
        "请检查电源灯和数据线。",
    ),
    PrinterProblem.PAPER_NEAR_END: Advice(
        "The paper roll is nearly empty.",
        "Have a new roll ready.",
        "打印纸快用完了。",
        "请提前准备好新纸卷。",
    ),
    PrinterProblem.AWAY: Advice(
        "The printer is not connected.",
        "Check its cable and power; it comes back by itself.",
        "打印机未连接。",
        "请检查数据线和电源，接好后自动恢复。",
    ),
    PrinterProblem.CUT_OFF: Advice(
        "The printer went away while it printed.",
        "Look at the paper. If the receipt is not complete, print a copy.",
        "打印过程中打印机断开了。",
        "请查看小票是否完整；不完整请补打。",
    ),
    PrinterProblem.RESTARTED: Advice(
        "The till was restarted while it printed.",
        "Look at the paper. If the receipt is not complete, print a copy.",
        "打印过程中收银机重启了。",
        "请查看小票是否完整；不完整请补打。",
    ),
    PrinterProblem.NO_PROOF: Advice(
        "The printer did not confirm that the receipt is complete.",
        "Look at the paper. If the receipt is not complete, print a copy.",
        "打印机未确认小票已打完。",
        "请查看小票是否完整；不完整请补打。",
    ),
    PrinterProblem.WRITE_ONLY: Advice(
        "This printer model cannot tell whether it printed.",
        "Nothing, if the receipt came out.",
        "该型号打印机无法回报打印结果。",
        "小票正常出纸即可，无需处理。",
    ),
    PrinterProblem.NO_PRINTER: Advice(
        "This till has no receipt printer.",
        "Print at another till, or let the customer scan the e-receipt.",
        "本收银台没有小票打印机。",
        "请到其他收银台补打，或让顾客扫码查看电子小票。",
    ),
    PrinterProblem.UNREADABLE: Advice(
        "What should be printed is no longer on this till's disk.",
        "Head office still has it: ask there for a copy.",
        "要打印的内容已不在本机。",
        "总部仍有记录，请向总部索取副本。",
    ),
}


def problems(status: PrinterStatus) -> tuple[PrinterProblem, ...]:
    """Return what is wrong, the first to see to first. What the printer does not say is no problem."""
    found: list[PrinterProblem] = []
    if status.cover_open:
        found.append(PrinterProblem.COVER_OPEN)
    if status.paper is Paper.END and not status.cover_open:
        found.append(PrinterProblem.PAPER_END)
    if status.cutter_error:
        found.append(PrinterProblem.CUTTER_JAM)
    if status.fatal_error:
        found.append(PrinterProblem.FAULT)
    if status.recoverable_error and not status.cover_open:
        found.append(PrinterProblem.OVERHEATED)
    if status.online is False and not found:
        found.append(PrinterProblem.OFFLINE)
    if status.paper is Paper.NEAR_END:
        found.append(PrinterProblem.PAPER_NEAR_END)
    return tuple(found)


def stopping(status: PrinterStatus) -> PrinterProblem | None:
    """Return what keeps the printer from printing, if anything."""
    return next((problem for problem in problems(status) if problem in STOPPING), None)
