from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leaderboard.pages import build
from prunebench.parts import Subject
from prunebench.record import ClaimRecord, Record

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the dev extra: pip install playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    make_record: Callable[..., Record],
    make_claim: Callable[..., ClaimRecord],
) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "site"
    subject = Subject(name=HOSTILE, used=HOSTILE)
    rows = [
        make_record("a.high", levels={"scratch_b": 99.5}),
        make_record("b.low", levels={"scratch_b": 91.0}, seeds=2),
        make_record("c.hostile", levels={"scratch_b": 96.0}, title=HOSTILE, network=subject, notes=[HOSTILE]),
    ]
    build([*rows, make_claim(statement=HOSTILE)], folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    flags = [*FLAGS.split(), "--disable-component-update", "--disable-sync"]
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_proxy")}
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, env=environment)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any, site: Path) -> Iterator[Callable[..., Any]]:
    """Open a page of the site; at the end: nothing was complained of, asked for elsewhere, or run from a record."""
    troubles: list[str] = []
    asked: list[str] = []
    contexts = []

    def opened(address: str, **settings: Any) -> Any:
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(f"dialog {dialog.message}"))
        page.on("requestfailed", lambda request: troubles.append(f"failed {request.url}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / address).as_uri())
        for figure in page.locator("figure.plot").all():
            figure.and_(page.locator("[data-drawn]")).wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == [url for url in asked if not url.startswith(("file://", "data:"))] == []


def expect_rows(page: Any, names: list[str]) -> None:
    sync_api.expect(page.locator("table.rows tbody tr td:first-child")).to_have_text(names)


def test_tables_sort_by_number_and_filter(open_page: Callable[..., Any]) -> None:
    page = open_page("index.html")
    expect_rows(page, ["a.high", "b.low", "c.hostile"])
    head = page.locator("table.rows th", has_text="Scratch-B − fine-tuning")
    head.click()
    expect_rows(page, ["b.low", "c.hostile", "a.high"])
    head.click()
    expect_rows(page, ["a.high", "c.hostile", "b.low"])
    page.get_by_placeholder("Filter").nth(1).fill("refuted")
    expect_rows(page, ["b.low"])


def test_forest_plot_has_every_row_and_leads_to_its_page(open_page: Callable[..., Any]) -> None:
    page = open_page("index.html")
    assert page.locator(".scatterlayer .points path").count() == 3 + 3  # ours and the paper's
    assert page.locator(".yaxislayer-above .ytick, .ytick").count() == 3
    page.locator(".scatterlayer .points path").first.click(force=True)
    page.wait_for_url("**/rows/smoke/a.high.html")
    assert page.locator("h1").inner_text() == "VGG-19 on CIFAR-10, slimming 70 %"


def test_row_page_draws_its_curves(open_page: Callable[..., Any]) -> None:
    page = open_page("rows/smoke/b.low.html")
    curves = page.locator("figure.plot").first
    assert curves.locator(".scatterlayer path.js-line").count() == 5 * (2 + 1)  # trained arms x (seeds and mean)
    assert curves.locator(".legendtext").all_text_contents()[-1] == "Scratch-B"
    assert page.locator(".barlayer .point").count() == 2 * 5  # before and kept, five layers


def test_hostile_record_shows_as_text(open_page: Callable[..., Any]) -> None:
    page = open_page("rows/smoke/c.hostile.html")
    assert page.locator("h1").inner_text() == HOSTILE
    page.get_by_role("link", name="all rows of tier smoke").click()
    assert HOSTILE in page.locator("table.claims").first.inner_text()


@pytest.mark.parametrize(
    ("address", "scheme", "ink"),
    [("index.html", "dark", "rgb(228, 232, 239)"), ("rows/smoke/a.high.html", "light", "rgb(28, 35, 48)")],
)
def test_phone_scrolls_tables_in_their_box_and_colours_follow(
    open_page: Callable[..., Any], address: str, scheme: str, ink: str
) -> None:
    page = open_page(address, viewport={"width": 400, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    assert page.evaluate("getComputedStyle(document.querySelector('.xtick text')).fill") == ink
    assert page.evaluate("getComputedStyle(document.body).color") == ink
