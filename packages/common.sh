# shellcheck shell=bash
# What the scripts beside this file share: the version, the time of the commit, the targets and the checksums.
set -euo pipefail
export LC_ALL=C TZ=UTC
# What the caller has set for the command, such as its language, must not change the result.
unset "${!WECHATPAY@}"

name=$(basename "$0")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The other scripts read it.
# shellcheck disable=SC2034
dist=$root/packages/dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf '%s: %s\n' "$name" "$1" >&2
  exit 1
}

say() { printf '%s: %s\n' "$name" "$1"; }

has() { command -v "$1" > /dev/null; }

# The comment at the head of the script is its help.
case ${1:-} in
  -h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit
    ;;
esac

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
[ -n "$version" ] || fail 'expected version in [workspace.package] of Cargo.toml, found none'

# Files have the time of the commit, so that they are the same each time.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2> /dev/null) ||
    fail 'expected a Git commit, or its time in SOURCE_DATE_EPOCH, found neither; set SOURCE_DATE_EPOCH to seconds since 1970'
fi
export SOURCE_DATE_EPOCH

# program TARGET: the path of its program.
program() {
  case $1 in
    *windows*) printf '%s\n' "$dist/$1/wechatpay-mock.exe" ;;
    *) printf '%s\n' "$dist/$1/wechatpay-mock" ;;
  esac
}

# archive FOLDER: a tar archive of it on stdout. The same input gives the same bytes.
archive() {
  tar --create --directory "$1" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" .
}

# sums FOLDER: writes SHA256SUMS over all files in it.
sums() (
  cd "$1"
  find . -type f ! -name SHA256SUMS -printf '%P\0' | sort -z | xargs -0 sha256sum > "$work/sums"
  mv "$work/sums" SHA256SUMS
)
