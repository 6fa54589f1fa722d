#!/bin/bash
# Labels reports on one node with one engine a GPU: each task of the step is a shard, all of them
# write into one folder.
#
#   mkdir -p logs
#   sbatch scripts/slurm/one-node-replicas.sh
#
# What is given after the script's name goes to `leavs label`. docs/slurm.md explains each line.

#SBATCH --job-name=leavs
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-task=1
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=24:00:00
#SBATCH --output=logs/%j.out
#SBATCH --error=logs/%j.err
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@180

set -uo pipefail
umask 077

# Settings; the environment of sbatch overrides them.
MODEL=${MODEL:-Qwen/Qwen2-7B-Instruct}
INPUT=${INPUT:---reports-table}
REPORTS=${REPORTS:-reports.csv}
OUTPUT=${OUTPUT:-results}
MAX_RESTARTS=${MAX_RESTARTS:-100}
IMAGE=${IMAGE:-} # of Apptainer, as IMAGE=leavs.sif; without one, what is installed runs
LEAVS=${LEAVS:-leavs}

export HF_HUB_OFFLINE=1
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
job=${job:-$SLURM_JOB_ID}
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

# srun ends with the highest code of its tasks: 1 and 2 (it did not start) must not hide behind 3.
# shellcheck disable=SC2016
task='trap : USR1 TERM INT; "$@"; code=$?; [[ $code == [12] ]] && code=7$code; exit $code'
srun --cpu-bind=none --kill-on-bad-exit=0 --wait=0 bash -c "$task" leavs "${leavs[@]}" label \
  "$INPUT" "$REPORTS" --model "$MODEL" --output-dir "$OUTPUT" "$@" &
step=$!
while kill -0 "$step" 2> /dev/null; do wait "$step"; done # a signal ends wait, not the step
wait "$step"
code=$?
[[ $code == 7[12] ]] && code=${code#7}

if [[ $code == [03] ]] && "${leavs[@]}" status "$OUTPUT" --json | grep -q '"complete": true'; then
  "${leavs[@]}" export "$OUTPUT" || code=$?
fi

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
