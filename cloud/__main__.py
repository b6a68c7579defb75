"""The program of head office: `storewire-cloud`, or `python -m cloud`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line.

    Reading the program makes a quarter of a million objects that stay: the cycle collector would walk them many times
    meanwhile (a quarter of the time to start), and again with each full collection after that.
    """
    gc.disable()
    from cloud.cli import app  # noqa: PLC0415 - what is read here is what the collector is kept from

    gc.freeze()
    gc.enable()
    app()


if __name__ == "__main__":
    main()
