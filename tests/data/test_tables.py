"""Reading tables: every kind of file and frame gives the same data; every bad file gets one clear error."""

import csv
import gzip
import io

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.data import read
from backlit.data.tables import read_text
from backlit.data.values import MISSING
from backlit.errors import DataError, SettingError

ROWS = pl.DataFrame(
    {
        "age": [31.0, None, 25.5, 47.0, 52.0, 19.0],
        "city": ["Rome", "Oslo", None, "Rome", "Oslo", "Rome"],
        "label": ["no", "yes", "yes", "no", "no", "yes"],
    }
)


def sources(folder):
    """The same rows in every form that a table comes in."""
    ROWS.write_csv(folder / "comma.csv")
    ROWS.write_csv(folder / "semicolon.csv", separator=";")
    ROWS.write_csv(folder / "tab.tsv", separator="\t")
    ROWS.write_csv(folder / "bom.csv", include_bom=True)
    ROWS.write_csv(folder / "quoted.csv", quote_style="always", null_value="NA")
    (folder / "zipped.csv.gz").write_bytes(gzip.compress((folder / "comma.csv").read_bytes()))
    ROWS.to_pandas().to_csv(folder / "indexed.tsv", sep="\t")
    ROWS.write_parquet(folder / "rows.parquet")
    yield from sorted(folder.iterdir())
    yield ROWS
    yield ROWS.lazy()
    yield ROWS.to_arrow()
    yield ROWS.to_pandas()
    yield ROWS.to_pandas().astype({"city": "category"})


def test_every_form_of_a_table_gives_the_same_data(tmp_path):
    for source in sources(tmp_path):
        data = read(source, "label")
        assert data.inputs["age"].to_list() == ROWS["age"].to_list()
        assert data.inputs["city"].to_list() == ROWS["city"].to_list()
        assert data.targets.tolist() == [0, 1, 1, 0, 0, 1]
        assert data.schema.classes == ("no", "yes")


def write(folder, text, name="rows.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("", {}, "is empty"),
        (" \n\n", {}, "is empty"),
        ("a,b\n", {}, "a header and no rows"),
        ("a,b\n1,2\n3\n", {}, "line 3: 1 fields where the header has 2"),
        ("a,b\n1,2\n3,4,5\n", {}, "line 3: 3 fields where the header has 2"),
        ('a,b\n1,2\n"3,4\n', {}, "check the quotes"),
        ("a,a\n1,2\n", {}, "more than one column named 'a'"),
        (b"a,b\n\xff\xfe,2\n", {}, "no UTF-8 text"),
        (b"a\0,b\n1,2\n", {}, "no UTF-8 text"),
        ("a\n1\n2\n", {}, "one column"),
        ("a,b\n1,x\n2,x\n", {}, "one class, 'x'"),
        ("a,b\n1,\n2,NA\n", {}, "missing in every row"),
        ("a,b\n1,0\ninf,1\n", {}, "'a' holds an infinite value.* in row 1"),
        ("a,b\n1,0\n1e39,1\n", {}, "'a' holds an infinite value, or one beyond the range of 32-bit floats, in row 1"),
        ("a,b\n1,0.5\n2,inf\n", {}, "target 'b' holds an infinite value.* in row 1"),
        ("a,b\n1,0\nx,1\n", {"columns": {"a": "number"}}, "'a': 'x' in row 1 .* where a number is needed"),
        ("a,b\n1,0\nx,1\n", {"columns": {"a": "date"}}, "where a date is needed"),
        ("age,label\n1,0\n2,1\n", {"target": "lable"}, "no column 'lable'; did you mean label"),
        ("age,label\n1,0\n2,1\n", {"weights": "aeg"}, "no column 'aeg'; did you mean age"),
        ("age,label\n1,0\n2,1\n", {"order_by": "aeg"}, "no column 'aeg'; did you mean age"),
        ("age,label\n1,0\n2,1\n", {"columns": {"aeg": "number"}}, "no column 'aeg'; did you mean age"),
        ("a,w,b\n1,1,0\n2,-1,1\n", {"weights": "w"}, "weight of row 1 .* is -1"),
        ("a,w,b\n1,0,0\n2,0,1\n", {"weights": "w"}, "all weights are 0"),
        ("a,b\n7,0\n7,1\n", {}, "no column is left for the inputs .*always 7"),
        ("a,b\n1,x\n2,y\n", {"task": "regression"}, "holds 'x' where a regression needs numbers"),
        ("a,b\n1,x\n2,y\n3,z\n", {"task": "two classes"}, "has 3 classes"),
        ("t,a,b\nsoon,1,0\nlate,2,1\n", {"order_by": "t"}, "'soon' in row 0 .* is no date and no number"),
    ],
)
def test_a_bad_table_gets_one_clear_error(tmp_path, text, settings, said):
    with pytest.raises(DataError, match=said):
        read(write(tmp_path, text), **settings)


def test_unknown_settings_get_the_nearest(tmp_path):
    path = write(tmp_path, "a,b\n1,0\n2,1\n")
    with pytest.raises(SettingError, match="did you mean category"):
        read(path, columns={"a": "categroy"})
    with pytest.raises(SettingError, match="did you mean regression"):
        read(path, task="regresion")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"columns": ["a"]}, "kinds by name are needed"),
        ({"columns": {3: "number"}}, "columns: 3, but the name of a column is needed"),
        ({"columns": {"a": 3}}, "no kind 3"),
        ({"target": 3}, "target: 3, but the name of a column is needed"),
        ({"order_by": 3}, "order_by: 3, but the name of a column is needed"),
        ({"task": 3}, "no task 3"),
        ({"weights": [[1], [2, 3]]}, "ragged weights"),
    ],
)
def test_settings_of_another_type_get_one_clear_error(tmp_path, settings, said):
    with pytest.raises((DataError, SettingError), match=said):
        read(write(tmp_path, "a,b\n1,0\n2,1\n"), **settings)


def test_corrupt_and_foreign_files_are_refused(tmp_path):
    cut = gzip.compress(b"a,b\n1,x\n2,y\n")[:-9]
    with pytest.raises(DataError, match="cannot be read"):
        read(write(tmp_path, cut, "a.csv.gz"))
    for name, said in [("a.parquet", "cannot be read as Parquet"), ("a.pkl", "run code"), ("a.xlsx", "a workbook")]:
        with pytest.raises(DataError, match=said):
            read(write(tmp_path, b"PAR1 not really", name))


def test_missing_files_and_names_get_the_nearest(tmp_path):
    write(tmp_path, "a,b\n1,0\n2,1\n", "measurements.csv")
    with pytest.raises(DataError, match=r"did you mean .*measurements\.csv"):
        read(tmp_path / "measurments.csv")
    with pytest.raises(DataError, match="did you mean digits"):
        read("digts")
    with pytest.raises(DataError, match="no file, folder or data set"):
        read("x" * 10_000)


def test_a_path_wins_over_a_set_of_that_name(tmp_path, monkeypatch):
    write(tmp_path, "a,b\n1,0\n2,1\n3,1\n", "digits")
    monkeypatch.chdir(tmp_path)
    data = read("digits")
    assert len(data) == 3
    assert any("not the data set of that name" in note for note in data.notes)


def test_the_target_is_found_by_its_usual_name_else_last(tmp_path):
    assert read(write(tmp_path, "Class,a\nx,1\ny,2\n")).schema.target == ("Class",)
    data = read(write(tmp_path, "a,b\n1,x\n2,y\n"))
    assert data.schema.target == ("b",)
    assert any("taken to be 'b'" in note for note in data.notes)


def test_rows_without_a_target_and_blank_rows_are_left_out_and_reported(tmp_path):
    data = read(write(tmp_path, "a,b\n1,x\n2,\n\n3,y\n4,y\n"))
    assert data.inputs["a"].to_list() == [1, 3, 4]
    assert data.rows.tolist() == [0, 2, 3]
    assert "rows without a target, left out: 1" in data.notes
    assert "blank rows, left out: 1" in data.notes


def test_an_error_names_the_row_of_the_source_after_rows_without_a_target(tmp_path):
    with pytest.raises(DataError, match="in row 2 "):
        read(write(tmp_path, "a,b\n1,x\n2,\ninf,y\n"))


def test_a_table_of_numbers_without_a_header_is_recognized(tmp_path):
    data = read(write(tmp_path, "5.1,3.5,0\n4.9,3.0,1\n6.2,2.9,1\n"))
    assert len(data) == 3
    assert data.schema.target == ("column_3",)
    assert any("no header" in note for note in data.notes)


def test_a_header_may_be_of_any_length(tmp_path):
    names = [f"measurement_{place:05d}" for place in range(5_000)]
    rows = "".join(",".join(str(row + place) for place in range(5_000)) + "\n" for row in range(2))
    assert read_text(write(tmp_path, ",".join(names) + "\n" + rows)).inputs.columns == names


def test_weights_are_no_input(tmp_path):
    data = read(write(tmp_path, "a,w,b\n1,2,x\n2,0.5,y\n"), weights="w")
    assert data.weights.tolist() == [2, 0.5]
    assert data.inputs.columns == ["a"]


def test_a_pandas_column_of_mixed_types_is_read_as_text():
    frame = pd.DataFrame({"a": [1, "x", None, "x"], "b": [0, 1, 0, 1]})
    data = read(frame, "b")
    assert data.inputs["a"].to_list() == ["1", "x", None, "x"]


odd_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0\r\x1c\x1d\x1e\x1f"), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(odd_text, odd_text, odd_text), min_size=1, max_size=8), separator=st.sampled_from(",;\t")
)
def test_any_text_survives_a_csv_file(tmp_path_factory, rows, separator):
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("first", "second", "third"), *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    expected = [[None if cell.strip().lower() in MISSING else cell.strip() for cell in row] for row in rows]
    expected = [row for row in expected if any(cell is not None for cell in row)]
    blank = any(all(cell == "" for cell in row) for row in rows)
    if not expected and blank:
        return
    if not expected:
        rows = []
    read_back = [list(row) for row in read_text(path).inputs.rows()]
    assert [row for row in read_back if any(cell is not None for cell in row)] == expected


@settings(max_examples=60, deadline=None)
@given(
    held=st.binary(max_size=200),
    suffix=st.sampled_from([".csv", ".tsv", ".parquet", ".npz", ".npy", ".idx", "", ".png"]),
)
def test_arbitrary_bytes_give_data_or_a_data_error(tmp_path_factory, held, suffix):
    path = tmp_path_factory.mktemp("bytes") / f"file{suffix}"
    path.write_bytes(held)
    try:
        data = read(path)
    except DataError:
        return
    assert len(data) == len(data.targets) > 0


def test_numbers_of_a_csv_file_are_exact(tmp_path):
    numbers = np.random.default_rng(0).normal(size=50)
    path = write(tmp_path, "a,b\n" + "".join(f"{number!r},{number * 2!r}\n" for number in numbers.tolist()))
    data = read(path)
    assert data.inputs["a"].to_list() == numbers.tolist()
    np.testing.assert_array_equal(data.targets, (numbers * 2).astype(np.float32))


def test_numbers_with_a_decimal_comma_are_numbers_where_semicolons_part_the_fields(tmp_path):
    path = tmp_path / "umsatz.csv"
    path.write_text(
        "temperatur;stadt;regen\n" + "\n".join(f"{i},5;{'Graz' if i % 2 else 'Linz'};{i},25" for i in range(30))
    )
    dataset = read(path)
    assert [column.kind for column in dataset.schema.columns] == ["number", "category"]
    assert dataset.schema.task == "regression"
    assert dataset.targets[:3].tolist() == [0.25, 1.25, 2.25]
    assert any("decimal comma: temperatur, regen" in note for note in dataset.notes)


def test_quotes_within_a_quoted_name_are_one(tmp_path):
    (tmp_path / "quoted.csv").write_text('"size ""old""",y\n1.5,0\n2.5,1\n3.5,0\n4.5,1\n')
    assert [column.name for column in read(tmp_path / "quoted.csv", target="y").schema.used] == ['size "old"']
