"""The broker process: a keeper and the broker it keeps."""

from __future__ import annotations

import asyncio
import os
import signal

import structlog

from cloud.broker.adapter import BrokerAdapter, BrokerPlan, BrokerUnavailable
from cloud.broker.keeper import Keeper
from cloud.broker.mosquitto import MosquittoBroker
from cloud.broker.nats import NatsBroker
from cloud.clock import SystemMachineClock
from cloud.deployment import ports
from cloud.deployment.opening import open_database
from cloud.process.certificates import CertificateWatch
from cloud.settings import CloudSettings

log = structlog.get_logger()


def plan_of(settings: CloudSettings) -> BrokerPlan:
    """Return what the settings make of a broker on this machine."""
    places = ports.resolve(settings)
    return BrokerPlan(
        directory=settings.broker_dir,
        keys_dir=settings.keys_dir,
        host=settings.bind_host,
        port=places.broker_port,
        monitor_port=places.monitor_port,
        client_port=places.client_port,
        max_agents=settings.max_agents,
        node=settings.broker_node,
        cluster_port=settings.broker_cluster_port,
        cluster_routes=tuple(settings.broker_cluster_routes),
    )


def adapter_of(settings: CloudSettings) -> BrokerAdapter:
    """Return the adapter for the broker that the settings name. Raise BrokerUnavailable for an external one."""
    if settings.broker == "nats":
        return NatsBroker(plan_of(settings))
    if settings.broker == "mosquitto":
        return MosquittoBroker(plan_of(settings))
    raise BrokerUnavailable("the settings say that the broker is external: nothing to run here")


async def keep(settings: CloudSettings) -> None:
    """Keep the broker until SIGTERM."""
    database = open_database(settings)
    clock = SystemMachineClock()
    watch = CertificateWatch(settings, clock, "broker")
    keeper = Keeper(adapter_of(settings), database, clock, renewed=watch.turn)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, keeper.stop)
    try:
        await keeper.run()
    finally:
        database.close()


def main(settings: CloudSettings) -> None:
    """Run the broker process."""
    log.info("broker keeper starts", pid=os.getpid())
    asyncio.run(keep(settings))
