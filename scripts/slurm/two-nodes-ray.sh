#!/bin/bash
# Labels reports with one model that is spread over two nodes through Ray.
#
#   mkdir -p logs
#   sbatch scripts/slurm/two-nodes-ray.sh
#
# What is given after the script's name goes to `leavs label`. docs/slurm.md explains each line.

#SBATCH --job-name=leavs-ray
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --gpus-per-node=8
#SBATCH --time=24:00:00
#SBATCH --output=logs/%j.out
#SBATCH --error=logs/%j.err
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
GPUS_PER_NODE=${GPUS_PER_NODE:-${SLURM_GPUS_ON_NODE:?unknown; set GPUS_PER_NODE}}
PORT=${PORT:-$((20000 + SLURM_JOB_ID % 10000))}
MAX_RESTARTS=${MAX_RESTARTS:-100}
IMAGE=${IMAGE:-} # of Apptainer, as IMAGE=leavs.sif; without one, what is installed runs
LEAVS=${LEAVS:-leavs}
RAY=${RAY:-ray}

export HF_HUB_OFFLINE=1 RAY_USAGE_STATS_ENABLED=0
RAY_AUTH_TOKEN=$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token
job=$SLURM_JOB_ID
folder=/tmp/leavs-ray-$job
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
read -ra ray <<< "$RAY"
ray=("${inside[@]}" "${ray[@]}")

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
one=(srun --overlap --nodes=1 --ntasks=1 --cpu-bind=none)
address() { # of a node, as another one sees it: a node may know itself as 127.0.1.1
  local name
  name=$(scontrol --oneliner show node "$2" | sed 's/.* NodeAddr=\([^ ]*\).*/\1/')
  "${one[@]}" --nodelist="$1" getent ahostsv4 "$name" | awk 'NR == 1 { print $1 }'
}
head=$(address "${nodes[1]}" "${nodes[0]}")
worker=$(address "${nodes[0]}" "${nodes[1]}")
on_head=("${one[@]}" --nodelist="${nodes[0]}" env VLLM_HOST_IP="$head" RAY_ADDRESS="$head:$PORT")
on_worker=("${one[@]}" --nodelist="${nodes[1]}" env VLLM_HOST_IP="$worker")

step=
started=()
trap '[[ -z $step ]] || kill -USR1 "$step" 2> /dev/null' USR1 TERM
clean_up() {
  ((${#started[@]})) || return
  kill -TERM "${started[@]}" 2> /dev/null # which srun takes as an order to kill
  wait "${started[@]}"
  started=()
  srun --overlap --ntasks-per-node=1 rm -rf "$folder"
}
trap clean_up EXIT

"${on_head[@]}" "${ray[@]}" start --block --temp-dir="$folder" --node-ip-address="$head" \
  --num-gpus="$GPUS_PER_NODE" --head --port="$PORT" --include-dashboard=false &
started+=($!)
"${on_worker[@]}" "${ray[@]}" start --block --temp-dir="$folder" --node-ip-address="$worker" \
  --num-gpus="$GPUS_PER_NODE" --address="$head:$PORT" &
started+=($!)

joined=0
for _ in {1..150}; do
  joined=$("${on_head[@]}" "${ray[@]}" status 2> /dev/null | grep -c ' node_')
  ((joined >= 2)) && break
  sleep 2
done
if ((joined < 2)); then
  echo "leavs: Ray has $joined of 2 nodes; the log above says why" >&2
  exit 1
fi

"${on_head[@]}" "${leavs[@]}" label "$INPUT" "$REPORTS" --model "$MODEL" \
  --output-dir "$OUTPUT" --tensor-parallel-size "$GPUS_PER_NODE" --pipeline-parallel-size 2 \
  --engine-arg distributed_executor_backend=ray "$@" &
step=$!
while kill -0 "$step" 2> /dev/null; do wait "$step"; done # a signal ends wait, not the step
wait "$step"
code=$?
clean_up

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
