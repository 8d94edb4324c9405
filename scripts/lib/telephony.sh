# shellcheck shell=bash
# Asterisk and SIPp for the tests, and ShellCheck for the scripts, unpacked from Debian. Sourced by ../lib.sh.
#
# An unpacked Asterisk has two links in its root, since the suites differ in where they put things:
#   modules    for astmoddir
#   data       for astdatadir: sounds (in English), moh, documentation, agi-bin

asterisk_tree() { echo "$CACHE/asterisk-$1"; }

# ensure_asterisk 22|16: the newest Asterisk of Debian sid (which moves on), or the old one of Debian 11.
ensure_asterisk() {
    local packages=(asterisk asterisk-core-sounds-en-gsm asterisk-moh-opsound-gsm) suite
    case ${1:-} in
    22) suite=sid ;;
    16) suite=bullseye packages+=(asterisk-voicemail) ;;
    *) die "ensure_asterisk ${1:-}" "Give the version: 22 or 16." ;;
    esac
    locked debian ensure_unpacked "$suite" "$(asterisk_tree "$1")" finish_asterisk "${packages[@]}"
}

finish_asterisk() {
    local tree=$1 modules told
    step "Finishing ${tree##*/}" "The packages may have changed their layout; compare it with ${BASH_SOURCE[0]}."
    modules=$(cd "$tree" && find usr/lib -type d -path '*/asterisk/modules')
    ln -s "$modules" "$tree/modules"
    ln -s usr/share/asterisk "$tree/data"
    ln -s en_US_f_Allison "$tree/data/sounds/en"
    told=$(run_unpacked "$tree" usr/sbin/asterisk -V)
    say "   $told"
    expect "Recognising ${tree##*/} in '$told'" "The suite has moved on to another major version; this one needs a new home."
    [[ $told == "Asterisk ${tree##*-}."* ]]
}

# ensure_faketime 22|16: what puts the clock of that Asterisk elsewhere, from the same suite, for the same C library.
ensure_faketime() {
    local suite
    case ${1:-} in
    22) suite=sid ;;
    16) suite=bullseye ;;
    *) die "ensure_faketime ${1:-}" "Give the version: 22 or 16." ;;
    esac
    locked debian ensure_unpacked "$suite" "$CACHE/faketime-$1" finish_faketime libfaketime
}

finish_faketime() {
    expect "Looking for libfaketime in $1" "The package may have changed its layout; compare it with ${BASH_SOURCE[0]}."
    ln -s "$(cd "$1" && find usr/lib -name libfaketimeMT.so.1)" "$1/libfaketime.so"
}

# fake_clock VERSION FILE: the Asterisk that this process becomes reads its clock's offset from FILE, at each look; what
# it waits for still takes as long as it takes.
fake_clock() {
    PRELOAD=$CACHE/faketime-$1/libfaketime.so
    expect "Looking for $PRELOAD" "Run: scripts/ensure faketime-$1"
    [[ -e $PRELOAD ]]
    export FAKETIME_TIMESTAMP_FILE=$2 FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
}

ensure_sipp() { locked debian ensure_unpacked bookworm "$CACHE/sipp" finish_sipp sip-tester; }

finish_sipp() {
    step "Starting SIPp once" "Run it again; if it fails again, try the same package on a whole Debian."
    # It exits with 99 after telling its version.
    { (run_unpacked "$1" usr/bin/sipp -v) || (($? == 99)); } | sed -n 's/^ *SIPp/   SIPp/p' >&2
}

ensure_shellcheck() { locked debian ensure_unpacked bookworm "$CACHE/shellcheck" finish_shellcheck shellcheck; }

finish_shellcheck() {
    step "Starting ShellCheck once" "Run it again; if it fails again, try the same package on a whole Debian."
    (run_unpacked "$1" usr/bin/shellcheck --version) | sed -n 's/^version:/   ShellCheck/p' >&2
}
