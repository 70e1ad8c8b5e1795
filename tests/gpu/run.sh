#!/usr/bin/env bash
# What a GPU that is at hand for minutes should tell, the most wanted first, each under a time limit of its own.
#
#   tests/gpu/run.sh OUT [SECONDS]
#
# OUT gets tests.txt, bench.json, bench.txt, rows.txt, records.tar.gz and summary.txt. SECONDS is for all (840 unless said).
# CIFAR names a file or folder of CIFAR-10 to import as DATASET (cifar10 unless said); without it no row is trained.
# PYTHON is where prunebench is installed; DEVICE may be cpu, to try the script; ROWS and TIER say what is trained.
set -u
cd "$(dirname "$0")/../.."
out=$1
until=$((SECONDS + ${2:-840}))
python=${PYTHON:-python}
mkdir -p "$out"
: > "$out/summary.txt"

left() { echo $((until - SECONDS)); }

# Run a command for at most so many seconds, and no longer than is left; say how it ended.
step() {
    local name=$1 most=$2 began=$SECONDS
    shift 2
    if [ "$(left)" -lt 15 ]; then
        echo "$name: no time left" >> "$out/summary.txt"
        return
    fi
    timeout -k 10 "$((most < $(left) ? most : $(left)))" "$@"
    echo "$name: exit status $? after $((SECONDS - began)) s" >> "$out/summary.txt"
}

tests() { step tests 240 "$python" -m pytest -q -p no:cacheprovider tests/gpu > "$out/tests.txt" 2>&1; }
bench() {
    step bench 240 "$python" -m prunebench bench --device "${DEVICE:-cuda}" --rounds 3 --json \
        --network 'CIFAR VGG-16' --network 'CIFAR ResNet-56' > "$out/bench.json" 2> "$out/bench.txt"
}
rows() {
    local data=${DATA:-$out/../gpu-data} dataset=${DATASET:-cifar10}
    step import 120 "$python" -m prunebench data add "$dataset" "$CIFAR" --data "$data"
    step rows "$(left)" "$python" -m pytest claims -k "${ROWS:-test_slimming and t4.cifar10.vgg-19.70}" --pb-tier "${TIER:-quick}" \
        --pb-data "$data" --pb-dataset "cifar10=$dataset" --pb-budget "$(($(left) * 9 / 10))s" -p no:cacheprovider
    tar -C "$data" --exclude '*.safetensors' -czf "$out/records.tar.gz" records
}

tests
bench
if [ -n "${CIFAR:-}" ]; then rows > "$out/rows.txt" 2>&1; fi
cat "$out/summary.txt"
