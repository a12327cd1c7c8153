"""A report in a browser: nothing is asked for, nothing runs, nothing is wider than the screen."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from sklearn.datasets import load_linnerud

import backlit as bl
from backlit.pictures.report import asked_about, evidence_of, page_of, read_evidence

SECTIONS = ["data", "network", "training", "scores", "layers", "mistakes", "repeat"]


class Reader(HTMLParser):
    """The tags with their attributes, and the words, of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words += data

    @property
    def sections(self):
        return [attributes["id"] for tag, attributes in self.tags if tag == "section"]


@pytest.fixture(scope="module")
def page(hostile):
    return page_of(hostile)


def test_every_section_is_there(page):
    assert Reader(page).sections == SECTIONS


def test_names_from_the_data_are_words(page, hostile):
    read = Reader(page)
    kinds = {tag for tag, _ in read.tags}
    assert not kinds & {"script", "img", "iframe", "link", "object"}
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    for name in (*hostile.model.schema.classes, *(column.name for column in hostile.model.schema.columns)):
        assert name in read.words


def test_ids_are_unique_also_where_several_plots_are(numbers):
    ids = [attributes["id"] for _, attributes in Reader(page_of(numbers)).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_is_readable_in_a_browser(page, tmp_path, open_page, width, dark):
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    with open_page(path, width=width, dark=dark) as shown:
        wide = shown.evaluate("document.documentElement.scrollWidth")
        met = shown.evaluate("window.met")
        ink, paper = (
            shown.evaluate(f"getComputedStyle(document.querySelector('{where}')).{what}")
            for where, what in (("figure.plot svg text", "fill"), ("body", "backgroundColor"))
        )
    assert wide <= width
    assert met is None
    ink, paper = (sum(map(int, color[4:-1].split(","))) for color in (ink, paper))
    assert (ink - paper if dark else paper - ink) > 3 * 150


def test_what_is_kept_makes_the_same_page(hostile, page, tmp_path):
    hostile.model.save(tmp_path / "model")
    hostile.model.history.write_csv(tmp_path / "history.csv")
    (tmp_path / "settings.json").write_text(json.dumps(hostile.record))
    hostile.write(tmp_path)
    again = Reader(page_of(read_evidence(bl.load(tmp_path), tmp_path)))
    assert (again.words, again.sections) == (Reader(page).words, SECTIONS)


def test_a_model_alone_shows_what_it_has(hostile):
    model = hostile.model
    history, model.history = model.history, bl.History()
    try:
        read = Reader(page_of(evidence_of(model, "alone")))
    finally:
        model.history = history
    assert read.sections == ["data", "network", "scores", "repeat", "missing"]
    assert "no history" in read.words


def test_a_run_that_was_never_scored_shows_the_rest(hostile):
    read = Reader(page_of(replace(hostile, scores={})))
    assert read.sections == [name for name in SECTIONS if name != "scores"]
    assert "it was never scored" in read.words


def test_rows_that_are_given_are_judged(numbers, tmp_path):
    asked = asked_about(evidence_of(numbers.model), "linnerud")
    assert asked.part == "linnerud"
    assert len(asked.answers) == 20
    assert asked.scores["linnerud"] == numbers.model.evaluate("linnerud")
    bl.pictures.write_report(numbers.model, tmp_path / "report.html", "linnerud")
    assert "20 rows of linnerud" in (tmp_path / "report.html").read_text()


def test_a_file_named_test_is_not_taken_for_the_rows_set_aside(numbers, tmp_path):
    frame = load_linnerud(as_frame=True).frame
    frame.to_csv(tmp_path / "test.csv", index=False)
    asked = asked_about(numbers, tmp_path / "test.csv")
    assert asked.foreign
    assert asked.scores["test"] == numbers.scores["test"]
    assert asked.rows[asked.part] == len(frame)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.json", "{"),
        ("report.json", "[]"),
        ("report.json", '{"name": 1}'),
        ("settings.json", "no"),
        ("predictions.csv", "row\n"),
        ("predictions.csv", None),
        ("report.json", None),
    ],
)
def test_what_is_damaged_or_missing_is_named(hostile, tmp_path, name, text):
    hostile.write(tmp_path)
    (tmp_path / "settings.json").write_text(json.dumps(hostile.record))
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text)
    found = read_evidence(hostile.model, tmp_path)
    assert len(found.missing) == 1
    assert name in found.missing[0]
    assert "missing" in Reader(page_of(found)).sections


def test_pictures_of_examples_hold_pictures_alone(hostile, tmp_path):
    hostile.write(tmp_path)
    kept = json.loads((tmp_path / "report.json").read_text())
    kept["examples"][0] |= {"kind": "picture", "shown": {"input": "https://elsewhere/x.png"}}
    (tmp_path / "report.json").write_text(json.dumps(kept))
    assert "report.json is damaged" in read_evidence(hostile.model, tmp_path).missing[-1]


def test_a_report_is_an_html_file(numbers, tmp_path):
    with pytest.raises(bl.FileError, match=r"ends in \.html"):
        bl.pictures.write_report(numbers.model, tmp_path / "report.pdf")
