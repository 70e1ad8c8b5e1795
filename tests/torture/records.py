"""Records made from the schema, keys included, through validate, build and a browser: nothing raw, no script runs."""

import copy
import json
import os
import random
import shutil
import tempfile
from pathlib import Path

from houses import ROOT
from tally import Tally

from leaderboard.site import collect, pages
from leaderboard.submissions import report as reports
from leaderboard.submissions.validate import validate
from prunebench.common.errors import PrunebenchError
from prunebench.records.record import ClaimRecord, Record

RAN = "window.ran = 1"
TEXTS = (
    f"<script>{RAN}</script>", f"<img src=x onerror='{RAN}'>", f"\"><svg onload={RAN.replace(' ', '')}>",
    f"javascript:{RAN}", f"</script><script>{RAN}</script>", f"'-({RAN})-'", "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}", "${7*7}", "%(x)s %s {0}", "../../../etc/passwd", "..", "/", "C:\\aux",
    "a\0b", "\r\nSet-Cookie: x",
    "\u202egnp.exe", "e\u0301" * 30, "\ud800", "", " ", "null", "__proto__", "constructor", "x" * 5000,
    "[link](javascript:0)",
    "| a | b |", "=1+1", "-->", "]]>", "&lt;", "`'\"",
)  # fmt: skip
NUMBERS = (
    "0", "-0.0", "-1", "1e308", "1e400", "-1e309", "1" + "0" * 400, "NaN", "Infinity", "-Infinity", "5e-324", "0.1",
    "100", "1e18", "1e19", "9007199254740993", "100.0000001", "true", '"1"', "null", "-5", "3.5",
)  # fmt: skip
BATCH = 50
"""Records of one site."""


class Raw(float):
    """A number whose text JSON cannot write."""

    def __new__(cls, text):
        made = super().__new__(cls, 0)
        made.text = text
        return made


class Maker:
    """Makes documents of a JSON schema that are valid for the most part, and hostile in a few places."""

    def __init__(self, schema, chance):
        self.definitions, self.chance, self.texts = schema.get("$defs", {}), chance, chance.sample(TEXTS, 6)

    def make(self, schema, depth=0):
        chance = self.chance
        if "$ref" in schema:
            return self.make(self.definitions[schema["$ref"].rpartition("/")[2]], depth + 1)
        if "anyOf" in schema:
            return self.make(chance.choice(schema["anyOf"]), depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return chance.choice(schema["enum"])
        if schema.get("type") == "array":
            return [self.make(schema["items"], depth + 1) for _ in range(chance.choice((0, 1, 2, 3)))]
        if schema.get("type") == "object":
            return self._object(schema, depth)
        if schema.get("type") == "integer":
            return chance.choice((0, 1, 2, 3, 10**6, -1, 10**18))
        if schema.get("type") == "number":
            return chance.choice((0.0, 0.5, 99.5, 1e-300, -3.25, 1e18, 12.0))
        return {"boolean": chance.random() < 0.5, "null": None}.get(schema.get("type"), chance.choice(self.texts))

    def _object(self, schema, depth):
        known = schema.get("properties", {})
        wanted = [name for name in known if name in schema.get("required", ()) or self.chance.random() < 0.7]
        made = {name: self.make(known[name], depth + 1) for name in wanted}
        if isinstance(schema.get("additionalProperties"), dict):
            for name in self.chance.sample(
                (*self.texts, "dense", "finetune", "scratch_b"), self.chance.choice((0, 1, 3))
            ):
                made[name] = self.make(schema["additionalProperties"], depth + 1)
        return made


def places(data):
    """Yield every container of a document with each of its keys."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield data, key
        if isinstance(value, (dict, list)):
            yield from places(value)


def hurt(document, chance):
    """Put something hostile in a few places of a document, names of fields included."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        found = list(places(document))
        if not found:
            break
        container, key = chance.choice(found)
        kind = chance.random()
        if kind < 0.45:
            text = isinstance(container[key], str) or kind < 0.05
            container[key] = chance.choice(TEXTS) if text else Raw(chance.choice(NUMBERS))
        elif kind < 0.65 and isinstance(container, dict):
            container[chance.choice(TEXTS)] = container[key] if kind < 0.5 else container.pop(key)
        elif kind < 0.8:
            container[key] = chance.choice(([], {}, [[]], None, [container[key]] * 2))
        else:
            del container[key]
    return document


def written(document):
    """Return a document's text, with the numbers that no float holds, and half characters, in it."""
    numbers = []

    def marked(value):
        if isinstance(value, Raw):
            numbers.append(value.text)
            return f"\1{len(numbers) - 1}\1"
        if isinstance(value, dict):
            return {key: marked(inner) for key, inner in value.items()}
        return [marked(inner) for inner in value] if isinstance(value, list) else value

    text = json.dumps(marked(document))
    for number, digits in enumerate(numbers):
        text = text.replace(f'"\\u0001{number}\\u0001"', digits)
    return text


def documents(chance):
    """Yield records for ever: published ones with a hostile part, and ones that are made of the schema alone."""
    real = [path.read_text() for path in sorted((ROOT / "leaderboard" / "results").glob("*/*.json"))]
    small = [json.loads(text) for text in real if len(text) < 60_000]
    while True:
        model = chance.choice((Record, ClaimRecord))
        maker = Maker(model.model_json_schema(), chance)
        kind = chance.random()
        if kind < 0.3:
            yield maker.make(model.model_json_schema())
            continue
        document = copy.deepcopy(chance.choice(small))
        whole = ClaimRecord if document.get("kind") == "claim" else Record
        maker, parts = Maker(whole.model_json_schema(), chance), whole.model_json_schema()["properties"]
        for name in chance.sample(sorted(parts), 2):
            document[name] = maker.make(parts[name])
        if kind < 0.6:
            for container, key in list(places(document)):  # every text that the schema leaves free
                if isinstance(container[key], str) and container is not document and chance.random() < 0.5:
                    container[key] = chance.choice(maker.texts)
        yield document if kind < 0.6 else hurt(document, chance)


def run(seed, tries, browser=False):
    chance = random.Random(seed)
    checked, built, shown = Tally("records: validate"), Tally("records: build"), Tally("records: in a browser")
    source = documents(chance)
    with tempfile.TemporaryDirectory(prefix="torture-") as name, Chromium(shown, browser) as page:
        for start in range(0, tries, BATCH):
            folder = Path(name) / "records"
            for number in range(min(BATCH, tries - start)):
                path = folder / chance.choice(("smoke", "laptop")) / f"{number}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(written(next(source)), errors="surrogatepass")
                _validate(checked, path)
            site = Path(name) / "site"
            _build(built, folder, site)
            if page is not None:
                _open(shown, page, site, chance)
            for used in (folder, site):
                shutil.rmtree(used, ignore_errors=True)
    yield from (checked, built, shown)


def _validate(tally, path):
    try:
        report = validate([path])
        for form in (reports.as_text, reports.as_json, reports.as_markdown):
            form(report).encode()
        tally.add("valid" if report.valid else "refused")
    except PrunebenchError:
        tally.add("refused")
    except Exception as error:
        tally.add("raw", f"{error!r}"[:300] + f" in {path.read_text(errors='replace')[:300]}")


def _build(tally, folder, site):
    files = len(list(folder.rglob("*.json")))
    try:
        found = pages.build_from(collect.sources_in(folder), site, {}, collect.nothing_in(folder), folder, {})
        tally.ends.update({"shown": found.count, "left out": files - found.count})
    except PrunebenchError:
        tally.ends["left out"] += files
    except Exception as error:
        kept = Path(tempfile.mkdtemp(prefix="torture-raw-")) / "records"
        shutil.copytree(folder, kept)
        tally.add("raw", f"{error!r}"[:300] + f" with {kept}")


class Chromium:
    """A page of headless Chromium, or None where there is none."""

    def __init__(self, tally, wanted):
        self.tally, self.wanted, self.playwright = tally, wanted, None

    def __enter__(self):
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if not self.wanted or found is None:
            self.tally.left_out = "no browser here" if self.wanted else "left to the long form"
            return None
        from playwright.sync_api import sync_playwright

        self.playwright = sync_playwright().start()
        environment = {key: value for key, value in os.environ.items() if not key.endswith("_proxy")}
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        self.browser = self.playwright.chromium.launch(executable_path=found, args=flags, env=environment)
        return self.browser.new_page()

    def __exit__(self, *_):
        if self.playwright is not None:
            self.browser.close()
            self.playwright.stop()


def _open(tally, page, site, chance):
    said = []
    page.on("pageerror", lambda error: said.append(f"{error}"))
    page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
    found = sorted(site.rglob("*.html"))
    for path in [path for path in found if path.parent == site] + chance.sample(found, min(6, len(found))):
        said.clear()
        page.goto(path.as_uri())
        page.mouse.move(200, 200)
        page.wait_for_timeout(150)
        ran = page.evaluate("() => window.ran")
        end = "script" if ran or "a dialog" in said else "raw" if said else "as text"
        tally.add(end, f"{path.name}: {said[:2]}")
