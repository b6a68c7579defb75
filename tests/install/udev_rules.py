"""udev's rules read as udev(7) describes them, and what they do to a device; for machines where no udev runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

_TERM = re.compile(r'\s*,?\s*([A-Z_]+)(?:\{([^}]+)\})?\s*(==|!=|=|\+=|-=|:=)\s*"([^"]*)"')
_MATCH = {"==", "!="}
_LIST = {"=", "+=", "-=", ":="}
_OWN = {"=", ":="}
_ONCE = {"="}
OPERATORS: Mapping[str, set[str]] = {
    "ACTION": _MATCH, "DEVPATH": _MATCH, "KERNEL": _MATCH, "KERNELS": _MATCH, "SUBSYSTEM": _MATCH,
    "SUBSYSTEMS": _MATCH, "DRIVER": _MATCH, "DRIVERS": _MATCH, "ATTRS": _MATCH, "CONST": _MATCH, "TAGS": _MATCH,
    "TEST": _MATCH, "PROGRAM": _MATCH | _ONCE, "RESULT": _MATCH, "NAME": _MATCH | _OWN, "SYMLINK": _MATCH | _LIST,
    "ATTR": _MATCH | _OWN, "SYSCTL": _MATCH | _OWN, "ENV": _MATCH | _LIST, "TAG": _MATCH | _LIST, "OWNER": _OWN,
    "GROUP": _OWN, "MODE": _OWN, "SECLABEL": {"=", "+="}, "RUN": _LIST, "LABEL": _ONCE, "GOTO": _ONCE,
    "IMPORT": _MATCH | _ONCE, "OPTIONS": {"=", "+="},
}  # fmt: skip
"""udev(7): every key, and whether it compares, takes a value once, or takes a list of them."""
BRACED = {"ATTR", "ATTRS", "SYSCTL", "ENV", "CONST", "SECLABEL", "IMPORT"}
"""Keys that say of what in braces; RUN and TEST may."""


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison or assignment of a rule."""

    key: str
    of: str
    operator: str
    value: str

    @property
    def compares(self) -> bool:
        """Whether it asks rather than does."""
        return self.operator in _MATCH


@dataclass(frozen=True, slots=True)
class Node:
    """A device as the kernel announces it, with the devices that it hangs on, the nearest first.

    `path` is what udev's builtin `path_id` finds; `env` what rules before these have set.
    """

    kernel: str
    subsystem: str
    env: Mapping[str, str] = field(default_factory=dict)
    parents: Sequence[Node] = ()
    action: str = "add"
    path: str = ""


@dataclass(slots=True)
class Done:
    """What the rules made of a node. udev gives a group that no mode is said for 0660."""

    group: str = "root"
    mode: str = "0600"
    links: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


def read_rules(text: str) -> list[list[Term]]:
    """Return the rules of a file. Raise ValueError naming what udev(7) does not know."""
    rules = []
    for number, line in enumerate(text.replace("\\\n", "").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            rules.append([_term(found, number) for found in _terms(line, number)])
    labels = [term.value for rule in rules for term in rule if term.key == "LABEL"]
    for rule in rules:
        for term in rule:
            if term.key == "GOTO" and term.value not in labels:
                raise ValueError(f"GOTO {term.value}: there is no such LABEL")
    return rules


def _terms(line: str, number: int) -> list[re.Match[str]]:
    found, at = [], 0
    while line[at:].strip(" ,"):
        term = _TERM.match(line, at)
        if term is None:
            raise ValueError(f"line {number}: {line[at:]!r} is no key, operator and quoted value")
        found.append(term)
        at = term.end()
    return found


def _term(found: re.Match[str], number: int) -> Term:
    term = Term(found[1], found[2] or "", found[3], found[4])
    if term.operator not in OPERATORS.get(term.key, ()):
        raise ValueError(f"line {number}: udev knows no {term.key}{term.operator}")
    if (term.key in BRACED) != bool(term.of) and term.key not in {"TEST", "RUN"}:
        raise ValueError(f"line {number}: {term.key} with {term.of!r} in braces")
    return term


def apply(rules: Sequence[Sequence[Term]], node: Node) -> Done:
    """Return what the rules make of a node: all that a rule compares must hold, parents' keys at one parent."""
    done = Done(env=dict(node.env))
    skip_to = ""
    for rule in rules:
        if skip_to and not any(term.key == "LABEL" and term.value == skip_to for term in rule):
            continue
        skip_to = ""
        if _holds(rule, node, done):
            for term in rule:
                if (term.key, term.of, term.value) == ("IMPORT", "builtin", "path_id"):
                    done.env["ID_PATH"] = node.path  # only now: a rule's comparisons come before its imports
                skip_to = _do(term, done) or skip_to
    return done


def _holds(rule: Sequence[Term], node: Node, done: Done) -> bool:
    own = [term for term in rule if term.compares and not _of_parents(term)]
    above = [term for term in rule if term.compares and _of_parents(term)]
    said = {"ACTION": node.action, "KERNEL": node.kernel, "SUBSYSTEM": node.subsystem}
    for term in own:
        value = done.env.get(term.of, "") if term.key == "ENV" else said.get(term.key)
        if value is not None and _fits(value, term.value) != (term.operator == "=="):
            return False
    return not above or any(
        all(_fits(one.kernel if term.key == "KERNELS" else one.subsystem, term.value) for term in above)
        for one in (node, *node.parents)
    )


def _of_parents(term: Term) -> bool:
    return term.key in {"KERNELS", "SUBSYSTEMS"}


def _fits(value: str, pattern: str) -> bool:
    return any(fnmatchcase(value, one) for one in pattern.split("|"))


def _do(term: Term, done: Done) -> str:
    if term.compares:
        return ""
    match term.key:
        case "GROUP":
            done.group = term.value
            done.mode = "0660" if done.mode == "0600" else done.mode
        case "MODE":
            done.mode = term.value
        case "SYMLINK":
            named = re.sub(r"\$env\{(\w+)\}", lambda found: done.env.get(found[1], ""), term.value)
            done.links += named.split()
        case "ENV":
            done.env[term.of] = term.value
        case "ATTR":
            done.attributes[term.of] = term.value
        case "GOTO":
            return term.value
    return ""
