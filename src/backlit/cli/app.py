"""The program `backlit`: its commands, and the one place where every failure becomes a message and an exit status.

0    done
1    the program failed, a run could not go on, or check or diagnose found something worse than a hint
2    something the user gave cannot be used: one error, and nothing written
130  interrupted
"""

import os
import shlex
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import typer

from backlit.cli.check import check
from backlit.cli.compare import compare
from backlit.cli.data import data
from backlit.cli.diagnose import diagnose
from backlit.cli.evaluate import evaluate
from backlit.cli.generate import generate
from backlit.cli.graph import graph
from backlit.cli.lesson import lesson
from backlit.cli.list import list_names
from backlit.cli.options import examples, sweeping
from backlit.cli.predict import predict
from backlit.cli.report import report
from backlit.cli.runs import Interrupted
from backlit.cli.summary import summary
from backlit.cli.sweep import sweep
from backlit.cli.train import train
from backlit.errors import BacklitError, InputError

INTERRUPTED = 130

app = typer.Typer(
    help="[bold]Backlit[/bold]: neural networks you can see through.",
    epilog=examples(
        "backlit train digits",
        "backlit train patients.csv --target outcome --out runs/patients",
        "backlit predict runs/patients new.csv -o predictions.csv",
        'backlit graph "(x+y)*z" x=-2 y=5 z=-4',
    ),
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(
    epilog=examples(
        "backlit train digits",
        "backlit train spirals --network 'Dense(32), Tanh, Dense(32), Tanh, Dense(1)' --epochs 200",
        "backlit train houses.csv --target price --order-by sold --l2 1e-4 --out runs/houses",
        "backlit train digits --seed 3 --json > scores.json",
    )
)(train)
app.command(
    epilog=examples(
        "backlit check patients.csv --target outcome",
        "backlit check digits --network 'Dense(64), Dense(64), Dense(10)'",
        "backlit check houses.csv --target price --json",
    )
)(check)
app.command(
    epilog=examples(
        "backlit sweep digits --over learning-rate=1e-4..1e-1:16 --over l2=0,1e-4,1e-2 --seeds 4",
        "backlit sweep houses.csv --target price --over network='Dense(1) | Dense(8), ReLU, Dense(1)' --seeds 8",
        "backlit sweep digits --over batch-size=16,64,256 --over optimizer=adam,momentum --epochs 30 --halving",
    )
)(sweep)
app.command(
    epilog=examples(
        "backlit predict runs/houses new.csv",
        "backlit predict runs/houses new.csv -o prices.parquet",
    )
)(predict)
app.command(
    epilog=examples("backlit evaluate runs/houses sold-this-year.csv", "backlit evaluate runs/houses a.csv --json")
)(evaluate)
app.command(
    epilog=examples("backlit report runs/houses", "backlit report saved-model --data labeled.csv -o houses.html")
)(report)
app.command(
    epilog=examples(
        "backlit diagnose runs/houses",
        "backlit diagnose runs/houses --data moved/houses.csv --json",
        "backlit diagnose runs/houses --fix --out runs/houses-fixed",
    )
)(diagnose)
app.command(
    epilog=examples(
        "backlit compare runs/houses runs/houses-2",
        "backlit compare runs/* -o compare.html",
    )
)(compare)
app.command(
    epilog=examples(
        "backlit summary 'Dense(4), ReLU, Dense(2)' --input 3",
        "backlit summary 'Flatten, Dense(128), ReLU, Dense(10)' --input 28,28,1",
        "backlit summary runs/houses",
        "backlit summary lenet5 --input 28,28,1 -o lenet5.svg",
    )
)(summary)
app.command(
    epilog=examples(
        'backlit graph "(x+y)*z" x=-2 y=5 z=-4',
        'backlit graph "sigmoid(w0*x0+w1*x1+w2)" w0=2 x0=-1 w1=-3 x1=-2 w2=-3',
        'backlit graph "max(x, y)**2" x=3 y=1 --json',
        'backlit graph "(x+y)*x" x=-2 y=5 -o graph.svg --path x:2',
    ),
    context_settings={"ignore_unknown_options": True},
)(graph)
app.command(
    epilog=examples(
        "backlit data digits",
        "backlit data patients.csv --target outcome --column postcode=category",
    )
)(data)
app.command(
    epilog=examples(
        'backlit generate runs/bible --prompt "In the beginning"',
        'backlit generate runs/bible --prompt "And he said" --greedy --length 80',
    )
)(generate)
app.command(
    epilog=examples(
        "backlit lesson", "backlit lesson momentum", "backlit lesson hidden-units -o pictures", "backlit lesson --all"
    )
)(lesson)
app.command(
    "list",
    epilog=examples("backlit list", "backlit list layers", "backlit list layers GRU", "backlit list data --json"),
)(list_names)


def show_version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        from importlib.metadata import version

        print(f"backlit {version('backlit')}")
        raise typer.Exit


@app.callback()
def start(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of a failure; so does BACKLIT_DEBUG=1.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """[bold]Backlit[/bold]: neural networks you can see through."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit with its status.

    Args:
        arguments: what follows the program's name; None: the process's own.
    """
    status = run(list(sys.argv[1:] if arguments is None else arguments))
    if status == INTERRUPTED:  # a compilation may still run in a thread of XLA's, which an orderly end would crash
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit status; a failure becomes one message on the standard error."""
    debug = arguments[:1] == ["--debug"] or os.environ.get("BACKLIT_DEBUG", "0") not in ("", "0")
    try:
        status = app(arguments or ["--help"], prog_name="backlit", standalone_mode=False, obj=arguments) or 0
        return fail("interrupted; nothing was written", INTERRUPTED) if status == INTERRUPTED else status
    except KeyboardInterrupt:
        return fail("interrupted; nothing was written", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        if isinstance(error, BacklitError):
            status = 2 if isinstance(error, InputError) else INTERRUPTED if isinstance(error, Interrupted) else 1
            return fail(str(error), status)
        if hasattr(error, "format_message"):  # what typer raises for a wrong command line
            return fail(f"{error.format_message()}{advice(error, arguments)} (see {help_for(error)})", 2)
        if isinstance(error, OSError) and error.strerror:
            place = f"{error.filename}: " if error.filename else ""
            return fail(f"{place}{error.strerror}", 2)
        if isinstance(error, MemoryError):
            return fail("out of memory", 1)
        kind, words = type(error).__name__, str(error).partition("\n")[0].rstrip(".")
        return fail(
            f"Backlit failed with {kind}{f': {words}' if words else ''}. This is a fault of Backlit: please report it, "
            "with what BACKLIT_DEBUG=1 shows",
            1,
        )


def fail(message: str, status: int) -> int:
    """Write to the standard error why a command ended, and return the exit status."""
    print(message if status == INTERRUPTED else f"Error: {message}", file=sys.stderr)
    return status


def advice(error: Exception, arguments: list[str]) -> str:
    """What a sweep takes in the place of what a single run cannot; '' where that is not the mistake."""
    command = getattr(getattr(error, "ctx", None), "info_name", "")
    if command == "train" and getattr(error, "option_name", "") in ("--over", "--seeds", "--halving"):
        return f"; that is what a sweep takes: {shlex.join(['backlit', *arguments]).replace('train', 'sweep', 1)}"
    names: list[str] = getattr(getattr(error, "param", None), "opts", [])
    parts = [part for argument in arguments for part in argument.split("=", 1)]
    given = [value for name, value in pairwise(parts) if name in names]
    return sweeping(names[0], given[-1]) if given and command in ("train", "sweep") else ""


def help_for(error: Exception) -> str:
    """The command whose help says what a wrong command line should have been."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'backlit'} --help"
