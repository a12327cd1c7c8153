"""Every failure is one message on the standard error and an exit status; nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backlit.cli import app
from backlit.errors import TrainingError

ROWS = [(i, i * 5 % 7, "yn"[i % 2]) for i in range(60)]
TABLE = "a,b,kind\n" + "".join(f"{a},{b},{kind}\n" for a, b, kind in ROWS)
NESTED = "(" * 10_000 + ")" * 10_000


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Files and folders, most of them bad."""
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "one-class.csv").write_text("a,b,y\n" + "".join(f"{a},{b},1\n" for a, b, _ in ROWS))
    (tmp_path / "no-target.csv").write_text("a,b,y\n" + "".join(f"{a},{b},\n" for a, b, _ in ROWS))
    (tmp_path / "infinite.csv").write_text(
        "a,b,y\n" + "".join(f"{'inf' if a == 3 else a},{b},{a}.5\n" for a, b, _ in ROWS)
    )
    (tmp_path / "no-images").mkdir()
    (tmp_path / "no-images" / "notes.txt").write_text("no image")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "network.json").write_text("{}")
    (tmp_path / "corrupt").mkdir()
    (tmp_path / "corrupt" / "network.json").write_bytes(b"\x00\xff")
    (tmp_path / "corrupt" / "parameters.safetensors").write_bytes(b"\xff" * 100)
    (tmp_path / "occupied").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "broken.json").write_text("[1")
    return tmp_path


def everything(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


BAD = [
    ("train nothing.csv", "nothing.csv"),
    ("train empty.csv", "empty"),
    ("train no-images", "no-images"),
    ("train table.csv --target kin", "did you mean kind?"),
    ("train one-class.csv", "class"),
    ("train table.csv --task classes", "many classes"),
    ("train no-target.csv", "y"),
    ("train table.csv --target a --column kind=number", "kind"),
    ("train table.csv --column b=nmber", "did you mean number?"),
    ("train table.csv --column b", "postcode=category"),
    ("train table.csv --column b=number --column b=category", "twice"),
    ("train infinite.csv", "infinite"),
    ("train table.csv --task regression", "kind"),
    ("train diabetes --network Dense(2)", "Dense(1)"),
    ("train digits --loss mse", "cross-entropy"),
    ("train digits --loss cross", "cross-entropy"),
    ("train digits --network Dense(3)", "Dense(10)"),
    ("train digits --network Dense(10),Sigmoid", "Sigmoid"),
    ("train digits --network Flatten,Residual(Dense(3)),Dense(10)", "residual_1"),
    ("train digits --network Dens(10)", "did you mean Dense?"),
    ("train digits --network __import__('os')", "__import__"),
    (f"train digits --network {NESTED}", "nest"),
    ("train digits --network nothing.json", "nothing.json"),
    ("train digits --network broken.json", "broken.json"),
    ("train digits --learning-rate -1", "learning"),
    ("train digits --learning-rate nan", "learning"),
    ("train digits --learning-rate fast", "--learning-rate"),
    ("train digits --batch-size 0", "batch_size"),
    ("train digits --batch-size half", "--batch-size"),
    ("train digits --split 70/20", "--split"),
    ("train digits --split 90/90/90", "270"),
    ("train digits --split 0/50/50", "split"),
    ("train digits --optimizer adamm", "did you mean adam"),
    ("train digits --schedule cosin", "did you mean cosine"),
    ("train digits --epochs 0", "epochs"),
    ("train digits --l2 -1", "l2"),
    ("train digits --seed -1", "seed"),
    ("train digits --class-weight heavy", "balanced"),
    ("train table.csv --order-by day", "day"),
    ("train table.csv --weights heft", "heft"),
    ("train table.csv --out occupied", "occupied"),
    ("train table.csv --out file/run", "file"),
    ("train table.csv --fast", "--fast"),
    ("train", "DATA"),
    ("trian", "trian"),
    ("predict nowhere table.csv", "nowhere"),
    ("predict occupied table.csv", "no model"),
    ("predict foreign table.csv", "foreign"),
    ("predict corrupt table.csv", "corrupt"),
    ("predict foreign table.csv -o answers.xlsx", ".csv"),
    ("predict foreign table.csv -o nowhere/answers.csv", "nowhere"),
    ("predict foreign table.csv -o table.csv", "the data itself"),
    ("evaluate foreign table.csv", "foreign"),
    ("summary Dense(3)", "--input"),
    ("summary Dense(3) --input wide", "32,32,3"),
    ("summary Dense(3) --input 0", "above 0"),
    ("summary Residual(Dense(3)) --input 4", "residual_1"),
    ("graph (x+y x=1", "(x+y"),
    ("graph sigmod(x) x=1", "did you mean sigmoid"),
    ("graph __import__('os').system('x') x=1", "__import__"),
    ("graph 2+3", "no name"),
    ("graph x+y x=1", "y=1"),
    ("graph x x=1 x=2", "twice"),
    ("graph xs x=1", "xs"),
    ("graph x x=one", "finite number"),
    ("graph x x=nan", "finite number"),
    ("graph x x", "x=-2"),
    ("list layer", "did you mean layers"),
    ("data nothing.csv", "nothing.csv"),
]


@pytest.mark.parametrize(("line", "named"), BAD, ids=[line[:60] for line, _ in BAD])
def test_bad_input_is_one_error(backlit, files, line, named):
    before = everything(files)
    result = backlit(*line.split(" "))
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    assert named in result.err
    assert len(result.err) < 1000
    assert everything(files) == before


def test_a_failed_process_prints_no_traceback(files):
    command = [sys.executable, "-c", "from backlit.cli import main; main()", "train", "table.csv", "--target", "kin"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=files)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "Error: target: no column 'kin'; did you mean kind?\n"


def test_a_target_of_a_folder_that_cannot_be_written(backlit, files):
    result = backlit("train", "table.csv", "--out", "/proc/backlit/run")
    assert result.status == 2
    assert "/proc/backlit/run" in result.err


def test_a_failure_inside_a_new_folder_takes_the_folder_along(backlit, files):
    assert backlit("train", "nothing.csv", "--out", "deep/deeper/run").status == 2
    assert not (files / "deep").exists()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch):
    """Makes the reading of data fail in a way that nobody foresaw."""

    def arrange(error: BaseException) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("backlit.data.read", fail)

    return arrange


def test_an_unforeseen_failure_asks_for_a_report(backlit, broken):
    broken(KeyError("a secret\nof two lines"))
    result = backlit("data", "digits")
    assert result.status == 1
    assert result.err.count("\n") == 1
    assert "KeyError" in result.err
    assert "BACKLIT_DEBUG=1" in result.err


@pytest.mark.parametrize("how", ["option", "variable"])
def test_debugging_shows_the_traceback(backlit, broken, monkeypatch, how):
    broken(KeyError("why"))
    if how == "variable":
        monkeypatch.setenv("BACKLIT_DEBUG", "1")
    with pytest.raises(KeyError, match="why"):
        backlit(*(["--debug"] if how == "option" else []), "data", "digits")


def test_an_interruption_is_no_traceback(backlit, broken):
    broken(KeyboardInterrupt())
    assert backlit("data", "digits") == (130, "", "interrupted; nothing was written\n")


def test_a_run_that_cannot_go_on_is_status_1(backlit, broken):
    broken(TrainingError("the loss turned non-finite"))
    assert backlit("data", "digits") == (1, "", "Error: the loss turned non-finite\n")


def test_a_closed_pipe_is_quiet():
    code = "from backlit.cli import main; main(['data', 'digits'])"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        result = subprocess.run([sys.executable, "-c", code], stdout=closed, stderr=subprocess.PIPE, text=True)
    assert result.stderr == ""


def test_main_exits_with_the_status():
    with pytest.raises(SystemExit) as stopped:
        app.main(["--help"])
    assert stopped.value.code == 0
