"""The deployment's own secrets on disk: keyrings by key id, written once, readable by their owner alone."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cloud.errors import CloudError
from shared.signing import key_id

SECRET_BYTES = 32
KEYRINGS = ("signing", "sealing", "fields", "blind_index")


class KeysMissing(CloudError):
    """The keys directory is absent, incomplete or cannot be read; the text says which file and what to do."""


class KeysExist(CloudError):
    """Keys are already there; they are never written over."""


@dataclass(frozen=True)
class Keyring:
    """Secrets of one purpose by key id; new work uses `current`, old work names the key it used."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)

    @property
    def secret(self) -> bytes:
        """The current secret, 32 bytes."""
        return self.secrets[self.current]


@dataclass(frozen=True)
class Keys:
    """Everything HQ alone knows.

    `signing`: Ed25519, over what goes down to stores. `sealing`: X25519, to which stores seal card numbers.
    `fields`: AES keys of personal fields. `blind_index`: HMAC keys by which members are found.
    """

    signing: Keyring
    sealing: Keyring
    fields: Keyring
    blind_index: Keyring

    def signing_public(self) -> dict[str, bytes]:
        """Return every signing key's public half by key id."""
        return dict(_publics(self.signing))

    def sealing_public(self) -> bytes:
        """Return the public key to which cards are sealed now, 32 raw bytes."""
        return X25519PrivateKey.from_private_bytes(self.sealing.secret).public_key().public_bytes_raw()


def create(directory: Path) -> Keys:
    """Make every keyring in a directory. Raise KeysExist when one is there already."""
    refuse_existing(directory)
    private_directory(directory)
    for name in KEYRINGS:
        _write(directory, name, _with_new(name, None))
    return load(directory)


def refuse_existing(directory: Path) -> None:
    """Raise KeysExist when a directory has keyrings already."""
    for name in KEYRINGS:
        if _file(directory, name).exists():
            raise KeysExist(f"{_file(directory, name)} exists; keys are never written over")


def load(directory: Path) -> Keys:
    """Read every keyring. Raise KeysMissing."""
    return Keys(**{name: _read(directory, name) for name in KEYRINGS})


def rotate(directory: Path, name: str) -> Keyring:
    """Add a fresh secret to a keyring and make it current; older ones stay to open what they closed."""
    if name not in KEYRINGS:
        raise KeysMissing(f"no keyring {name!r}; there are {', '.join(KEYRINGS)}")
    if name == "blind_index":
        raise KeysMissing("the blind index key finds every member; it is changed only by re-indexing them")
    ring = _with_new(name, _read(directory, name))
    _write(directory, name, ring)
    return ring


def private_directory(directory: Path) -> None:
    """Make a directory that its owner alone may enter."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, whole or not at all, on disk when this returns."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _with_new(name: str, ring: Keyring | None) -> Keyring:
    secret = os.urandom(SECRET_BYTES)
    new_id = _id_of(name, secret)
    return Keyring(current=new_id, secrets={**(ring.secrets if ring else {}), new_id: secret})


def _id_of(name: str, secret: bytes) -> str:
    if name == "signing":
        return key_id(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    if name == "sealing":
        return key_id(X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())
    return sha256(b"storewire key id 1\n" + secret).hexdigest()[:16]


def _publics(ring: Keyring) -> Iterator[tuple[str, bytes]]:
    for name, secret in ring.secrets.items():
        yield name, Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def _check(ring: Keyring) -> None:
    if any(len(secret) != SECRET_BYTES for secret in [ring.secret, *ring.secrets.values()]):
        raise ValueError("a secret has the wrong length")


def _file(directory: Path, name: str) -> Path:
    return directory / f"{name}.json"


def _write(directory: Path, name: str, ring: Keyring) -> None:
    document = {
        "current": ring.current,
        "secrets": {known: base64.b64encode(secret).decode() for known, secret in ring.secrets.items()},
    }
    write_private(_file(directory, name), json.dumps(document, indent=1).encode())


def _read(directory: Path, name: str) -> Keyring:
    path = _file(directory, name)
    try:
        document = json.loads(path.read_bytes())
        secrets = {known: base64.b64decode(secret) for known, secret in document["secrets"].items()}
        ring = Keyring(current=document["current"], secrets=secrets)
        _check(ring)
    except FileNotFoundError:
        raise KeysMissing(f"no {path}; run `storewire-cloud init`, or put the backup of the keys there") from None
    except PermissionError:
        raise KeysMissing(f"{path} may not be read by this user") from None
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise KeysMissing(f"{path} is damaged ({error}); put the backup of the keys there") from None
    return ring
