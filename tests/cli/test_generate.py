"""`backlit generate`: what a trained network makes of the beginning of a text."""

import json

import pytest

from backlit.cli.app import run
from backlit.training import load

NETWORK = "Embedding(7, 8), DecoderBlock(2, rotary=True), Dense(7)"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of a run on a text."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "book.txt").write_text("abc abd bcd. " * 40)
    given = ["train", str(folder / "book.txt"), "--network", NETWORK, "--window", "16", "--epochs", "1", "--quiet"]
    assert run([*given, "--out", str(folder / "run")]) == 0
    return folder / "run"


def test_it_prints_the_prompt_and_what_follows(backlit, book):
    result = backlit("generate", book, "--prompt", "abc", "--length", 12, "--greedy")
    assert result == (0, f"abc{load(book / 'model').generate('abc', 12, 0)}\n", "")


def test_json_holds_the_text_apart(backlit, book):
    options = ("--prompt", "ab", "--length", 9, "--temperature", 0.5, "--top-k", 3, "--seed", 5, "--json")
    told = json.loads(backlit("generate", book, *options).out)
    assert told["prompt"] == "ab"
    assert told["text"] == load(book / "model").generate("ab", 9, 0.5, 3, 5)


def test_unknown_characters_are_named(backlit, book):
    result = backlit("generate", book, "--prompt", "äb")
    assert (result.status, result.out) == (2, "")
    assert "never met 'ä'" in result.err


def test_a_network_for_tables_is_refused(backlit, trained):
    result = backlit("generate", trained, "--prompt", "1")
    assert result.status == 2
    assert "tells the next of its tokens" in result.err


def test_text_is_chosen_on_the_command_line(backlit, tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n" * 30)
    assert "windows of 8 bytes" in backlit("data", "table.csv", "--text", "bytes", "--window", 8).out
