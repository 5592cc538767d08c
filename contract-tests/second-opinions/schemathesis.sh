#!/usr/bin/env bash
# A second opinion on the contract: schemathesis reads the OpenAPI document of a mock, generates requests from it in its
# own way, and reports where document and mock disagree.
#
#   bash contract-tests/second-opinions/schemathesis.sh
#
# Options after it are those of `schemathesis run`: `--seed N` repeats the requests of a run that printed N.
# Starts a mock of its own, on a free port. schemathesis is installed below target/, and reused the next time.
# Exit code 0 if they agree, 1 if they don't, 2 if it could not run, 77 if it was skipped: Python is not installed or,
# outside of CI (CI is not "true"), PyPI can't be reached. The last line then says why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/contract-tests/second-opinions
target=${CARGO_TARGET_DIR:-$PWD/target}

# Seconds that the comparison may take.
longest=60

# The operations that are compared: those that succeed with any valid values. The generated tests compare all.
operations=(set_rights show_member_card list_certificates echo)

skip() {
  printf 'skipped: %s\n' "$1"
  exit 77
}

could_not() {
  printf 'error: %s\n' "$1" >&2
  exit 2
}

command -v python3 > /dev/null || skip 'python3 is not installed'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "expected Python 3.11 or newer, found $(python3 --version)"
python3 -c 'import ensurepip, venv' 2> /dev/null || skip 'this Python has no venv or no pip: install python3-venv'

# An environment for each list of packages. It gets its final name once it is complete.
environment=$target/second-opinions/$(python3 -c 'import hashlib, pathlib, sys
print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes() + sys.version.encode()).hexdigest()[:16])' "$here/requirements.txt")
if [ ! -d "$environment" ]; then
  rm -rf "$environment.new"
  python3 -m venv "$environment.new"
  if ! "$environment.new/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"; then
    [ "${CI:-}" = true ] && could_not 'the packages could not be installed from PyPI, see above'
    skip 'the packages could not be installed from PyPI, see above'
  fi
  mv "$environment.new" "$environment"
fi

cargo build --release --quiet --locked --package wechatpay-mock-cli || could_not 'expected the mock to build'
scratch=$(mktemp -d)
mock=
trap '[ -z "$mock" ] || kill "$mock" || true; rm -rf "$scratch"' EXIT

# schemathesis repeats numbers with other content. The contract can't say that this is refused.
printf '[policies]\nrepeat_mismatch = "apply"\n' > "$scratch/mock.toml"
"$target/release/wechatpay-mock" keys "$scratch/keys" > /dev/null
exec {lines}< <(exec "$target/release/wechatpay-mock" --listen 127.0.0.1:0 --config "$scratch/mock.toml" --quiet)
mock=$!
read -r -t 30 -u "$lines" line || could_not 'expected the mock to listen, found no line'
url=${line#listening on }

# schemathesis writes to the current folder.
cd "$scratch"
export WECHATPAY_CREDENTIALS=$scratch/keys SCHEMATHESIS_HOOKS=$here/schemathesis_hooks.py PYTHONDONTWRITEBYTECODE=1
status=0
timeout "$longest" "$environment/bin/python" -m schemathesis.cli --config-file "$here/schemathesis.toml" \
  run "$url/__mock/contract.json" --url "$url" "${operations[@]/#/--include-operation-id=}" "$@" || status=$?
case $status in
  0 | 1) exit "$status" ;;
  124) could_not "expected schemathesis to end within $longest s" ;;
  *) could_not "schemathesis ended with exit code $status" ;;
esac
