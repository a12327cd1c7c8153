"""`backlit generate`: what a trained network makes of the beginning of a text."""

from typing import Annotated, Any

import typer

from backlit.cli import options
from backlit.cli.output import print_json
from backlit.cli.runs import model_folder
from backlit.errors import SettingError


def generate(
    run: options.Folder,
    prompt: Annotated[str, typer.Option(help="The beginning; of a network for tokens, whole numbers such as '3 1 4'.")],
    length: Annotated[int | None, typer.Option(help="How many characters or tokens to make. Default: 200.")] = None,
    temperature: Annotated[float, typer.Option(help="Below 1 the likely becomes likelier; at least 0.")] = 0.8,
    top_k: Annotated[int | None, typer.Option(metavar="K", help="Draw from the K most likely alone.")] = None,
    greedy: Annotated[bool, typer.Option("--greedy", help="Take the most likely always.")] = False,
    seed: Annotated[int, typer.Option(help="Of the drawing.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Go on with a text, as a trained network would.

    Prints the prompt and what follows it.
    """
    folder = model_folder(run)
    from backlit.data.text import UNITS
    from backlit.training import cache_programs, load

    cache_programs()
    model = load(folder)
    given: Any = prompt if model.schema.kind in UNITS else read_tokens(prompt)
    made = model.generate(given, length, 0.0 if greedy else temperature, top_k, seed)
    text = made if isinstance(made, str) else " ".join(map(str, made))
    if as_json:
        print_json({"prompt": prompt, "text": text, "length": len(made), "seed": seed})
    else:
        print(f"{prompt}{'' if isinstance(made, str) else ' '}{text}")


def read_tokens(prompt: str) -> list[int]:
    """Tokens, from a text such as `3 1 4`.

    >>> read_tokens("3, 1 4")
    [3, 1, 4]
    """
    try:
        return [int(word) for word in prompt.replace(",", " ").split()]
    except ValueError:
        raise SettingError(
            f"--prompt {prompt!r}: the network knows tokens; write whole numbers such as '3 1 4'"
        ) from None
