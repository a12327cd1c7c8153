"""Sweeping: every combination of some settings' values is prepared as a run, and all are trained together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backlit.data import Dataset, Parts
from backlit.errors import SettingError, nearest
from backlit.layers.block import Block
from backlit.layers.settings import is_whole
from backlit.networks.named import recipe_named
from backlit.training.arguments import check_arguments
from backlit.training.execution import Follow
from backlit.training.populations.halving import Halving
from backlit.training.populations.members import RATES, rates_of, with_rates
from backlit.training.preparation import OF_READING, prepare
from backlit.training.run import NUMBERS, Run
from backlit.training.sweeps.grids import Grid
from backlit.training.sweeps.spaces import Values, combinations, is_set, sets_in, values_of
from backlit.training.sweeps.sweep import Sweep


def prepare_sweep(
    network: Any,
    data: Any,
    y: Any = None,
    *,
    over: Mapping[str, Any] | None = None,
    seeds: Any = None,
    halving: bool | Halving = False,
    **options: Any,
) -> Grid:
    """The members of a sweep with everything checked and nothing trained; see `sweep`."""
    sets, options = check_sweep(network, over=over, seeds=seeds, halving=halving, **options)
    seeds = sets.pop("seed")
    options.setdefault("split_seed", min(seeds))  # of one seed, as the lone run's; of several, whatever their order
    prepared = _Preparation(data, {"y": y, **options, "seed": seeds[0]})
    values = combinations(sets)
    grid = Grid(values, seeds, [run for chosen in values for run in prepared.seeded(chosen, seeds)])
    if halving:
        grid.halving = Halving() if halving is True else halving
        _check_halving(grid)
    return grid


def sweep(
    network: Block | str | Sequence[Block | str | None] | None,
    data: Any,
    y: Any = None,
    *,
    over: Mapping[str, Any] | None = None,
    seeds: Any = None,
    halving: bool | Halving = False,
    progress: Follow | None = None,
    **options: Any,
) -> Sweep:
    """Train a network at every combination of some settings' values, and choose by the validation rows.

    All members have the same training, validation and test rows. Those that differ in numbers alone train in one
    program, those of another structure (network, batch size, optimizer, ...) in one of their own.

    Args:
        network, data, y, **options: as for `fit`; an option that is a set of values is swept, too.
        over: sets of values by the setting's name: {'learning_rate': geomspace(1e-4, 1e-1, 16), 'l2': [0, 1e-3],
            'network': ['Dense(8)', 'Dense(16), ReLU, Dense(8)']}. A set is a list, a tuple, a range, an array, or a
            Python set of numbers. A `time_limit` is no set: it holds for the training of all programs together; each
            has the share of its members in what is left, and one look at the least.
        seeds: how many seeds each configuration is trained with, from `seed` on, or a set of them; default one.
        halving: whether the worse configurations of a program stop early, by the mean over their seeds, and leave their
            time to the others, or a `Halving` of backlit.training.populations.halving, which says how.
        progress: called with `Progress` before a program is compiled, and with that of its best member a few times a
            second; the epochs are those of all programs.

    Returns:
        A `Sweep`: its table, the best model, every member.

    Raises:
        InputError: whatever cannot be used, before any work starts.
        TrainingError: every member failed.

    >>> found = sweep("linear", "line(n=40)", over={"l2": [0.0, 100.0]}, seeds=2, epochs=20, optimizer="lbfgs")
    >>> found.best.settings.l2, len(found.members)
    (0.0, 4)
    """
    return prepare_sweep(network, data, y, over=over, seeds=seeds, halving=halving, **options).train(progress)


def check_sweep(
    network: Any, *, over: Mapping[str, Any] | None, seeds: Any, halving: bool | Halving, **options: Any
) -> tuple[dict[str, tuple[Any, ...]], Values]:
    """The sets of values by name, the seed's last, and the options that are one value, checked without the data.

    Raises:
        InputError: whatever cannot be used, whatever the data are.
    """
    if not isinstance(halving, bool | Halving):
        raise SettingError(f"halving is True, False or a Halving, not {halving!r}")
    sets, rest = _sets({"network": network, **options}, {} if over is None else over, seeds)
    combinations(sets)
    check_arguments(**{name: value for name, value in rest.items() if name not in (*OF_READING, "reconstruct")})
    for name, values in sets.items():
        for value in values if "." not in name else ():
            check_arguments(**{name: value})
    return sets, rest


def _sets(options: Values, over: Mapping[str, Any], seeds: Any) -> tuple[dict[str, tuple[Any, ...]], Values]:
    if not isinstance(over, Mapping):
        raise SettingError(f"over is sets of values by name, such as {{'l2': [0, 0.001]}}, not {over!r}")
    own = sets_in(options)
    rest = {name: value for name, value in options.items() if name not in own and value is not None}
    twice = [name for name in over if name in own or name in rest]
    if twice:
        raise SettingError(f"{twice[0]} is given twice, as a set of values and besides: leave one out")
    sets = {name: values_of(name, value) for name, value in {**own, **over}.items()}
    if seeds is not None and "seed" in sets:
        raise SettingError("seeds and a set for seed are the same: give one of them")
    base = rest.pop("seed", 0)
    if is_whole(seeds, 1) and is_whole(base, 0):
        seeds = range(base, base + seeds)
    elif seeds is not None and not is_set(seeds):
        raise SettingError(f"seeds is a whole number of at least 1, or a set of seeds, not {seeds!r}")
    if not sets and seeds is None:
        raise SettingError("nothing is swept: give sets of values, such as over={'l2': [0, 0.001]}, or seeds=4")
    chosen = sets.pop("seed", None) or ((base,) if seeds is None else values_of("seed", seeds))
    for name in ("learning_rate", "batch_size"):
        if "find" in (rest.get(name), *sets.get(name, ())):
            raise SettingError(f"{name}='find' tries values for one run: in a sweep, give the values to try")
    return {**sets, "seed": chosen}, rest


def _check_halving(grid: Grid) -> None:
    """Refuse halving that would compare nothing, or by the rows that members learn from."""
    if not len(grid.runs[0].parts.validation):
        raise SettingError(
            "halving compares configurations by their validation rows, and there are none: change split, give "
            "validation, or leave halving out"
        )
    if all(len(places) == len(grid.seeds) for places in grid.programs):
        raise SettingError(
            "halving compares configurations that train in one program, and here each has its own (another network, "
            "batch size, optimizer, ...): sweep a number too, such as the learning rate, or leave halving out"
        )


@dataclass(frozen=True, eq=False)
class _Divided(Dataset):
    """A data set that has been split: every configuration takes these parts."""

    parts: Parts = field(kw_only=True)

    def with_parts(self, validation: Any = None, test: Any = None) -> Dataset:
        return self

    def split(self, fractions: Sequence[float] = (), seed: int = 0) -> Parts:
        return self.parts


class _Preparation:
    """Prepares configurations, reading and splitting the data once."""

    def __init__(self, data: Any, options: Values) -> None:
        self.data, self.options = data, options
        self.datasets: dict[Any, _Divided] = {}
        self.kin: dict[Hashable, Run] = {}  # of runs that differ in numbers alone, the first

    def seeded(self, values: Values, seeds: Sequence[int]) -> list[Run]:
        """The runs of one configuration, one a seed."""
        first = self.run({**values, "seed": seeds[0]})
        if first.settings.bootstrap is True:  # the seed draws the rows, too
            return [first, *(self.run({**values, "seed": seed}) for seed in seeds[1:])]
        return [first, *(first.change(seed=seed) for seed in seeds[1:])]

    def run(self, values: Values) -> Run:
        """The run of one configuration and seed; only the first of those that differ in numbers is prepared anew."""
        rates = {name: value for name, value in values.items() if "." in name}
        numbers = {name: value for name, value in values.items() if name in NUMBERS and value is not None}
        others = {name: value for name, value in values.items() if name not in rates and name not in numbers}
        # By identity, for not all values can be compared; the sets keep them alive.
        kind = (*((name, id(value)) for name, value in others.items()), *numbers)
        if kind in self.kin:
            run = self.kin[kind].change(**numbers)
        else:
            run = self.kin[kind] = self._prepare({**others, **numbers})
        return with_layer_rates(run, rates) if rates else run

    def _prepare(self, values: Values) -> Run:
        """The run of values, none of them a layer's."""
        options = {**self.options, **values}
        network = options.pop("network", None)
        recipe = recipe_named(network) if isinstance(network, str) else None
        reading = recipe and (recipe.task, recipe.reconstructs)  # what a named network has to say of reading
        if reading in self.datasets:
            options = {name: value for name, value in options.items() if name not in OF_READING}
        run = prepare(network, self.datasets.get(reading, self.data), **options)
        if reading not in self.datasets:
            self.datasets[reading] = _Divided(**vars(run.dataset), parts=run.parts)
        return run


def with_layer_rates(run: Run, rates: Values) -> Run:
    """The run with other rates of its Dropout and Noise layers, by names such as 'dropout_1.rate'.

    Raises:
        SettingError: the network has no such layer, or the rate is out of range.
    """
    places = {}
    for path in rates_of(run.network):
        block: Any = run.network
        for name in path:
            block = block.named[name]
        places[f"{'/'.join(path)}.{RATES[type(block)]}"] = path, block
    chosen = {}
    for name, rate in rates.items():
        if name not in places:
            known = nearest(name, places) if places else "it has no Dropout or Noise layer"
            raise SettingError(f"no layer of the network has {name}: {known}")
        path, block = places[name]
        setting = RATES[type(block)]
        chosen[path] = getattr(replace(block, **{setting: rate}), setting)
    network = with_rates(run.network, chosen)
    return replace(run, network=network, objective=replace(run.objective, network=network))
