#!/bin/bash
# Labels reports in shards: an array job, one node a task, all shards into one folder.
#
#   mkdir -p logs
#   sbatch scripts/slurm/array.sh
#
# What is given after the script's name goes to `leavs label`. docs/slurm.md explains each line.

#SBATCH --job-name=leavs
#SBATCH --array=0-7
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --gpus-per-node=8
#SBATCH --time=24:00:00
#SBATCH --output=logs/%A_%a.out
#SBATCH --error=logs/%A_%a.err
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@180

set -uo pipefail
umask 077

# Settings; the environment of sbatch overrides them.
MODEL=${MODEL:-Qwen/Qwen2-72B-Instruct}
INPUT=${INPUT:---reports-table}
REPORTS=${REPORTS:-reports.csv}
OUTPUT=${OUTPUT:-results}
NUM_SHARDS=${NUM_SHARDS:-8}
MAX_RESTARTS=${MAX_RESTARTS:-100}
IMAGE=${IMAGE:-} # of Apptainer, as IMAGE=leavs.sif; without one, what is installed runs
LEAVS=${LEAVS:-leavs}

export HF_HUB_OFFLINE=1
job=${SLURM_ARRAY_JOB_ID:?submit this script with --array}_${SLURM_ARRAY_TASK_ID}
inside=()
if [[ -n $IMAGE ]]; then
  mkdir -p "$OUTPUT"
  inside=(apptainer exec --nv)
  for bound in "$PWD" "$OUTPUT" "$REPORTS" "$MODEL" "${HF_HOME:-}" "${HF_HUB_CACHE:-}"; do
    [[ -e $bound ]] && inside+=(--bind "$(realpath --no-symlinks "$bound")")
  done
  inside+=("$IMAGE")
fi
read -ra leavs <<< "$LEAVS"
leavs=("${inside[@]}" "${leavs[@]}")

step=
trap '[[ -z $step ]] || kill -USR1 "$step" 2> /dev/null' USR1 TERM

srun --cpu-bind=none "${leavs[@]}" label "$INPUT" "$REPORTS" --model "$MODEL" \
  --output-dir "$OUTPUT" --num-shards "$NUM_SHARDS" --shard-id "$SLURM_ARRAY_TASK_ID" "$@" &
step=$!
while kill -0 "$step" 2> /dev/null; do wait "$step"; done # a signal ends wait, not the step
wait "$step"
code=$?

again() {
  local state
  state=$(squeue --noheader --format=%T --jobs="$job")
  if [[ $state != RUNNING ]]; then
    echo "leavs: job $job is $state and is not started again"
  elif ((${SLURM_RESTART_COUNT:-0} >= MAX_RESTARTS)); then
    echo "leavs: job $job was started again $MAX_RESTARTS times; look into the log, then sbatch"
  else
    echo "leavs: job $job goes on later"
    scontrol requeue "$job"
  fi
}

case $code in
  75 | 138) again ;; # 138: USR1 came before leavs could take it
  3) echo "leavs: job $job finished with failed cells; failures.csv in $OUTPUT names them" ;;
esac >&2
exit "$code"
