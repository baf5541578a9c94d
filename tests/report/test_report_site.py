"""The pages as a reader gets them."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from triptych.errors import UserError
from triptych.registry import PANELS
from triptych.report import modules, site
from triptych.report.style import DARK, VERDICT_COLOURS

PAGES = ("index", *PANELS, "methods", "provenance")
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Ids, links, images and unbalanced tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(str(values["href"]))
        if tag == "img":
            self.images.append(values)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)


@pytest.fixture(scope="module")
def parsed(pages) -> dict[str, Page]:  # type: ignore[no-untyped-def]
    return {name: Page((pages.reports / f"{name}.html").read_text()) for name in PAGES}


def test_pages_are_well_formed(parsed: dict[str, Page]) -> None:
    for name, page in parsed.items():
        assert (page.unbalanced, page.open) == ([], []), name
        assert len(set(page.ids)) == len(page.ids), name


def test_pages_need_nothing_but_themselves(pages, parsed: dict[str, Page]) -> None:  # type: ignore[no-untyped-def]
    for name, page in parsed.items():
        text = (pages.reports / f"{name}.html").read_text()
        assert "script" not in page.tags and "link" not in page.tags
        assert all(str(image["src"]).startswith("data:image/") for image in page.images)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//|@import|url\(", text), name


def test_every_link_leads_somewhere(pages, parsed: dict[str, Page]) -> None:  # type: ignore[no-untyped-def]
    for name, page in parsed.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if target.startswith("figures/"):
                assert (pages.reports / target).exists(), link
            else:
                other = target.removesuffix(".html") or name
                assert other in parsed, link
                assert not anchor or anchor in parsed[other].ids, f"{name}: {link}"


def test_every_verdict_has_its_evidence(pages, parsed: dict[str, Page]) -> None:  # type: ignore[no-untyped-def]
    for link in set(pages.data().claims["evidence"]):
        target, _, anchor = link.partition("#")
        assert anchor in parsed[target.removesuffix(".html")].ids


def test_images_have_words_and_tables_have_headers(parsed: dict[str, Page]) -> None:
    for name, page in parsed.items():
        assert all(len(str(image.get("alt"))) > 20 for image in page.images), name
        assert page.tags.count("table") == page.tags.count("caption") == page.tags.count("thead")
    assert sum(len(page.images) for page in parsed.values()) > 30


def test_panel_pages_draw_every_figure(parsed: dict[str, Page], pages) -> None:  # type: ignore[no-untyped-def]
    manifest = json.loads((pages.reports / "figures/manifest.json").read_text())
    for name, entry in manifest.items():
        assert entry["note"] == "", name
        assert sorted(entry["files"]) == [f"{name}.png", f"{name}.svg"]
        assert name in parsed[entry["panel"]].ids
    found = {path.name for path in (pages.reports / "figures").iterdir()} - {"manifest.json"}
    assert found == {file for entry in manifest.values() for file in entry["files"]}


def test_inline_pictures_follow_a_dark_screen(parsed: dict[str, Page]) -> None:
    source = str(parsed["graphs"].images[0]["src"]).partition("base64,")[2]
    svg = base64.b64decode(source).decode()
    assert svg.index("<style>@media screen and (prefers-color-scheme: dark)") < svg.index("<defs>")
    for light in DARK:
        assert f"fill: {light}" in svg


def test_markdown_has_every_claim_and_links_to_files(pages) -> None:  # type: ignore[no-untyped-def]
    text = (pages.reports / "report.md").read_text()
    for name in set(pages.data().claims["id"]):
        assert f"### {name}: " in text
    links = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert len(links) > 30
    assert all((pages.reports / link).exists() for link in links)
    assert "&lt;" not in text and "{{" not in text


def test_names_are_escaped(world, tmp_path) -> None:  # type: ignore[no-untyped-def]
    shutil.copytree(world.reports, tmp_path / "reports", ignore=shutil.ignore_patterns("figures"))
    conf = json.loads(world.conf.read_text()) | {"title": "<b>A & B</b>"}
    text = site.render(
        "methods.html",
        page="methods",
        **site.context(site.Site(conf["title"], world.data(), (), (), (), ())),
    )
    assert "<title>Methods · &lt;b&gt;A &amp; B&lt;/b&gt;</title>" in text


def test_a_new_model_appears_everywhere(world, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Records of one more model are all that its place in tables and figures needs."""
    reports = tmp_path / "reports"
    shutil.copytree(world.reports, reports, ignore=shutil.ignore_patterns("figures", "*.html"))
    for name in ("records.csv", "timings.csv"):
        lines = (reports / name).read_text().splitlines()
        new = [line.replace(",ddpm,", ",flow,") for line in lines if ",ddpm," in line]
        (reports / name).write_text("\n".join([*lines, *new]) + "\n")
    jobs = tuple(json.loads(world.conf.read_text())["jobs"])
    data = site.load(reports, world.results, jobs)
    assert list(data.styles("generative"))[-1] == "flow"
    shared = site.context(site.Site("Triptych", data, (), (), (), ()))
    assert "flow" in [line[0].text for line in shared["trade_off"][0].rows]
    models = [cell.text for line in shared["protocols"]["generative"].rows for cell in line]
    assert any("flow" in text for text in models)


def test_missing_table_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=r"records\.csv"):
        site.load(tmp_path, tmp_path, ())


def test_jobs_are_read_off_the_collected_tables_where_not_given(tmp_path: Path) -> None:
    paths = ["results/graphs/gcn/karate/0-4/evaluate/records.csv"]
    (tmp_path / "collect.json").write_text(json.dumps({"records": paths}))
    assert site.job_names({}, tmp_path / "report.json") == ("graphs/gcn/karate/0-4",)
    assert site.job_names({"jobs": ["a/b/c/0"]}, tmp_path / "report.json") == ("a/b/c/0",)


def test_entry_modules_exist() -> None:
    from triptych import closure

    files = closure.closure(*modules())
    for part in ("report/forest.py", "report/figures/graphs_karate.py", "claims/ledger.py"):
        assert any(name.endswith(part) for name in files)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_meets_wcag() -> None:
    """4.5 for text, 3 for graphical objects, on light and on dark paper."""
    css = (site.TEMPLATES / "style.css").read_text()
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        for block in css.split("@media", 2)[:2]
    )
    for theme in (light, dark):
        for name in ("ink", "muted", "link", "holds", "contradicted", "undecided"):
            assert contrast(theme[name], theme["paper"]) >= 4.5, name
            assert contrast(theme[name], theme["page"]) >= 4.5, name
        assert contrast(theme["none"], theme["paper"]) >= 3
        for verdict in ("holds", "contradicted"):
            assert contrast(theme[verdict], theme["on-badge"]) >= 4.5
    for name, colour in VERDICT_COLOURS.items():
        assert contrast(colour, "#ffffff") >= 3, name
        assert contrast(colour, dark["paper"]) >= 2.4, name  # drawn with a light outline besides
