"""The house rules that no other tool checks."""

from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "backlit"


def test_no_file_is_long() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length >= 400} == {}


def test_file_names_are_plain_nouns() -> None:
    names = [path.stem for path in SOURCE.rglob("*.py") if not path.stem.startswith("__")]
    assert [name for name in names if name.startswith("_") or name in ("utils", "helpers", "common", "misc")] == []
