"""A page with Colab's manners, and a real kernel. See `pages/colab.js`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from host_page import HostPage
from lab import LabServer
from playwright.sync_api import Page


class Colab(HostPage):
    """The notebook; `pages` is the folder of the bundled pages."""

    def __init__(self, server: LabServer, page: Page, pages: Path) -> None:
        super().__init__(server, page, "colab", {"/colab.js": pages / "colab.js"})

    def theme(self, kind: Literal["dark", "light"]) -> None:
        """Change to the dark or the light theme."""
        self.page.evaluate("kind => document.documentElement.setAttribute('theme', kind)", kind)
