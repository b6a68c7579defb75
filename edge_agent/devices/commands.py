"""`storewire-edge devices`: what is plugged in, how it does, whether it works, what it says; for IT people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer

from edge_agent import control
from edge_agent.clock import SystemMachineClock
from edge_agent.configuration import SettingsRefused
from edge_agent.control import SOCKET_NAME
from edge_agent.devices import command_words as words
from edge_agent.devices import panel, recording, session
from edge_agent.devices.census import take
from edge_agent.devices.detecting import detect as try_all
from edge_agent.devices.live_recording import RECORD
from edge_agent.devices.ports import DeviceError, DeviceState
from edge_agent.devices.reading_words import in_words
from edge_agent.devices.recording import Recording
from edge_agent.devices.scanners.sheet.commands import setup, sheet
from edge_agent.devices.targets import NotHere, bound_devices, software, target
from edge_agent.devices.trying import TEST, try_out
from edge_agent.disk.errors import StorageError
from edge_agent.disk.state_lock import is_running
from edge_agent.moments import day_text
from shared.wire.desired import DeviceBinding

app = typer.Typer(help="The devices of this machine.", no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(sheet)
app.command()(setup)

State = Annotated[
    Path | None, typer.Option("--state", help="The agent's state: says which device stands at which till.")
]
Device = Annotated[str, typer.Argument(help="A device HQ has bound, as till/device, for example t1/scanner.")]
Profile = Annotated[str, typer.Option("--profile", help="The model, when the device is not bound by HQ.")]
Transport = Annotated[str, typer.Option("--transport", help="How it is reached; the model's usual way if left out.")]
Address = Annotated[str, typer.Option("--address", help="Its plug, as `devices list` shows it.")]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, max=86_400, help="For how long.")]


@app.command(name="list")
def list_devices(state: State = None) -> None:
    """Say what is plugged in, which model it is, how to bind it and where HQ has bound it."""
    bound = _do(lambda: bound_devices(state) if state else {})
    found = take()
    for line in words.census(found, bound):
        typer.echo(line)
    if not found:
        typer.echo("Nothing that could be a till's device is plugged into this machine.")


@app.command()
def watch(
    *, device: Device = "", state: State = None, profile: Profile = "", transport: Transport = "",
    address: Address = "", seconds: Seconds = 86_400,
) -> None:  # fmt: skip
    """Show what devices do and read, live: those of the running agent, or one that is given."""
    _quiet()
    if state is not None and is_running(state) and not profile:
        _run(_watch_agent(state / panel.SOCKET_NAME, device, seconds))
    else:
        _run(_watch_here(_targets(state, device, profile, transport, address), seconds))


@app.command(name="test")
def try_device(
    *, device: Device = "", state: State = None, profile: Profile = "", transport: Transport = "",
    address: Address = "", seconds: Seconds = 10,
    drawer: Annotated[bool, typer.Option("--drawer", help="Open the closed cash drawer and learn its switch.")] = False,
) -> None:  # fmt: skip
    """Open a device and say what it answers; a printer prints a page, a display shows a text. Ends with 1 if it fails.

    Beside the running agent printers and displays alone are tried: `devices watch` shows what the others read.
    """
    _quiet()
    if state is not None and is_running(state) and not profile:
        if not _run(_test_beside(state / SOCKET_NAME, device, drawer=drawer)):
            raise typer.Exit(1)
        return
    if drawer:
        _fail("what a drawer's switch says is learnt by the running agent: start it, and say --state and till/printer")
    binding = _one(state, device, profile, transport, address)
    if not _run(_test(binding, seconds)):
        raise typer.Exit(1)


@app.command()
def record(
    *,
    to: Annotated[Path, typer.Argument(help="The file to write.")],
    device: Annotated[str, typer.Option("--device", help="A device HQ has bound, as till/device.")] = "",
    state: State = None, profile: Profile = "", transport: Transport = "", address: Address = "",
    seconds: Seconds = 60, note: Annotated[str, typer.Option("--note", help="What was done with it.")] = "",
) -> None:  # fmt: skip
    """Write down what a device says and is told. A recording in tests/captures becomes a test by being there."""
    _quiet()
    _may_write(to)
    if state is not None and is_running(state) and not profile:
        typer.echo("The agent goes on selling. Numbers of cards and payments are made unreadable in the recording.")
        _run(_record_beside(state / SOCKET_NAME, device, to, seconds, note))
        return
    binding = _one(state, device, profile, transport, address)
    typer.echo("The recording will hold every code that is read: use goods, not members' cards.")
    _run(_record(binding, to, seconds, note))


@app.command()
def replay(file: Annotated[Path, typer.Argument(help="A recording.")]) -> None:
    """Let a driver read a recording, and say what it reads; ends with 1 when that is not what is expected."""
    _quiet()
    try:
        content = recording.read(file.read_text())
    except (OSError, UnicodeDecodeError, recording.RecordingBroken) as error:
        _fail(f"{file}: {error}")
    found = [in_words(reading) for reading in _run(session.replayed(content, SystemMachineClock()))]
    for line in found or ["nothing was read"]:
        typer.echo(line)
    if content.expected and found != content.expected:
        _fail("\n".join(["expected:", *content.expected]))


@app.command()
def detect(
    address: Annotated[str, typer.Argument(help="A serial port, as `devices list` shows it.")],
    state: State = None,
) -> None:
    """Find out what is on a serial port. Only asks what changes nothing; names only what identifies itself."""
    _quiet()
    _free(state)
    trials = _run(try_all(address, SystemMachineClock()))
    for line in words.trials(trials):
        typer.echo(line)
    if not trials[-1].models:
        raise typer.Exit(1)


async def _watch_agent(socket: Path, device: str, seconds: float) -> None:
    async def show() -> None:
        async for seen in panel.look(socket):
            if device and seen.known and device not in seen.known:
                raise control.Refusal(f"this agent has no device {device!r}; there are {', '.join(seen.known)}")
            if not device or seen.report.device == device:
                typer.echo(words.seen(seen))

    await _for(seconds, show())


async def _watch_here(bindings: list[DeviceBinding], seconds: float) -> None:
    async with session.held(bindings, SystemMachineClock()) as held:

        async def show() -> None:
            while True:
                seen = await held.seen.get()
                typer.echo(words.seen(panel.seen_now(seen.device, seen.reading)))

        await _for(seconds, show())


async def _test(binding: DeviceBinding, seconds: float) -> bool:
    """Return whether the device could be opened and, where it answers by itself, answered."""
    async with session.held([binding], SystemMachineClock()) as held:
        typer.echo(f"Opening {binding.profile} at {binding.address or 'its USB id'} ...")

        async def show() -> None:
            while True:
                seen = await held.seen.get()
                typer.echo(words.seen(panel.seen_now(seen.device, seen.reading)))
                if seen.reading is not None and words.proves(seen.reading):
                    return
                if words.may_be_tried(held.device, seen.reading):
                    return

        await _for(seconds, show())
        works = held.device.state in {DeviceState.IDLE, DeviceState.BUSY}
        tried = await try_out(held.device) if works else None
        if tried is not None:
            typer.echo(tried.words)
            return tried.works
        typer.echo(words.verdict(held.device, works=works, heard=bool(held.heard)))
        return works


async def _test_beside(socket: Path, device: str, *, drawer: bool = False) -> bool:
    """Have the running agent try one of its devices out."""
    works = False
    async for said in control.ask(socket, do=TEST, device=device, drawer=drawer):
        typer.echo(said["words"])
        works = bool(said["works"])
    return works


async def _record(binding: DeviceBinding, to: Path, seconds: float, note: str) -> None:
    clock = SystemMachineClock()
    made = f"{day_text(clock.wall_ms())} by storewire-edge {software()}"
    try:
        async with session.recorded(binding, clock, made) as (held, taken):
            taken.notes = [note] if note else []

            async def show() -> None:
                while True:
                    seen = await held.seen.get()
                    typer.echo(words.seen(panel.seen_now(seen.device, seen.reading)))

            await _for(seconds, show())
    finally:
        _keep(taken, to)


async def _record_beside(socket: Path, device: str, to: Path, seconds: float, note: str) -> None:
    """Write down what passes at a device of the running agent, until the time is over or somebody ends it."""
    clock = SystemMachineClock()
    taken = Recording("", "", made=f"{day_text(clock.wall_ms())} by storewire-edge {software()}")
    taken.notes = [note] if note else []
    covered = False
    try:
        async for said in control.ask(socket, do=RECORD, device=device, seconds=seconds):
            if "profile" in said:
                taken.profile, taken.transport, taken.role = said["profile"], said["transport"], said["role"]
            taken.steps += recording.steps_of(said.get("steps", []))
            covered = covered or bool(said.get("redacted"))
            if "reading" in said:
                taken.expected.append(said["reading"])
                typer.echo(f"{device}  {said['reading']}")
    finally:
        if taken.steps:
            if covered:
                # What was made unreadable is read otherwise: the recording expects what its own bytes say.
                taken.expected = [in_words(reading) for reading in await session.replayed(taken, clock)]
            _keep(taken, to)


def _may_write(to: Path) -> None:
    """Find out before anything is recorded, not after."""
    try:
        with to.open("a"):
            pass
    except OSError as error:
        _fail(f"cannot write {to}: {error.strerror or error}; name another file")


def _keep(taken: Recording, to: Path) -> None:
    to.write_text(recording.write(taken))
    typer.echo(f"{to}: {len(taken.steps)} steps, {len(taken.expected)} readings")


async def _for(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        return


def _one(state: Path | None, device: str, profile: str, transport: str, address: str) -> DeviceBinding:
    (binding, *_) = _targets(state, device, profile, transport, address)
    return binding


def _targets(state: Path | None, device: str, profile: str, transport: str, address: str) -> list[DeviceBinding]:
    _free(state)
    found: list[DeviceBinding] = _do(lambda: target(state, device, profile, transport, address))
    return found


def _free(state: Path | None) -> None:
    if state is not None and is_running(state):
        _fail(
            "The agent is running and holds its devices. Stop it for this (systemctl stop storewire-edge), or use"
            " `storewire-edge devices watch` or `record`, which work beside it."
        )


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        typer.echo("")
        return None
    except (DeviceError, panel.PanelAway, control.AgentAway, control.Refusal, OSError) as error:
        _fail(str(error))


def _do(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (NotHere, SettingsRefused, StorageError, DeviceError) as error:
        _fail(str(error))


def _quiet() -> None:
    """Say nothing but what the command says: the log of the supervisor would say it twice."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
