"""Baseline of `screens`: a Flet page with one button and one text, served to a browser.

Run as `python bare_page.py PORT`; imports nothing of ours.
"""

import sys

import flet as ft
import flet.fastapi as flet_web
import uvicorn


def main(page: ft.Page) -> None:
    """Count the taps."""
    count = 0
    said = ft.Text("count 0")

    def tapped() -> None:
        nonlocal count
        count += 1
        said.value = f"count {count}"
        page.update()

    page.add(said, ft.FilledButton("tap", on_click=tapped))


if __name__ == "__main__":
    port = int(sys.argv[1])
    uvicorn.run(flet_web.app(main, no_cdn=True), host="127.0.0.1", port=port, log_config=None)
