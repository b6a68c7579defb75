"""The catalogue: every profile of this package, read and checked, by model."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from shared.device_profile import DeviceClass, DeviceProfile, ProfileRefused, read_profile


class ProfileBroken(ValueError):
    """A profile file that cannot be used; the text names the file and the key."""


class UnknownModel(KeyError):
    """A model that this version has no profile of."""

    def __str__(self) -> str:
        near = get_close_matches(str(self.args[0]), catalogue(), n=3)
        meant = f"; did you mean {' or '.join(near)}?" if near else "."
        return f"no profile of {self.args[0]!r}{meant} This version knows {', '.join(sorted(catalogue()))}"


@cache
def catalogue() -> Mapping[str, DeviceProfile]:
    """Return every profile by model. Raise ProfileBroken naming the first file and key that is wrong."""
    found: dict[str, DeviceProfile] = {}
    for place, file in profile_files():
        profile = read_file(place, file.read_bytes())
        if profile.model in found:
            raise ProfileBroken(f"{place}: model {profile.model!r} has a profile already")
        found[profile.model] = profile
    return found


def profile(model: str) -> DeviceProfile:
    """Return one model's profile. Raise UnknownModel."""
    try:
        return catalogue()[model]
    except KeyError:
        raise UnknownModel(model) from None


def profile_files() -> Iterator[tuple[str, Traversable]]:
    """Yield every profile file with its place within this package, `scales/toledo_8217.toml`, in order."""
    for device_class in DeviceClass:
        folder = files(__package__) / device_class.value
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda one: one.name):
                if file.name.endswith(".toml"):
                    yield f"{device_class.value}/{file.name}", file


def read_file(place: str, content: bytes) -> DeviceProfile:
    """Return the profile in a file. Raise ProfileBroken naming file and key.

    The file's name is the model and its folder the class: neither is said twice inside.
    """
    folder, _, name = place.rpartition("/")
    try:
        said = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileBroken(f"device_profiles/{place}: {error}") from error
    for key in ("model", "class"):
        if key in said:
            raise ProfileBroken(f"device_profiles/{place}: `{key}` is said by the file's name; leave it out")
    try:
        return read_profile({**said, "model": name.removesuffix(".toml"), "class": folder})
    except ProfileRefused as error:
        raise ProfileBroken(f"device_profiles/{place}: {error}") from error
