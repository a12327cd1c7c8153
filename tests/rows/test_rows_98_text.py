"""Row 98, autocomplete: a text file, a network that tells the next character, and what it makes of a beginning."""

import backlit as bl


def test_row_98_autocomplete(tmp_path):
    """`backlit train book.txt --network transformer`, `backlit generate RUN --prompt "In the beginning"`"""
    book = tmp_path / "book.txt"
    book.write_text("the cat sat on the mat and the dog sat on the log. " * 80)
    model = bl.fit(
        "transformer(width=32, layers=1, heads=2)", book, window=24, epochs=12, batch_size=8, learning_rate=0.01
    )
    assert model.scores["test"]["bits"] < 0.5 < 3 < model.scores["baseline"]["bits"]
    assert model.generate("the cat sat on ", length=21, temperature=0) == "the mat and the dog s"
