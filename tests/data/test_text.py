"""Text files: which files are text, how they are cut, which characters a network knows."""

import numpy as np
import pytest

from backlit.data import read
from backlit.data.schema import Schema
from backlit.errors import DataError, SettingError

PROSE = "In the beginning, all was still.\nThen, slowly, came the wind; and it blew, and blew.\nIt ended.\n"


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(PROSE * 20, encoding="utf-8")
    return path


def test_a_window_and_what_follows_each_of_its_characters(book):
    data = read(book, window=16)
    text = PROSE * 20
    assert data.inputs.shape == data.targets.shape == (len(text) // 16 + 1, 16)
    assert "".join(map(chr, data.inputs[1])) == text[16:32]
    assert "".join(map(chr, data.targets[1])) == text[17:33]


def test_every_character_but_the_first_is_asked_for_once(book):
    data = read(book, window=17)
    counted = data.targets[data.targets >= 0]
    assert "".join(map(chr, counted)) == (PROSE * 20)[1:]
    assert (data.inputs >= 0).all()


def test_the_parts_follow_each_other(book):
    parts = read(book, window=16).split()
    assert [part.indices[0] for part in (parts.train, parts.validation, parts.test)] == [
        0,
        len(parts.train),
        len(parts.train) + len(parts.validation),
    ]
    assert all((np.diff(part.indices) == 1).all() for part in (parts.train, parts.validation, parts.test))
    assert "in order of the text" in parts.description


def test_the_vocabulary_is_that_of_the_training_part_and_others_are_reported(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("abcab cab. " * 60 + "zebra " * 30)
    parts = read(path, window=10).split()
    assert parts.schema.classes == ("\ufffd", " ", ".", "a", "b", "c")
    assert (parts.test.x == 0).any()
    assert any(
        "test: characters that the training part does not have" in note and "'z'" in note for note in parts.notes
    )


def test_bytes_are_all_256_and_need_no_utf8(tmp_path):
    path = tmp_path / "book.txt"
    path.write_bytes("Grüße an alle. ".encode("latin-1") * 40)
    with pytest.raises(DataError, match="no UTF-8 text"):
        read(path)
    data = read(path, text="bytes", window=8)
    assert data.schema.kind == "bytes"
    assert len(data.schema.classes) == 256
    assert bytes(data.inputs[0].astype(np.uint8)).decode("latin-1") == "Grüße an"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PROSE * 5, "characters"),
        ("one long line without any mark at all " * 40, "characters"),
        ("a,b,y\n" + "1,2,no\n3,4,yes\n" * 10, "table"),
        ("a\tb\ty\n" + "1\t2\tno\n3\t4\tyes\n" * 10, "table"),
        ("1;2\n3;4\n" * 10, "table"),
    ],
)
def test_a_txt_file_is_text_where_its_lines_are_no_table(tmp_path, content, kind):
    path = tmp_path / "file.txt"
    path.write_text(content)
    assert read(path, **({"window": 8} if kind == "characters" else {})).schema.kind == kind


def test_any_file_can_be_read_as_text(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,y\n" + "1,2,no\n" * 30)
    assert read(path, text="characters", window=8).schema.kind == "characters"


def test_the_schema_survives_json(book):
    schema = read(book, window=16).split().schema
    assert Schema.from_json(schema.to_json()) == schema


def test_the_card_says_what_it_is(book):
    said = str(read(book, window=16).card())
    assert "windows of 16 characters" in said
    assert "the next of" in said


def test_bad_text_is_refused(book, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("Too short, really.")
    with pytest.raises(DataError, match="has 18 characters, and a window of 128 needs 129"):
        read(short)
    with pytest.raises(SettingError, match="'characters' or as 'bytes'"):
        read(book, text="words")
    with pytest.raises(SettingError, match="window = 0"):
        read(book, window=0)
    with pytest.raises(DataError, match="target = 'price'"):
        read(book, "price")
    with pytest.raises(DataError, match="no path"):
        read(np.zeros((3, 2)), text="bytes")


def test_classes_of_steps_are_whole_numbers_or_left_out():
    x = np.arange(60).reshape(15, 4) % 5
    data = read(x, y=np.where(x > 3, -1, x), task="many classes")
    assert data.schema.classes == ("0", "1", "2", "3")
    assert data.schema.target_shape == (4,)
    assert data.split().train.y.min() == -1
    with pytest.raises(DataError, match="whole numbers from 0"):
        read(x, y=x - 2, task="many classes")


@pytest.mark.parametrize("setting", [{"horizon": 2}, {"step_by": "t"}, {"sequence_by": "t"}])
def test_settings_of_tables_are_refused_for_text(book, setting):
    with pytest.raises(DataError, match=f"{next(iter(setting))} = .* is read as text"):
        read(book, **setting)
    with pytest.raises(SettingError, match="window = True"):
        read(book, window=True)


def test_a_text_of_any_suffix_is_read_again_as_text(tmp_path):
    path = tmp_path / "poem.poem"
    path.write_text(PROSE * 20)
    data = read(path, text="characters", window=16).with_parts(test=path)
    assert data.test.inputs.shape == data.inputs.shape
    schema = data.split().schema
    assert schema.encode(path)[0].shape == schema.targets_of(path).shape == data.inputs.shape
