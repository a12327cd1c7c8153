"""Which cells are run: twins and healthy runs first, then the plants and pairs of three architectures on four data
sets each in turning order, so that any part is fair, and those of the other programs as long as there is time."""

import random

from benchmarks.doctor.cells import Cell, fits
from benchmarks.doctor.healthy import COUNT
from benchmarks.doctor.plants.plant import Plant
from benchmarks.doctor.plants.table import FAULTS, PAIRS, forms_of
from benchmarks.doctor.programs import CORE, PROGRAMS, QUICK_PROGRAMS

SEEDS = (0, 1, 2, 3, 4)
REPAIRED_EACH = 8  # of so many cells that can be repaired, one is
PAIR_SEEDS = 3
QUICK_HEALTHY = 20


def planned(names: list[str], quick: bool, healthy: int | None, all_forms: bool, examined: bool = True) -> list[Cell]:
    """The cells, twins first.

    Args:
        names: of faults and programs; none: all. 'pairs' and 'healthy' are names, too.
        quick: one seed, and three programs.
        healthy: how many healthy runs; None: by `quick`, and none where names are given.
        all_forms: every form of a fault in every program, in place of one each in turn.
        examined: whether the doctor is asked.
    """
    known = QUICK_PROGRAMS if quick else PROGRAMS
    programs = [program for program in PROGRAMS if program in names] or known
    faults = [fault for fault in FAULTS if fault in names]
    if not faults and "pairs" not in names:
        faults = list(FAULTS)
    seeds = SEEDS[:1] if quick else SEEDS
    count = healthy if healthy is not None else 0 if names else QUICK_HEALTHY if quick else COUNT
    twins = [Cell("twin", program, (), SEEDS, examined=examined) for program in programs]
    cells = []
    for program in programs:
        for plant in (plant for fault in faults for plant in chosen(fault, program, all_forms)):
            mend = examined and plant.repairable and sum(map(ord, program + plant.form)) % REPAIRED_EACH == 0
            cells.append(Cell("plant", program, (plant.form,), seeds, repair=mend, examined=examined))
    if not names or "pairs" in names:
        turn = {program: place for place, program in enumerate(PROGRAMS)}
        for program in programs:
            fitting = [pair for place, pair in enumerate(PAIRS) if (place + turn[program]) % 2 == 0 or "pairs" in names]
            forms = [(a.form, b.form) for a, b in fitting if fits(program, (a, b))]
            cells += [Cell("pair", program, pair, seeds[:PAIR_SEEDS], examined=examined) for pair in forms]
    cells += [Cell("healthy", str(number), (), seeds[:1], examined=examined) for number in range(count)]
    random.Random(5).shuffle(cells)
    return twins + sorted(cells, key=lambda cell: 0 if cell.kind == "healthy" else 1 if cell.program in CORE else 2)


def chosen(fault: str, program: str, all_forms: bool) -> list[Plant]:
    """The forms of a fault that a program has: all that fit, or one of them, another from program to program."""
    fitting = [plant for plant in forms_of(fault) if fits(program, (plant,))]
    if all_forms or not fitting:
        return fitting
    return [fitting[PROGRAMS.index(program) % len(fitting)]]
