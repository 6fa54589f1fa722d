#!/bin/bash
# Joins the shards of an array into the tables, whether or not all of them came to their end.
#
#   array=$(sbatch --parsable scripts/slurm/array.sh)
#   sbatch --dependency=afterany:"$array" scripts/slurm/export.sh
#
# What is given after the script's name goes to `leavs export`. docs/slurm.md explains each line.

#SBATCH --job-name=leavs-export
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --time=04:00:00
#SBATCH --output=logs/%j.out
#SBATCH --error=logs/%j.err
#SBATCH --open-mode=append

set -uo pipefail
umask 077

# Settings; the environment of sbatch overrides them.
OUTPUT=${OUTPUT:-results}
IMAGE=${IMAGE:-} # of Apptainer, as IMAGE=leavs.sif; without one, what is installed runs
LEAVS=${LEAVS:-leavs}

inside=()
if [[ -n $IMAGE ]]; then
  inside=(apptainer exec --bind "$PWD" --bind "$(realpath --no-symlinks "$OUTPUT")" "$IMAGE")
fi
read -ra leavs <<< "$LEAVS"
leavs=("${inside[@]}" "${leavs[@]}")
exec srun "${leavs[@]}" export "$OUTPUT" "$@"
