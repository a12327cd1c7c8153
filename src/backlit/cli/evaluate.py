"""`backlit evaluate`: a trained network's scores on other data."""

from backlit.alignment import number
from backlit.cli import options
from backlit.cli.output import Report, print_json
from backlit.cli.runs import model_folder


def evaluate(run: options.Folder, source: options.Source, as_json: options.Json = False) -> None:
    """Score a trained network on data that hold the target."""
    folder = model_folder(run)
    from backlit.training import cache_programs, load

    cache_programs()
    model = load(folder)
    scores = model.evaluate(source)
    warn = Report(stderr=True)
    for note in model.notes:
        warn.note(note)
    if as_json:
        print_json(scores)
    else:
        Report().table(["score", "value"], [[name, number(value)] for name, value in scores.items()])
