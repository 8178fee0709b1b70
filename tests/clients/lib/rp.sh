# What every shell client test needs; see rp.py for the RP_* settings. Sourced by scripts that run in an
# empty directory of their own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
tools=$(cd "$here/../../.." && pwd)/target/tools

# The step that is being tried, for the message when one fails.
doing=start
try() {
  doing=$1
  echo "- $1"
}
trap 'echo "FAILED while trying: $doing (line $LINENO)"' ERR
set -E

# fail WHY: ends the test.
fail() {
  echo "FAILED while trying: $doing: $1"
  exit 1
}

# equal ACTUAL EXPECTED WHAT: fails unless the two are equal.
equal() { [ "$1" = "$2" ] || fail "$3: '$2' expected, '$1' came"; }

# contains TEXT PIECE WHAT: fails unless the text has the piece.
contains() { [[ "$1" == *"$2"* ]] || fail "$3: '$2' expected in '$1'"; }

# refused WHAT COMMAND...: fails unless the command fails; its output is in $answer.
refused() {
  local what=$1
  shift
  if answer=$("$@" 2>&1); then fail "$what: a failure expected, and it went through: $answer"; fi
}

# random_file NAME BYTES: a new file of random bytes.
random_file() {
  mkdir -p "$(dirname "$1")"
  head -c "$2" /dev/urandom >"$1"
}

# status URL: the HTTP status of a GET, redirects not followed.
status() { curl -s -o /dev/null -w '%{http_code}' "$1"; }
