"""Certificates of our own services: made at first start, renewed a month before they end."""

from __future__ import annotations

from cloud.broker.adapter import INGEST, KEEPER
from cloud.identity import ca
from cloud.settings import CloudSettings


def ensure_certificates(settings: CloudSettings, now_ms: int) -> None:
    """Make or renew what is absent, ends soon, or does not name the host by which stores reach us."""
    authority = ca.load(settings.keys_dir)
    hosts = [settings.public_host]
    ca.ensure_server(authority, settings.keys_dir, "api", hosts, now_ms)
    ca.ensure_server(authority, settings.keys_dir, "broker", hosts, now_ms, is_peer=True)
    for name, common_name in (("ingest", INGEST), ("keeper", KEEPER)):
        ca.ensure_service(authority, settings.keys_dir, name, common_name, now_ms)
