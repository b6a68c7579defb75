"""What a process that holds thousands of connections is set to, and that asyncio still goes by it."""

from __future__ import annotations

import asyncio
import gc
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator

import pytest

from cloud.process import many_connections


@pytest.fixture
def prepared() -> Iterator[None]:
    size, threshold = SSLProtocol.max_size, gc.get_threshold()
    many_connections.prepare()
    yield
    SSLProtocol.max_size = size
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("prepared")
async def test_a_tls_connection_keeps_a_buffer_of_two_records_and_no_more() -> None:
    """As shipped by Python it is eight times that, for every agent that waits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    loop = asyncio.get_running_loop()
    made = SSLProtocol(loop, asyncio.Protocol(), context, loop.create_future(), server_side=True)
    made._app_transport.abort()
    assert len(made.get_buffer(-1)) == many_connections.READ_AT_ONCE_BYTES == 32 * 1024
