"""The catalogue: mistakes are named by file and key, and every profile of the product is audited."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device_profiles import catalogue
from device_profiles.catalogue import ProfileBroken, UnknownModel, read_file
from device_profiles.document import document
from edge_agent.clock import SystemMachineClock
from edge_agent.devices import recording
from edge_agent.devices.binding import Reach, far_end, transport_kind
from edge_agent.devices.drivers import fit
from edge_agent.devices.fitting import Fitting
from edge_agent.devices.hotplug import HotPlug
from edge_agent.devices.ports import ScanRole
from shared.device_profile import DeviceClass, DeviceProfile, ProfileRefused, TransportKind, override
from shared.wire.desired import DeviceBinding

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "tests" / "captures"
PROFILES = [pytest.param(profile, id=profile.model) for profile in catalogue.catalogue().values()]
ADDRESSES = {TransportKind.TCP: "10.0.0.9", TransportKind.USB: "usb:1-1.2"}

GOOD = """
vendor = "Any"
name = "One"
source = ["manual, page 3"]
evidence = "from manual"
transports = ["serial"]
protocol = "lines"
"""


def test_a_file_is_a_profile_named_by_its_place() -> None:
    profile = read_file("scanners/one.toml", GOOD.encode())
    assert (profile.model, profile.device_class.value) == ("one", "scanners")


@pytest.mark.parametrize(
    ("place", "text", "words"),
    [
        ("scanners/one.toml", GOOD + "[serial]\nbuad = 9600", r"scanners/one\.toml.*buad.*\$\.serial"),
        ("scanners/one.toml", GOOD + "[serial]\nbits = 9", r"\$\.serial\.bits"),
        ("scanners/one.toml", GOOD + "[serial]\nparity = 'mark'", r"\$\.serial\.parity"),
        ("scanners/one.toml", GOOD + "[match]\nusb = ['05E0:1200']", r"\$\.match\.usb"),
        ("scanners/one.toml", GOOD + "[keys]\nend_gap_ms = 0", r"\$\.keys\.end_gap_ms"),
        ("scanners/one.toml", GOOD.replace('["manual, page 3"]', "[]"), r"\$\.source"),
        ("scanners/one.toml", GOOD.replace("from manual", "believed"), r"\$\.evidence"),
        ("scanners/one.toml", GOOD.replace("from manual", "recorded"), "recordings"),
        ("scanners/one.toml", GOOD.replace('["serial"]', '["serial", "serial"]'), r"\$\.transports"),
        ("scanners/one.toml", GOOD.replace("vendor", "#"), "vendor"),
        ("scanners/one.toml", GOOD + "model = 'two'", "`model` is said by the file's name"),
        ("scanners/one.toml", "vendor = ", "scanners/one.toml"),
        ("scanners/One Two.toml", GOOD, r"\$\.model"),
        ("keyboards/one.toml", GOOD, r"\$\.class"),
    ],
)
def test_mistakes_name_file_and_key(place: str, text: str, words: str) -> None:
    with pytest.raises(ProfileBroken, match=words) as raised:
        read_file(place, text.encode())
    assert place in str(raised.value)


def test_unknown_model_says_what_there_is() -> None:
    with pytest.raises(UnknownModel) as raised:
        catalogue.profile("nothing_such")
    assert "serial_line" in str(raised.value)


def test_hq_may_set_what_differs_for_one_device() -> None:
    profile = read_file("scanners/one.toml", GOOD.encode())
    changed = override(profile, {"serial.baud": 4800, "keys.layout": "de", "scans.prefix": "F"})
    assert (changed.serial.baud, changed.keys.layout, changed.scans.prefix) == (4800, "de", "F")
    assert override(profile, {}) == profile
    for key in ("serial.speed", "nothing", "vendor.name"):
        with pytest.raises(ProfileRefused):
            override(profile, {key: 1})


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_says_where_its_facts_are_from(profile: DeviceProfile) -> None:
    assert all(len(source) >= 12 for source in profile.source), "a source is a document with its page, or a file"
    assert not any(source.lower().startswith("http") and " " not in source for source in profile.source)
    if profile.evidence == "recorded":
        for name in profile.recordings:
            content = recording.read((CAPTURES / name).read_text())
            assert (content.profile, content.evidence) == (profile.model, "recorded"), name
            assert "storewire-edge" in content.made, f"{name}: made by hand is no recording"
    else:
        assert profile.recordings == (), 'recordings are there: then the evidence is "recorded"'
    assert (profile.evidence == "simulated") == (profile.model.startswith("simulated_"))


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_can_be_served_in_every_way_it_names(profile: DeviceProfile) -> None:
    """A protocol, option, layout or transform that does not exist is found here, without the hardware."""
    reach = Reach(HotPlug(), SystemMachineClock())
    for kind in (*profile.transports, TransportKind.SIMULATED):
        binding = DeviceBinding(
            device="one", profile=profile.model, transport=kind.value, address=ADDRESSES.get(kind, "/dev/null")
        )
        assert transport_kind(binding, profile) is kind
        reach.transport("one", binding, profile)
        fit(Fitting("t1/one", profile, kind, ScanRole.GOODS, _Nobody(), SystemMachineClock()))
    far_end(profile)


class _Nobody:
    """Nobody to report to."""

    async def heard(self, reading: object) -> None: ...
    def enter(self, state: object, reason: str = "") -> None: ...
    def power(self, power: object) -> None: ...
    def conditions(self, names: object) -> None: ...
    def count(self, what: object, by: int = 1) -> None: ...


def test_fifteen_real_models_and_every_class_has_one() -> None:
    real = [one for one in catalogue.catalogue().values() if one.evidence != "simulated"]
    assert {one.device_class for one in real} == set(DeviceClass)
    assert sum(one.vendor != "any" for one in real) >= 15, "a model of a named maker; `any` is a way to speak"


def test_model_without_a_source_is_named_as_such_and_has_no_profile() -> None:
    unproven = document().partition("## Asked for, and not here")[2].partition("## A new model")[0]
    for vendor in ("Adam", "Dibal", "Yousheng"):
        assert f"{vendor} " in unproven
        assert not any(one.vendor.startswith(vendor) for one in catalogue.catalogue().values()), "then it is proven"


def test_no_two_models_claim_one_usb_id() -> None:
    """A vendor that gives several models one id says so: then `devices list` names them all, and a person chooses."""
    claimed: dict[str, set[str]] = {}
    for profile in catalogue.catalogue().values():
        for usb in profile.match.usb:
            claimed.setdefault(usb, set()).add(profile.vendor)
    assert {usb: vendors for usb, vendors in claimed.items() if len(vendors) > 1 and not usb.endswith("*")} == {}


def test_every_name_of_a_vendor_is_written_one_way() -> None:
    vendors = {profile.vendor for profile in catalogue.catalogue().values()}
    assert len({vendor.lower() for vendor in vendors}) == len(vendors)


def test_words_to_match_are_lower_case() -> None:
    words = [word for profile in catalogue.catalogue().values() for word in profile.match.names]
    assert [word for word in words if word != word.lower()] == []


def test_profiles_are_in_the_wheel() -> None:
    packages = re.search(r"packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text())
    assert packages is not None
    assert '"device_profiles"' in packages[1], "TOML files travel with their package"


def test_the_document_is_what_the_profiles_say() -> None:
    written = (ROOT / "docs" / "hardware.md").read_text()
    assert written == document(), "`python -m device_profiles.document > docs/hardware.md` writes it anew"
