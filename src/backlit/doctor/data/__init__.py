"""The examination of the data alone, before anything is trained.

`examine_data(run)` looks at what the network will learn from and be judged on: features that hold the target, rows in
two parts, labels that do not follow from the inputs, classes in several spellings, numbers that are names and classes
that are counts, the scale of the inputs and values that stand for none, and parts that differ. It draws rows where
there are many, and fits reference models only where a sign asks for an experiment.
"""

from backlit.doctor.data.contamination import examine_contamination
from backlit.doctor.data.features import examine_categories, examine_features, examine_rows
from backlit.doctor.data.inputs import examine_inputs
from backlit.doctor.data.labels import examine_labels
from backlit.doctor.data.leakage import examine_leakage
from backlit.doctor.data.neighborhoods import neighborhoods_of
from backlit.doctor.data.sentinels import examine_sentinels
from backlit.doctor.data.spellings import examine_spellings
from backlit.doctor.data.split import examine_split
from backlit.doctor.data.targets import examine_targets
from backlit.doctor.finding import Finding, ordered
from backlit.doctor.table import table_of
from backlit.training import Run

__all__ = ["examine_data"]


def examine_data(run: Run) -> list[Finding]:
    """What is wrong with a run's data, the gravest first; nothing is trained but reference models.

    Tokens, reconstructions and targets at every step are examined as far as they go: equal rows, shares of classes,
    numbers of rows, and the scale of inputs.

    Args:
        run: ready to train.
    """
    table = table_of(run)
    near = None if table is None else neighborhoods_of(table)
    found = [*examine_contamination(run, table), *examine_inputs(run), *examine_sentinels(run)]
    found += [*examine_rows(run), *examine_categories(run)]
    spellings = examine_spellings(run)
    labels = examine_labels(run, table, near)
    if table is not None:
        found += examine_leakage(run, table)
        targets = examine_targets(run, table, near)
        if table.classes and targets:  # counts are rare at their ends, and scatter as labels with errors do
            labels = [one for one in labels if one.level != "hint" and one.fault == "class collapse / imbalance"]
        found += targets
        found += examine_features(table)
        copied = any(finding.fault == "train/test contamination" and finding.level != "hint" for finding in found)
        found += [] if copied else examine_split(run, table)  # copies are no rows that were drawn one by one
    if any(finding.level != "hint" for finding in spellings):  # spellings of one class look like labels with errors
        labels = [one for one in labels if one.fault != "shuffled / noisy labels"]
    return list(ordered([*found, *spellings, *labels]))
