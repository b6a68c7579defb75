"""What the wheel build asks before it packs: are the fetched assets and the compiled words there?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDED = (
    "shared/web/static/vendor/htmx.min.js",
    "shared/web/static/vendor/htmx-sse.min.js",
    "shared/web/static/vendor/echarts.min.js",
)
CATALOGUES = "*/*/locale/*/LC_MESSAGES/*.po"


class WebAssets(BuildHookInterface[Any]):
    """Refuses to build a wheel whose pages would lack their scripts or their Chinese."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Look before a wheel is packed; an editable install reads the tree and may come before the files do."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        words = [path.with_suffix(".mo") for path in root.glob(CATALOGUES)]
        missing = [str(path.relative_to(root)) for path in [*map(root.joinpath, NEEDED), *words] if not path.is_file()]
        if missing:
            raise FileNotFoundError(
                f"the wheel would lack {', '.join(missing)}: run `make setup` first, which fetches and compiles them"
            )
