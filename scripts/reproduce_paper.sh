#!/usr/bin/env bash
# The table of the LEAVS paper for a model of yours: labels the 200 annotated reports of AMOS-MM,
# scores them by the paper's rules, and prints the figures beside the paper's and the humans'.
#
#   scripts/reproduce_paper.sh AMOS.json ANNOTATIONS.csv [OUTPUT_DIR] [-- OPTIONS]
#
#   AMOS.json        report_generation_train_val.json of AMOS-MM; the reports are in its
#                    "validation" part
#   ANNOTATIONS.csv  what three readers said of each, as the authors of LEAVS published it
#   OUTPUT_DIR       where all files go; paper/ if it is not named
#   OPTIONS          of `leavs label`, such as --model or --preset
#
# A run that was stopped goes on where it was when the same command is given again; with another
# model or other options, name another OUTPUT_DIR. The exit code is that of the command that failed.
# Failed cells (3) do not stop it: the table counts them as negative, as the paper's rules say, and
# the exit code is 3 in the end. Under the table stands on how many of the annotated reports it is.

set -euo pipefail
umask 077

# Settings; the environment overrides them.
LEAVS=${LEAVS:-leavs}
PYTHON=${PYTHON:-python3}

say() { echo "reproduce_paper: $*" >&2; }

if (($# < 2)) || [[ $1 == -* || $2 == -* ]]; then
  say "usage: $0 AMOS.json ANNOTATIONS.csv [OUTPUT_DIR] [-- OPTIONS of leavs label]"
  exit 2
fi
amos=$1 annotations=$2 output=paper
shift 2
if (($#)) && [[ $1 != -- ]]; then
  output=$1
  shift
fi
if (($#)) && [[ $1 != -- ]]; then
  say "what goes to leavs label stands behind --, not $1"
  exit 2
fi
shift $(($# > 0))

read -ra leavs <<< "$LEAVS"
if ! command -v "${leavs[0]}" > /dev/null; then
  say "there is no command ${leavs[0]}; activate its environment, or name it in LEAVS"
  exit 2
fi
if ! "$PYTHON" -c "import leavs" 2> /dev/null; then
  say "$PYTHON cannot import leavs; activate its environment, or name its python in PYTHON"
  exit 2
fi
for file in "$amos" "$annotations"; do
  if [[ ! -f $file ]]; then
    say "there is no file $file"
    exit 2
  fi
done

table=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/paper_table.py
ids=$("$PYTHON" "$table" ids "$annotations")
if ! mkdir -p "$output" 2> /dev/null || ! echo "$ids" 2> /dev/null > "$output/ids.txt"; then
  say "$output cannot be written to; name another OUTPUT_DIR"
  exit 2
fi

# What of the annotated reports has no label, and why.
tell_lacks() {
  local counts annotated labeled lacking failures
  counts=$("$PYTHON" "$table" counts "$output/run" "$output/ids.txt")
  read -r annotated labeled lacking failures <<< "$counts"
  if ((lacking && !labeled)); then
    say "none of the $annotated ids of $annotations is in $amos; is it" \
      "report_generation_train_val.json?"
    exit 2
  fi
  if ((lacking)); then
    say "$lacking of the $annotated ids of $annotations are not in $amos; the table is of the others"
  fi
  if ((failures)); then
    say "some cells have no label; $output/run/failures.csv names them, and the table counts them" \
      "as negative"
  fi
}

code=0
"${leavs[@]}" label --amos-json "$amos" --ids "$output/ids.txt" --output-dir "$output/run" "$@" \
  >&2 || code=$?
if [[ ($code == 0 || $code == 3) && ! -f $output/run/labels.csv ]]; then # shards make no tables
  "${leavs[@]}" export "$output/run" >&2
fi
case $code in
  0) ;;
  3) tell_lacks ;;
  75)
    say "stopped early; give the same command again to go on"
    exit 75
    ;;
  *) exit "$code" ;;
esac

"${leavs[@]}" evaluate "$output/run" --annotations "$annotations" --protocol leavs \
  --output-dir "$output/evaluation" >&2
"$PYTHON" "$table" table "$output/evaluation/evaluation.csv" "$output/run" "$output/ids.txt"
exit "$code"
