"""The pages as a reader has them: in a browser, from a folder, offline."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leaderboard.site.challenges import Challenge
from leaderboard.site.pages import build
from prunebench.protocol import tables
from prunebench.records.parts import Interval, PaperVerdict, Point, Subject
from prunebench.records.record import ClaimRecord, Record, load

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the dev extra: pip install playwright")

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
PAGES = ["index.html", "methods.html", "claims.html", "plots.html", "rows/smoke/a.high.html", "claims/C08.html"]


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    make_record: Callable[..., Record],
    make_claim: Callable[..., ClaimRecord],
) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "site"
    value = Interval(difference=0.4, lower=0.1, upper=0.7, confidence=0.95, n=[3, 3])
    high = make_record("a.high", levels={"scratch_b": 99.5}, values={"architecture": value})
    paper = PaperVerdict(state="SUPPORTED", difference=0.21, lower=0.04, upper=0.38)
    verdicts = [high.verdicts[0].model_copy(update={"paper": paper})]
    rows = [
        high.model_copy(update={"verdicts": verdicts}),
        make_record("b.low", levels={"scratch_b": 91.0}, seeds=2, ratio=0.4),
        make_record("c.hostile", levels={"scratch_b": 96.0}, title=HOSTILE, notes=[HOSTILE], **subjects(HOSTILE)),
        tickets(masked(make_record("d.other", tier="paper", method=Subject(name="l1", used="l1")))),
    ]
    curves = {name: [Point(x=10.0 * k, y=[k + 1.0, k + 2.0]) for k in range(4)] for name in ("found", "uniform")}
    claims = [make_claim(statement=HOSTILE, curves=curves, axes=["parameters, %", "accuracy, %"])]
    challenge = Challenge(
        "a.high", "smoke", "A. Reader", "Its data are not the paper's.", "94.1 %", "https://example.org/x"
    )
    build([*rows, *claims], folder, {("smoke", "a.high"): [challenge]})
    return folder


def masked(record: Record) -> Record:
    kept = {"layers": [], "stages": [0.2, 0.4], "kernels": [[0.1] * 9, [0.2] * 9]}
    return record.model_copy(update={"pruned": [one.model_copy(update=kept) for one in record.pruned]})


def tickets(record: Record) -> Record:
    """The record as of a row with two tickets in place of the usual arms."""
    arms = {"dense": record.arms["dense"], "winning_ticket": record.arms["finetune"]}
    changes = {"relation": "winning_ticket greater than random_ticket", "difference": 0.5, "lower": 0.2, "upper": 0.8}
    verdicts = [record.verdicts[0].model_copy(update=changes)]
    return record.model_copy(
        update={"arms": arms | {"random_ticket": record.arms["scratch_e"]}, "verdicts": verdicts, "values": {}}
    )


def subjects(name: str) -> dict[str, Subject]:
    return {kind: Subject(name=name, used=name) for kind in ("dataset", "network", "method")}


def high(site: Path) -> Record:
    data = re.search('id="data">(.*)</script>', (site / "rows/smoke/a.high.html").read_text())
    assert data
    return Record.model_validate(json.loads(data[1])["record"])


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
        show(page, (site / address.partition("#")[0]).as_uri() + "".join(address.partition("#")[1:]))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == [url for url in asked if not url.startswith(("file://", "data:", "blob:"))] == []


def show(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_function("!document.querySelector('[aria-busy]')")
    page.wait_for_function("[...document.querySelectorAll('figure.plot')].every((figure) => figure.dataset.drawn)")


def expect_rows(page: Any, names: list[str]) -> None:
    sync_api.expect(page.locator("table.rows tbody tr td:first-child a")).to_have_text(names)


def test_table_sorts_filters_and_has_a_link_for_each_view(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html#group=smoke")
    expect_rows(page, ["a.high", "b.low", "c.hostile"])
    page.get_by_role("button", name="Weight value").click()
    expect_rows(page, ["b.low", "c.hostile", "a.high"])
    page.get_by_role("button", name="Weight value").click()
    expect_rows(page, ["a.high", "c.hostile", "b.low"])
    page.locator("select[name=Dataset]").select_option("CIFAR-10")
    expect_rows(page, ["a.high", "b.low"])
    page.get_by_label("Search").fill("vgg REFUTED")
    expect_rows(page, ["b.low"])
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Dense").check()
    view = page.url
    again = open_page("methods.html#" + view.partition("#")[2])
    expect_rows(again, ["b.low"])
    assert again.get_by_label("Search").input_value() == "vgg REFUTED"
    assert "Dense" in again.locator("table.rows thead").inner_text()
    again.get_by_label("Search").fill("nothing of the kind")
    assert "Nothing here matches." in again.locator("table.rows").inner_text()


def test_tiers_are_never_mixed(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html")
    expect_rows(page, ["a.high", "b.low", "c.hostile"])  # of the tier with the most rows
    page.locator("select[name=Tier]").select_option("paper")
    expect_rows(page, ["d.other"])
    assert page.locator(".notice").count() == 0
    page.locator("select[name=Tier]").select_option("smoke")
    expect_rows(page, ["a.high", "b.low", "c.hostile"])
    assert "never the paper's result" in page.locator(".notice").inner_text()
    page.get_by_role("link", name="these rows as plots").click()
    page.get_by_text("3 of 3 rows").wait_for()


def test_row_page_has_all_of_its_record(open_page: Callable[..., Any], site: Path) -> None:
    page = open_page("rows/smoke/a.high.html")
    record = high(site)
    text = page.locator("main").inner_text()
    for fact in (
        "VGG-19 on CIFAR-10, slimming 70 %",
        "Challenged by A. Reader: Its data are not the paper's.",
        "Better known result: 94.1 %",
        "Scratch-B − fine-tuning is",
        "+0.21 [+0.04, +0.38]",
        "Architecture value",
        "budget: flops capped at 2x",
        "11,002\t15 %",
        "4.81 M",
        "layer features.9 was kept at 1 channel",
        "0123456789ab",
        "torch 2.14.1",
        record.dataset.digest,
        "--pb-tier smoke --pb-seeds 3",
    ):
        assert fact in text, fact
    curves = page.locator("figure.plot", has_text="Thin: each seed")
    assert curves.locator(".scatterlayer path.js-line").count() == 5 * (3 + 1)  # trained arms x (seeds and mean)
    assert page.locator(".barlayer .point").count() == 2 * 5  # before and kept, five layers


def test_masks_are_drawn_by_stage_and_by_place_in_the_kernel(open_page: Callable[..., Any]) -> None:
    page = open_page("rows/paper/d.other.html")
    assert page.locator(".barlayer .point").count() == 2 * 2  # before and kept, two stages
    assert page.locator(".heatmaplayer image").count() == 1


def test_record_and_tables_can_be_downloaded(open_page: Callable[..., Any], site: Path) -> None:
    page = open_page("rows/smoke/a.high.html")
    record = high(site)
    with page.expect_download() as seeds:
        page.get_by_role("button", name="seeds as CSV").click()
    lines = seeds.value.path().read_text().splitlines()
    assert seeds.value.suggested_filename == "a.high.csv"
    assert lines[0] == "arm,seed,epochs,accuracy,best_accuracy,seconds,digest"
    assert len(lines) == 1 + 6 * 3
    assert f"dense,0,12,{record.arms['dense'].accuracy[0]:g}," in lines[1]
    with page.expect_download() as whole:
        page.get_by_role("button", name="record as JSON").click()
    assert load(whole.value.path().read_text()) == record


def test_hostile_record_shows_as_text(open_page: Callable[..., Any], site: Path) -> None:
    page = open_page("rows/smoke/c.hostile.html")
    assert page.locator("h1").inner_text() == HOSTILE
    page.get_by_role("link", name=HOSTILE).click()
    page.wait_for_url("**/methods/*.html#*")
    assert page.locator("h1").inner_text() == HOSTILE
    expect_rows(page, ["c.hostile"])
    assert HOSTILE in open_page("claims/C08.html#group=smoke").locator("main").inner_text()
    assert HOSTILE in open_page("claims.html#group=smoke").locator("table.claims").inner_text()


def test_claims_table_says_what_both_find(open_page: Callable[..., Any]) -> None:
    page = open_page("claims.html#group=smoke")
    cells = page.locator("table.claims tbody tr", has_text="8 of 10").locator("td").all_inner_texts()
    assert [cells[2], cells[4], cells[5]] == ["8 of 10 rows", "yes", "1 of 1 rows"]
    assert "supported" in cells[3]
    assert page.locator("table.claims tbody tr").count() == len(tables.load().claims)
    page.get_by_role("link", name="C08").click()
    page.locator("figure.plot[data-drawn]").wait_for()
    assert page.locator(".scatterlayer path.js-line").count() == 2


def test_the_tier_of_a_claims_page_is_chosen_at_its_top(open_page: Callable[..., Any]) -> None:
    page = open_page("claims/C08.html#group=smoke")
    expect_rows(page, ["a.high", "b.low", "c.hostile"])
    (tier,) = page.locator("select[name=Tier]").all()
    tier.select_option(label="paper")
    page.get_by_text("No test over several rows in tier paper.").wait_for()
    assert page.url.endswith("group=paper")
    expect_rows(page, ["d.other"])


def test_a_table_shows_the_arms_that_its_rows_have_and_what_their_verdict_found(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html#group=paper")
    expect_rows(page, ["d.other"])
    heads = page.locator("table.rows thead th").all_inner_texts()
    assert [h for h in heads if "ticket" in h] == ["Winning ticket", "Random ticket"]
    assert not {"Fine-tuned", "Scratch-B", "Weight value", "Dense"} & set(heads)
    verdict = page.locator("table.rows tbody tr td", has_text="supported").inner_text()
    assert "+0.50 [+0.20, +0.80]" in verdict.replace("\n", " ")
    assert "Weight value" in open_page("methods.html#group=smoke").locator("table.rows thead").inner_text()


def test_a_claim_without_rows_of_its_own_says_so(open_page: Callable[..., Any]) -> None:
    page = open_page("claims/C21.html#group=smoke")
    page.get_by_text("None has a record of its own in tier smoke.").wait_for()
    assert page.locator("table").count() == 0
    assert page.locator("select[name=Tier]").count() == 1


def test_plots_draw_every_row_and_lead_to_its_page(open_page: Callable[..., Any]) -> None:
    page = open_page("plots.html#group=smoke")
    assert page.locator("figure.plot").count() == 4
    forest = page.locator("section", has=page.get_by_role("heading", name="What the inherited weights are worth"))
    assert forest.locator(".scatterlayer .points path").count() == 3 + 3  # ours and the paper's
    forest.locator(".scatterlayer .points path").first.click(force=True)
    page.wait_for_url("**/rows/smoke/a.high.html")


@pytest.mark.parametrize("address", PAGES)
def test_page_fits_a_phone_and_has_no_serious_fault(open_page: Callable[..., Any], address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    scheme = "dark" if PAGES.index(address) % 2 else "light"
    page = open_page(address + "#group=smoke", viewport={"width": 400, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    found = axe.run(page, options={"preload": False}).response["violations"]
    serious = [
        (fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_colours_follow_the_system_until_the_reader_chooses(open_page: Callable[..., Any]) -> None:
    page = open_page("rows/smoke/a.high.html", color_scheme="dark")
    ink = "[getComputedStyle(document.body).color, getComputedStyle(document.querySelector('.xtick text')).fill]"
    assert page.evaluate(ink) == ["rgb(228, 232, 239)"] * 2
    page.get_by_role("button", name="switch to light colours").click()
    page.wait_for_function(f"{ink}.every((colour) => colour === 'rgb(28, 35, 48)')")
    show(page, page.url)
    assert page.evaluate(ink) == ["rgb(28, 35, 48)"] * 2
