#!/bin/sh
# What both images do, Containerfile and leavs.def; run as root while they are built.
#
#   install.sh system PACKAGE...         Debian packages
#   install.sh wheel SOURCE DIR VERSION  a wheel of leavs of this version, into DIR
#   install.sh packages REQUIREMENTS     packages with their hashes, into an environment of leavs
#   install.sh leavs WHEEL               leavs itself, which must find all that it needs there
#
# The environment is /opt/leavs. The compiler is for vLLM, which compiles at run time.

set -eu
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
environment=/opt/leavs
what=$1
shift

case $what in
  system)
    [ $# -gt 0 ] || exit 0
    export DEBIAN_FRONTEND=noninteractive
    apt-get --quiet update
    apt-get --quiet install --yes --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists/*
    ;;
  wheel)
    builder=$(mktemp -d)
    python3 -m venv "$builder"
    "$builder/bin/pip" install --quiet --require-hashes -r "$1/requirements/build.txt"
    "$builder/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$2" "$1"
    rm -rf "$builder"
    [ -f "$2/leavs-$3-py3-none-any.whl" ] || {
      echo "VERSION is $3, and the wheel is $(ls "$2"); give --build-arg VERSION=..." >&2
      exit 1
    }
    ;;
  packages)
    python3 -m venv "$environment"
    # They are all: pip does not look for more, nor stumble over the extras of those that it has.
    "$environment/bin/pip" install --quiet --no-deps --require-hashes -r "$1"
    ;;
  leavs)
    "$environment/bin/pip" install --quiet --no-deps --no-index "$1"
    "$environment/bin/pip" check
    "$environment/bin/leavs" --version
    ;;
  *)
    echo "install.sh: $what is none of system, wheel, packages, leavs" >&2
    exit 2
    ;;
esac
