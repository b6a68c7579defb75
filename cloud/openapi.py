"""The HTTP API as an OpenAPI document, from the routes themselves: `python -m cloud.openapi`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cloud.main import create_app
from cloud.settings import CloudSettings


def text() -> str:
    """Return the document as it is kept in `docs/api/openapi.json`. Nothing is started and no file is read."""
    app = create_app(CloudSettings(data_dir=Path("unused")))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
