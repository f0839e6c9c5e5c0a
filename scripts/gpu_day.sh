#!/usr/bin/env bash
# All that wants a GPU, in one go of under eight minutes: the CUDA tests, the speed of every shipped
# model, and training that goes on for the rest of the time.
#
#     scripts/gpu_day.sh OUTPUT [RUN [PACK]]
#
# OUTPUT  folder for everything that is made: summary.md, tests.txt, gpu.json, gpu.md, gpu.txt, and
#         training/, a run as `srcnn train` makes it; it must not exist, or be empty
# RUN     a folder that `srcnn train` made, whose checkpoint.pt is trained on; a weights file to begin
#         with; or a list of runs to train beside one another, NAME.txt, as scripts/gpu_trainings.py
#         takes it, whose results come as trainings.tar (or SRCNN_RUN)
# PACK    folder that scripts/pack_luminance.py made: training/ and validation/ (or SRCNN_PACK)
#
# SRCNN_GPU_MINUTES    all together, 7.5 by default
# SRCNN_PYTHON         a Python that has everything; otherwise that of .venv, made by make if need be
# SRCNN_MODELS         what is measured: names, or absolute paths; all shipped weights by default
# SRCNN_TRAIN_OPTIONS  more options of `srcnn train`, where RUN is a weights file
#
# Without a GPU the same happens on the CPU with tiny sizes, and the tables say so.
# A part that fails does not keep the others from running; the exit code is then 1.
set -uo pipefail

if [ $# -lt 1 ]; then
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
fi
started=$(date +%s)
mkdir -p "$1" && output=$(cd "$1" && pwd) || exit 4
if [ -n "$(ls -A "$output")" ]; then
  echo "$output is not empty" >&2
  exit 4
fi
absolute() { if [ -e "$1" ]; then echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"; else echo "$1"; fi; }
run=${2:-${SRCNN_RUN:-}} && pack=${3:-${SRCNN_PACK:-}}
[ -z "$run" ] || run=$(absolute "$run")
[ -z "$pack" ] || pack=$(absolute "$pack")
cd "$(dirname "$0")/.." || exit 4

python=${SRCNN_PYTHON:-}
if [ -z "$python" ]; then
  python=.venv/bin/python
  [ -x $python ] || make .venv/.everything || exit 1
fi
export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
export TMPDIR="$output/tmp" && mkdir "$TMPDIR"
trap 'rm -rf "$TMPDIR"' EXIT

device=$("$python" -c 'import torch; print("cuda" if torch.cuda.is_available() else "cpu")') || exit 1
if [ "$device" = cuda ]; then
  megapixels=(1 4 27) && limit=0.2
  total=$(awk "BEGIN { print int(60 * ${SRCNN_GPU_MINUTES:-7.5}) }")
  # The tests and the figures get at most a quarter and two fifths of the time.
  test_seconds=$((total / 4)) && bench_seconds=$((total / 2))
  bench_minutes=$(awk "BEGIN { print $total * 0.4 / 60 }")
else
  megapixels=(0.002) && limit=0 && total=0 && test_seconds=0 && bench_seconds=0
  bench_minutes=60
fi
failed=0
say() { echo "$*" | tee -a "$output/summary.md"; }
part() { # name, file, command ...: run it, keep what it prints, say how it went
  local name=$1 file=$2 begun result
  shift 2 && begun=$(date +%s)
  "$@" >"$output/$file" 2>&1
  result=$?
  [ $result -eq 0 ] && result="done" || { result="FAILED (exit code $result)" && failed=1; }
  say "- $name: $result after $(($(date +%s) - begun)) s: $(tail -n 1 "$output/$file")"
}
limited() { # seconds (0: without end), command ...
  local seconds=$1 && shift
  if [ "$seconds" -gt 0 ] && command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

say "# GPU day"
say ""
[ "$device" = cuda ] || say "There is no GPU here: tiny sizes on the CPU, **not measured on a GPU**."
part "CUDA tests" tests.txt limited "$test_seconds" \
  "$python" -m pytest -m gpu -rs -p no:cacheprovider tests/gpu
part "Figures" gpu.txt limited "$bench_seconds" "$python" benchmarks/gpu.py --output "$output" --device "$device" \
  --megapixels "${megapixels[@]}" --limit "$limit" --minutes "$bench_minutes" ${SRCNN_MODELS:-}

# Reading the pictures and the last validation come on top of the minutes that are trained.
left=$((total - ($(date +%s) - started) - 25)) && training_seconds=$((left + 40))
[ "$device" = cuda ] || { left=1 && training_seconds=0; }
minutes=$(awk "BEGIN { print $left / 60 }")
training=(limited $training_seconds "$python" -m srcnn_cli train --minutes "$minutes" --device "$device")
if [ -z "$run" ] || [ -z "$pack" ]; then
  say "- Training: left out, because no run (or weights file) and pack of pictures were given."
elif [ ! -e "$run" ] || [ ! -d "$pack/training" ] || [ ! -d "$pack/validation" ]; then
  say "- Training: left out, because $run or $pack/training and validation are not there."
elif [ "$left" -lt 1 ]; then
  say "- Training: left out, because no time is left."
elif [ "${run##*.}" = txt ]; then
  part "Trainings" trainings.txt "$python" scripts/gpu_trainings.py "$run" "$output/trainings.tar" --pack "$pack" \
    --device "$device" --seconds "$((left > 5 ? left : 5))"
elif [ -d "$run" ]; then
  mkdir "$output/training" &&
    "$python" scripts/move_run.py "$run" "$output/training" --pack "$pack" &&
    part "Training" training.txt "${training[@]}" --resume "$output/training"
  [ -f "$output/training.txt" ] || { say "- Training: FAILED, because $run cannot be used." && failed=1; }
else
  part "Training" training.txt "${training[@]}" --init "$run" --data "$pack/training" \
    --validation "$pack/validation" --output "$output/training" ${SRCNN_TRAIN_OPTIONS:-}
fi
say ""
say "$(($(date +%s) - started)) s in all; the figures are in gpu.md."
exit $failed
