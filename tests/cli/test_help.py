"""Help: quick to load, with examples, for every command."""

import subprocess
import sys

import pytest

COMMANDS = ("train", "check", "predict", "evaluate", "summary", "graph", "data", "lesson", "list")


@pytest.mark.parametrize("arguments", [[], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_has_examples(backlit, arguments):
    result = backlit(*arguments)
    assert result.status == 0
    assert result.err == ""
    assert "Examples" in result.out
    assert f"backlit {(arguments or ['train'])[0].replace('--help', 'train')}" in result.out.partition("Examples")[2]


def test_help_names_every_command(backlit):
    shown = backlit("--help").out
    assert [command for command in COMMANDS if command not in shown] == []


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from backlit.cli.app import run\n"
        "status = run(['train', '--help'])\n"
        "heavy = ('jax', 'matplotlib', 'numpy', 'polars', 'sklearn', 'optax')\n"
        "print(status, [name for name in heavy if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.stdout.splitlines()[-1] == "0 []"


def test_version(backlit):
    from importlib.metadata import version

    assert backlit("--version").out == f"backlit {version('backlit')}\n"
