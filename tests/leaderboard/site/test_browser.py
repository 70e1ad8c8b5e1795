"""The pages as a reader has them: in a browser, from a folder, offline."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leaderboard.site.challenges import Challenge
from leaderboard.site.pages import build
from prunebench.records.parts import Arm, Interval, PaperVerdict, Point, Subject
from prunebench.records.record import AnyRecord, ClaimRecord, Record

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the dev extra: pip install playwright")

FULL = "PRUNEBENCH_PAGES" in os.environ
"""Whether every page is opened in light and dark and in both widths; a usual run takes half of them."""

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
L1 = "VGG-19 on CIFAR-10, l1 70 %"
HIGH, LOW, OTHER = "slimming 70 %", "slimming 40 %", "l1 70 %"
PAGES = [
    *("index.html", "methods.html", "claims.html", "compare.html", "data.html", "submit.html", "changes.html"),
    *("rows/smoke/a.high.html", "rows/paper/d.other.html", "claims/C08.html", "methods/slimming.html"),
]


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
        make_record("b.low", levels={"scratch_b": 91.0}, seeds=2, ratio=0.4, title="VGG-19 on CIFAR-10, slimming 40 %"),
        make_record("c.hostile", levels={"scratch_b": 96.0}, title=HOSTILE, notes=[HOSTILE], **subjects(HOSTILE)),
        tickets(masked(make_record("d.other", tier="paper", title=L1, method=Subject(name="l1", used="l1")))),
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


def expect_rows(page: Any, treated: list[str]) -> None:
    """Expect these rows of the table, by how they were pruned; what was trained is the same in all of them."""
    cells = page.locator("table.rows tbody tr td:first-child small")
    sync_api.expect(cells).to_have_text([re.compile("^" + re.escape(text)) for text in treated])


def test_table_sorts_filters_and_has_a_link_for_each_view(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html#group=smoke")
    expect_rows(page, [HIGH, LOW, HOSTILE])
    page.get_by_role("button", name="Scratch-B − fine-tuned").click()
    expect_rows(page, [HIGH, HOSTILE, LOW])
    page.get_by_role("button", name="Scratch-B − fine-tuned").click()
    expect_rows(page, [LOW, HOSTILE, HIGH])
    page.locator("select[name=Dataset]").select_option("scikit-learn digits 16x16")
    expect_rows(page, [LOW, HIGH])
    page.get_by_label("Search").fill("vgg REFUTED")
    expect_rows(page, [LOW])
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Dense").check()
    view = page.url
    again = open_page("methods.html#" + view.partition("#")[2])
    expect_rows(again, [LOW])
    assert again.get_by_label("Search").input_value() == "vgg REFUTED"
    assert "Dense" in again.locator("table.rows thead").first.inner_text()
    again.get_by_label("Search").fill("nothing of the kind")
    assert "Nothing here matches." in again.locator("table.rows").first.inner_text()


def test_settings_are_never_mixed(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html")
    expect_rows(page, [HIGH, LOW, HOSTILE])  # of the setting with the most rows
    page.locator("select[name=Setting]").select_option("paper")
    expect_rows(page, [OTHER])
    assert page.locator("#view .notice").count() == 0
    page.locator("select[name=Setting]").select_option("smoke")
    expect_rows(page, [HIGH, LOW, HOSTILE])
    assert "never the paper's result" in page.locator("#view .notice").inner_text()


def test_a_table_shows_the_arms_that_its_rows_have_and_what_their_verdict_found(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html#group=paper")
    expect_rows(page, [OTHER])
    heads = page.locator("table.rows thead th").all_inner_texts()
    assert [h for h in heads if "ticket" in h] == ["winning ticket", "random ticket"]
    assert not {"Fine-tuned", "Scratch-B", "Scratch-B − fine-tuned", "Dense"} & set(heads)
    told = page.locator("table.rows tbody tr td", has_text="better").inner_text()
    assert "winning ticket greater than random ticket" in told


def test_table_can_be_downloaded(open_page: Callable[..., Any]) -> None:
    page = open_page("methods.html#group=smoke")
    page.get_by_label("Search").fill("refuted")
    with page.expect_download() as table:
        page.get_by_role("button", name="CSV").click()
    head, *lines = table.value.path().read_text().splitlines()
    assert {"row", "gap", "gap.lower", "finding"} <= set(head.split(","))
    assert [line.partition(",")[0] for line in lines] == ["b.low"]


def test_row_page_has_all_of_its_record(open_page: Callable[..., Any], site: Path) -> None:
    page = open_page("rows/smoke/a.high.html")
    text = page.locator("main").inner_text()
    for fact in (
        "Small VGG (73 k parameters) on scikit-learn digits 16x16, slimming 70 %",
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
    ):
        assert fact in text, fact
    curves = page.locator("figure.plot", has_text="Thin: each seed")
    assert curves.locator("polyline").count() == 5 * (3 + 1)  # trained arms x (seeds and mean)
    assert page.locator(".kept rect.kept").count() == 5  # layers
    assert page.locator(".forest svg.strip").count() == 1
    assert page.locator(".forest text.diamond").count() == 1


def test_masks_are_shown_by_stage_and_by_place_in_the_kernel(open_page: Callable[..., Any]) -> None:
    page = open_page("rows/paper/d.other.html")
    assert page.locator(".kept rect.kept").count() == 2  # stages
    assert page.locator("table.kernels tbody tr").first.inner_text().split() == ["stage", "1", *["10.0"] * 9]


def test_everything_reads_without_javascript(open_page: Callable[..., Any]) -> None:
    page = open_page("index.html", java_script_enabled=False)
    assert "Scratch-B less fine-tuned, in points of accuracy" in page.locator("main").inner_text()
    page.get_by_role("link", name="Small VGG (73 k parameters) on scikit-learn digits 16x16, slimming 70 %").click()
    assert page.locator("figure.plot polyline").count() == 5 * (3 + 1)
    page.get_by_role("link", name="Methods").click()
    assert page.locator("table.rows").first.locator("tbody tr").count() == 1
    page.get_by_role("link", name="slimming", exact=True).first.click()
    assert "Its rows as a table" in page.locator("main").inner_text()


def test_rows_of_a_forest_are_reached_by_keyboard(open_page: Callable[..., Any]) -> None:
    page = open_page("index.html")
    links = page.locator(".forest a")
    links.first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.mark') === document.querySelectorAll('.forest .mark')[1]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rows/smoke/*.html")


def test_claim_draws_its_curves(open_page: Callable[..., Any]) -> None:
    page = open_page("claims/C08.html")
    assert page.locator("figure.plot polyline.mean").count() == 2
    assert "accuracy, %" in page.locator("figure.plot figcaption").inner_text()


def test_two_methods_are_compared_pair_by_pair(open_page: Callable[..., Any]) -> None:
    page = open_page(f"compare.html#a=slimming&b={HOSTILE.replace('#', '')}")
    assert "can be compared" in page.locator("#view").inner_text()
    page = open_page("compare.html#a=slimming&b=slimming")
    row = page.locator("table.rows tbody tr", has_text=f"{HIGH}\n").first.inner_text()
    assert "the same, seed by seed" in row
    page.locator("select[name='Method B']").select_option("l1")
    page.wait_for_url("**b=l1")
    assert "No row of slimming can be compared with one of l1." in page.locator("#view").inner_text()


@pytest.mark.parametrize("address", PAGES)
def test_page_fits_a_phone_and_has_no_fault(open_page: Callable[..., Any], address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    for width, scheme in ((390, "dark"), (1440, "light"), (390, "light"), (1440, "dark"))[: 4 if FULL else 2]:
        page = open_page(address, viewport={"width": width, "height": 800}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found = axe.run(page, options={"preload": False}).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []


def test_colours_follow_the_system_until_the_reader_chooses(open_page: Callable[..., Any]) -> None:
    page = open_page("rows/smoke/a.high.html", color_scheme="dark")
    ink = "getComputedStyle(document.body).color"
    assert page.evaluate(ink) == "rgb(228, 232, 239)"
    page.get_by_role("button", name="switch to light colours").click()
    assert page.evaluate(ink) == "rgb(28, 35, 48)"
    show(page, page.url)
    assert page.evaluate(ink) == "rgb(28, 35, 48)"


MAPPINGS = ("arms", "paper", "values", "agreement", "measures", "versions", "curves", "numbers")
"""Fields whose keys are free; the schema fixes those of all others."""


def hostile(value: Any, made: Callable[[str], str], at: str = "") -> Any:
    """A record's plain data with every text made hostile, keys of free mappings too, but for what the schema fixes."""
    if isinstance(value, dict):
        free = at.rpartition(".")[2] in MAPPINGS
        return {made(key) if free else key: hostile(own, made, f"{at}.{key}") for key, own in value.items()}
    if isinstance(value, list):
        return [hostile(own, made, f"{at}[]") for own in value]
    fixed = at.rpartition(".")[2] in ("kind", "state", "expected[]")
    return made(value) if isinstance(value, str) and not fixed else value


def test_no_text_of_any_field_runs_on_any_page(
    tmp_path: Path, browser: Any, make_record: Callable[..., Record], make_claim: Callable[..., ClaimRecord]
) -> None:
    ways = ("<img src=x onerror=ran(1)>", "</script><script>ran(2)</script>", "'\"><svg/onload=ran(3)>")
    records: list[AnyRecord] = []
    curves = {"a": [Point(x=1.0, y=[1.0]), Point(x=2.0, y=[2.0])]}
    value = Interval(difference=0.4, lower=0.1, upper=0.7, confidence=0.95, n=[3, 3])
    for i, way in enumerate(ways):

        def made(text: str, way: str = way) -> str:
            return f"{way}{text}"[:190]

        row = make_record(f"row{i}", values={"architecture": value}, agreement={"dense": value})
        measured = row.arms["dense"].model_copy(update={"measures": {"near": [1.0, 2.0, 3.0]}})
        plain = row.model_copy(update={"arms": row.arms | {"dense": measured}}).model_dump(mode="json")
        told = hostile(plain, made)
        told["arms"] |= plain["arms"]  # the known arms beside the hostile ones, so that all parts of pages are made
        records.append(Record.model_validate(told))
        claim = make_claim(f"claim{i}", curves=curves, axes=["x", "y"], aside=[make_claim().verdict])
        records.append(ClaimRecord.model_validate(hostile(claim.model_dump(mode="json"), made)))
    assert build(records, tmp_path / "site", {}) == []
    context = browser.new_context()
    page = context.new_page()
    ran: list[str] = []
    page.expose_function("ran", lambda which: ran.append(str(which)))
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    pages = sorted((tmp_path / "site").rglob("*.html"))
    for address in pages if FULL else [one for one in pages if "<img" in one.name or "C0" not in one.name]:
        page.goto(address.as_uri())
        page.wait_for_function("!document.querySelector('[aria-busy]')")
        assert page.locator("img[src=x], svg[onload], a[href^='javascript:']").count() == 0, address
    context.close()
    assert ran == []


def test_the_policy_stops_a_script_that_got_in(open_page: Callable[..., Any], site: Path) -> None:
    assert "script-src 'self'" in (site / "index.html").read_text()
    for address in ("index.html", "methods.html", "rows/smoke/a.high.html"):
        text = (site / address).read_text()
        assert "unsafe-inline" not in text
        assert not re.search(r"<script(?![^>]*src=)|<[^>]*\s(?:on\w+|style)=", text)


def test_arms_that_a_method_names_stand_as_text_in_the_heads_of_tables(
    tmp_path: Path, browser: Any, make_record: Callable[..., Record]
) -> None:
    record = make_record("only")
    arm: Arm = record.arms["scratch_b"]
    build([record.model_copy(update={"arms": {HOSTILE: arm, "dense": arm}, "verdicts": []})], tmp_path / "site")
    page = browser.new_page()
    page.goto((tmp_path / "site" / "methods.html").as_uri())
    page.wait_for_function("!document.querySelector('[aria-busy]')")
    assert HOSTILE in page.locator("table.rows thead").first.inner_text()
    assert page.locator("thead img").count() == 0
    page.close()
