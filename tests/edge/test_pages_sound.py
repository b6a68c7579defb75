"""A till that only scans is heard from its first scan on, in the browser as a kiosk starts it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.edge.screens import served_screens
from tests.edge.test_pages_browser import ring, show
from tests.edge.tills import APPLES
from tests.provision.browser import browsing, find_browser

_KIOSK = Path(__file__).parents[2] / "deploy/edge/kiosk-browser"


@pytest.mark.parametrize("kiosk", [True, False])
def test_a_scan_is_heard_on_a_page_that_nobody_touched(tmp_path: Path, *, kiosk: bool) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    options = re.findall(r"--autoplay-policy=\S+", _KIOSK.read_text()) if kiosk else []
    with served_screens(tmp_path / "store") as screens, browsing(program, tmp_path / "profile", *options) as page:
        show(page, screens)
        ring(screens, APPLES)
        page.until("document.body.dataset.sounded === 'accepted'")
        if kiosk:
            page.until("document.body.dataset.heard === 'accepted'")
        else:
            assert not page.evaluate("'heard' in document.body.dataset")  # other browsers wait for a touch
        assert page.errors == []
