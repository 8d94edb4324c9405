# shellcheck shell=bash
# Where things live, how progress and failures are told, and when a result is still good. Sourced by ../lib.sh.

ROOT=$(dirname "$SCRIPTS")
CACHE=$(realpath -m "${CCROUTER_CACHE:-$ROOT/.cache}")
# shellcheck disable=SC2034 # used by the files sourced next
VENV=$(realpath -ms "${CCROUTER_VENV:-$ROOT/.venv}")

CURRENT_STEP="Starting"
CURRENT_ADVICE="Read the message above."

say() { printf '%s\n' "$*" >&2; }

# step WHAT ADVICE: name what comes next, and what to do should it fail.
step() {
    expect "$@"
    say "-- $1"
}

# expect WHAT ADVICE: the same for what takes no time, and is told only when it fails.
expect() {
    CURRENT_STEP=$1
    CURRENT_ADVICE=$2
}

die() {
    say ""
    say "FAILED: $1"
    say "TO DO:  $2"
    exit 1
}

tell_failed_step() {
    # A failing subshell fails its parent too, which then tells it once.
    if ((BASH_SUBSHELL == 0)); then
        die "$CURRENT_STEP" "$CURRENT_ADVICE"
    fi
}
trap tell_failed_step ERR

# locked NAME COMMAND...: sessions that share a cache must not fill the same folder at once.
locked() {
    local lock
    mkdir -p "$CACHE"
    exec {lock}>"$CACHE/$1.lock"
    flock "$lock"
    "${@:2}"
    exec {lock}>&-
}

fingerprint() { sha256sum | cut -d ' ' -f 1; }

# is_current STAMP KEY: whether the stamp file says that its work was done for this very key.
is_current() { [[ -f $1 && $(<"$1") == "$2" ]]; }
