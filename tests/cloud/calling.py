"""Calls an app in this process, as a client on this machine would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI


def call(
    app: FastAPI, method: str, path: str, *, token: str = "", headers: Mapping[str, str] | None = None, **facts: Any
) -> httpx.Response:
    """Make one request, with an API token if one is given."""
    given = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, path, headers=given, **facts)

    return asyncio.run(ask())
