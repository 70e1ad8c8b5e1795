"""What the frozen recipes of tier smoke hang on: each choice one step up and down, told by held-back training scans.

As a plugin (`-p calibration`) it adds tiers such as `smoke-penalty-up`. As a script it runs four rows in each of them
and prints the table of claims/README.md: `python tests/support/calibration.py FOLDER`, 20 core-minutes.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import prunebench
from prunebench.protocol import tiers
from prunebench.protocol.tiers import SMOKE
from prunebench.specs.budget import stretched

ROWS = ("t4.cifar10.vgg-19.70", "t4.cifar10.preresnet-164.60", "t4.cifar10.densenet-40.60", "t1.cifar10.resnet-56-b")
ARMS = ("dense", "finetune", "scratch_e", "scratch_b")


def penalty(recipes, factor):
    return replace(recipes, sparsity=recipes.sparsity * factor)


def epochs(recipes, factor):
    dense, finetune = (stretched(r, round(r.epochs * factor)) for r in (recipes.dense, recipes.finetune))
    return replace(recipes, dense=dense, finetune=finetune)


def rate(recipes, factor):
    dense, finetune = (replace(r, lr=r.lr * factor) for r in (recipes.dense, recipes.finetune))
    return replace(recipes, dense=dense, finetune=finetune)


STEPS = {"penalty": (penalty, 1.5), "epochs": (epochs, 2.0), "rate": (rate, 2.0)}


def stepped(change, factor, name):
    return replace(SMOKE, name=name, recipes={key: change(own, factor) for key, own in SMOKE.recipes.items()})


TIERS = {"smoke": "as it is"}
for choice, (change, factor) in STEPS.items():
    for way, by in (("down", 1 / factor), ("up", factor)):
        tiers.register(stepped(change, by, f"smoke-{choice}-{way}"))
        TIERS[f"smoke-{choice}-{way}"] = f"{choice} x{by:.2g}"


def told(record, arm):
    values = record.arms[arm].accuracy
    return f"{fmean(values):.1f} ± {stdev(values):.1f}"


def main(folder):
    here = Path(__file__).parent
    os.environ["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parents[1])])
    lines = {}
    for tier, said in TIERS.items():
        options = ["-p", "calibration", "-q", "-k", f"({' or '.join(f'[{row}]' for row in ROWS)}) and not followups"]
        records = prunebench.run(
            ROWS, tier=tier, data={"digits": "digits-validation"}, workers=2, folder=folder, options=options
        )
        for record in records:
            cells = [told(record, arm) for arm in ARMS]
            lines.setdefault(record.row, []).append(f"| {record.row} | {said} | {' | '.join(cells)} |")
    print("| row | choice | dense | fine-tuned | Scratch-E | Scratch-B |\n|---|---|---|---|---|---|")
    for row in ROWS:
        print("\n".join(lines[row]))


if __name__ == "__main__":
    main(sys.argv[1])
