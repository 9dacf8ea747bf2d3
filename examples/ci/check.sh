#!/usr/bin/env bash
# Guards a backward pass in CI: the build fails when its gradient is wrong, and says how.
#
#   examples/ci/check.sh [CONFIG [MODULE:FUNCTION [JUNIT_FILE]]]
#
# MODULE is looked up from the current folder. $MLP names the program, `mlp` by default. The exit
# status is that of mlp: 0 right, 1 wrong, 4 nothing wrong but some tensor could not be judged,
# anything else: the check could not be run.
set -euo pipefail

config=${1:-configs/moons.yaml}
gradient=${2:-examples.numpy_backprop:gradient}
junit=${3:-gradcheck.xml}

format=text
if [[ -n ${GITHUB_ACTIONS:-} ]]; then
  format=github # annotations, one for each wrong tensor
fi

status=0
"${MLP:-mlp}" gradcheck "$config" --gradient "$gradient" --junit "$junit" --format "$format" ||
  status=$?

case $status in
  0) echo "check.sh: $gradient is right on $config" ;;
  1) echo "check.sh: $gradient is WRONG on $config: see above, and $junit" >&2 ;;
  4) echo "check.sh: $gradient could not be judged on $config: see above, and $junit" >&2 ;;
  *) echo "check.sh: $gradient could not be checked on $config (exit status $status)" >&2 ;;
esac
exit "$status"
