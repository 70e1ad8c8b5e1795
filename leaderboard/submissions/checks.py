"""What must be true of a submitted record, whoever derived it: lists, accuracies, sizes, digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prunebench.common.errors import PrunebenchError
from prunebench.datasets.catalogue import DETECTION
from prunebench.judging.comparison import misjudged
from prunebench.judging.recorded_rows import job_of
from prunebench.protocol import tables
from prunebench.protocol.arms import ARMS
from prunebench.protocol.jobs import Job
from prunebench.protocol.tiers import Tier, base, choose
from prunebench.records.course import course_digest
from prunebench.records.parts import Arm, VerdictRecord
from prunebench.records.record import AnyRecord, ClaimRecord, Record
from prunebench.specs.experiment import PROTOCOL, Detection, Spec, Training, digest

from .facts import of_claim, of_row, origin
from .submission import Fault
from .used_figures import of_figures

TRUNK = ("dense", "sparse", "pruned")

_ROUNDED = 1e-4  # accuracies have four decimals

_MOST = 1e18  # far more than any network has parameters or FLOPs, or a training seconds


def faults(record: AnyRecord) -> Iterator[Fault]:
    """Yield what is wrong with a record on its own; verdicts are left to `prunebench.judging.again`."""
    if record.protocol != PROTOCOL:
        yield Fault(f"is of protocol {record.protocol}", f"{PROTOCOL}, that of this prunebench")
        return
    try:
        tier, _ = choose(base(record.tier))
        yield from origin(record)
        if isinstance(record, ClaimRecord):
            yield from of_claim(record)
            yield from of_figures(record)
            yield from _bars([record.verdict, *record.aside], tier)
        else:
            work = job_of(record)
            yield from of_row(record, work)
            yield from _bars(record.verdicts, tier)
            yield from _numbers(record, work)
    except PrunebenchError as error:
        yield Fault(str(error)[:300], "names of this version, as `prunebench list` shows them")


def _bars(verdicts: list[VerdictRecord], tier: Tier) -> Iterator[Fault]:
    for verdict in verdicts:
        wide = verdict.unit == "points" and not verdict.margin <= tier.margin
        if wide or not tier.confidence <= verdict.confidence < 1:
            what = f"{verdict.relation[:200]!r} is judged with margin {verdict.margin:g} at {verdict.confidence:g}"
            yield Fault(what, f"a margin up to {tier.margin:g}, at {tier.confidence:g} or more, in tier {tier.name}")
        if verdict.claim not in {*tables.load().claims, "control", "candidate"}:
            yield Fault(f"a verdict is on the unknown claim {verdict.claim[:80]!r}", "one of `prunebench list claims`")


def _numbers(record: Record, work: Job) -> Iterator[Fault]:
    wrong = [*_lists(record), *_sizes(record)]
    yield from wrong
    if not wrong:
        yield from _accuracies(record, 0 if record.dataset.name == DETECTION else work.dataset.resolution)
        yield from _specs(record, work)
        yield from (Fault(line, "values that follow from the accuracies") for line in misjudged(record))


def _lists(record: Record) -> Iterator[Fault]:
    for name, arm in record.arms.items():
        if name not in (*TRUNK, *ARMS):
            yield Fault(f"arms has the unknown arm {name[:80]!r}", f"{', '.join((*TRUNK, *ARMS))}")
        lengths = {key: len(getattr(arm, key)) for key in ("epochs", "accuracy", "best_accuracy", "seconds", "digests")}
        lengths |= {f"measures.{key[:80]}": len(values) for key, values in arm.measures.items()}
        for key, length in lengths.items():
            if length != len(arm.seeds):
                yield Fault(f"arms.{name[:80]}.{key} has {length} entries", f"{len(arm.seeds)}, one for each seed")
        if arm.seeds != sorted(set(arm.seeds)) or not all(0 <= seed < record.seeds_planned for seed in arm.seeds):
            valid = f"some of 0 to {record.seeds_planned - 1}, each once and in order"
            yield Fault(f"arms.{name[:80]}.seeds is {str(arm.seeds)[:200]}", valid)


def _sizes(record: Record) -> Iterator[Fault]:
    sizes = [record.dense, *(pruned.size for pruned in record.pruned)]
    if not all(0 < size.parameters < _MOST and 0 < size.flops < _MOST for size in sizes):
        yield Fault("dense or pruned has a size that no network has", f"parameters and FLOPs from 1 to {_MOST:.0e}")
    arm = record.arms.get("pruned")
    stored = dict(zip(arm.seeds, arm.digests, strict=False)) if arm else {}
    if {pruned.seed: pruned.digest for pruned in record.pruned} != stored or len(record.pruned) != len(stored):
        yield Fault("pruned and arms.pruned name other seeds or digests", "one entry of pruned per seed of arms.pruned")


def _accuracies(record: Record, step: float) -> Iterator[Fault]:
    """Check percents; those of images are multiples of `step`, mean average precisions (0) are not."""
    for name, arm in record.arms.items():
        for value in (*arm.accuracy, *arm.best_accuracy):
            if not (0 <= value <= 100 and (not step or abs(round(value / step) * step - value) <= _ROUNDED)):
                yield Fault(f"arms.{name} has the accuracy {value}", f"a multiple of {step:.4f} %, one test image")
        if not all(0 <= seconds < _MOST for seconds in arm.seconds):
            yield Fault(f"arms.{name}.seconds is {arm.seconds}", "times of 0 or more seconds")
        yield from _curves(name, arm)


def _curves(name: str, arm: Arm) -> Iterator[Fault]:
    """Compare each accuracy with its curve, whose last and best epoch it is."""
    curves = {curve.seed: curve for curve in arm.curves}
    trained = [seed for seed, epochs in zip(arm.seeds, arm.epochs, strict=True) if epochs]
    if trained != [curve.seed for curve in arm.curves]:
        yield Fault(f"arms.{name}.curves is of seeds {list(curves)}", f"{trained}, the seeds with epochs")
    for seed, epochs, last, best in zip(arm.seeds, arm.epochs, arm.accuracy, arm.best_accuracy, strict=True):
        curve = curves.get(seed)
        seen = [curve.train_accuracy] if curve and curve.train_accuracy else []  # a detector has none
        courses = [curve.lr, curve.train_loss, *seen, curve.test_accuracy] if curve else []
        if any(len(course) != epochs for course in courses):
            yield Fault(f"arms.{name}, seed {seed}: its curve has not {epochs} epochs", "one entry of each per epoch")
        if curve and curve.digest != course_digest(curve):
            what = f"arms.{name}, seed {seed}: its curve is not the one of which the digest is {curve.digest[:12]!r}"
            yield Fault(what, f"{course_digest(curve)[:12]}, or the curve as the run wrote it")
        test = (curve.test_accuracy if curve else []) or [last]
        if not (abs(test[-1] - last) <= _ROUNDED and abs(max(test) - best) <= _ROUNDED):
            what = f"arms.{name}, seed {seed}: accuracy {last} and best {best} are not those of its curve"
            yield Fault(what, f"{test[-1]:.4f}, of the last epoch, and {max(test):.4f}, the highest")


def _specs(record: Record, work: Job) -> Iterator[Fault]:
    """Derive every digest again: that of the trunk from row and seed, that of an arm from what pruning left as well."""
    if record.dataset.digest != work.dataset.digest:
        yield Fault(
            f"dataset.digest is {record.dataset.digest[:12]}", f"{work.dataset.digest[:12]}, of the tier's data"
        )
    if record.ratio != work.ratio:
        yield Fault(f"ratio is {record.ratio}", f"{work.ratio}, as row {record.row} has it in tier {record.tier}")
    for name, arm in record.arms.items():
        if name in ARMS and arm.budget != work.budget(name):
            yield Fault(f"arms.{name}.budget is {arm.budget[:80]!r}", repr(work.budget(name)))
        for seed, epochs, said in zip(arm.seeds, arm.epochs, arm.digests, strict=True):
            yield from _outcome(f"arms.{name}, seed {seed}", _spec(work, name, seed, record), epochs, said)


def _outcome(where: str, spec: Spec | None, epochs: int, said: str) -> Iterator[Fault]:
    if spec is None:
        yield Fault(f"{where} is not in pruned", "arms of networks whose size the record tells")
        return
    if digest(spec) != said:
        valid = f"{digest(spec)[:12]}, which row, tier, seed and sizes give in this version"
        yield Fault(f"{where}: the digest is {said[:12]!r}", valid)
    planned = spec.recipe.trained if isinstance(spec, Training | Detection) else 0
    if epochs != planned:
        yield Fault(f"{where}: has {epochs} epochs", f"{planned}, by its spec")


def _spec(work: Job, arm: str, seed: int, record: Record) -> Spec | None:
    """Return what an arm's outcome is of; None where the record does not say how large its network is."""
    sizes = {pruned.seed: pruned.size.flops for pruned in record.pruned}
    trunk: dict[str, Callable[[int], Spec]] = {"dense": work.dense, "sparse": work.trunk, "pruned": work.pruning}
    if arm in trunk:
        return trunk[arm](seed)
    return (
        work.arm(arm, seed, {"flops": sizes[seed], "dense": {"flops": record.dense.flops}}) if seed in sizes else None
    )
