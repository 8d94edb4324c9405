# shellcheck shell=bash
# Debian packages unpacked into a folder by an ordinary user, and their programs started there. Sourced by ../lib.sh.
#
# The programs run through the unpacked dynamic loader, with the unpacked libraries, so the C library of their suite
# need not be the machine's. Nothing is installed, no package script runs, and the machine's apt state is not touched.

# What only package scripts would run, and perl's library, which only res_snmp loads.
NEVER_UNPACKED='^(adduser|base-passwd|debconf|dirmngr|dpkg|gnupg.*|gpg.*|init-system-helpers|libperl.*|login\.defs'
NEVER_UNPACKED+='|libsnmp-base|lsb-base|passwd|pci\.ids|perl.*|pinentry-.*|systemd.*|tar|tzdata)='

# Long enough for one preparation to read a suite's lists once, short enough to miss no package that replaced another.
LISTS_GOOD_FOR_MIN=60

debian_mirror() {
    if [[ -n ${CCROUTER_DEBIAN_MIRROR:-} ]]; then
        echo "$CCROUTER_DEBIAN_MIRROR"
        return
    fi
    # shellcheck source=/dev/null disable=SC2016
    (
        source /etc/os-release
        [[ $ID == debian ]]
        apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' \
            "Release: $VERSION_CODENAME" | sed -n 1p | grep .
    )
}

debian_keyring() {
    local keyring
    for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        if [[ -e $keyring ]]; then
            echo "$keyring"
            return
        fi
    done
    return 1
}

# apt_state NAME: an apt state of our own, empty and free of the machine's hooks and preferences. The lists of a suite
# that gets no updates any more stay valid past their date.
apt_state() {
    local state=$CACHE/apt/$1
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    : >"$state/status"
    cat >"$state/apt.conf" <<EOF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
EOF
    echo "$state"
}

# use_suite SUITE: sets STATE to an apt state with that suite of Debian, whatever the machine itself runs.
use_suite() {
    local mirror keyring
    expect "Finding the Debian mirror of this machine" \
        "Set CCROUTER_DEBIAN_MIRROR to the address of a Debian mirror: only Debian's own apt sources name one."
    mirror=$(debian_mirror)
    expect "Finding the Debian archive keys" "Install the package debian-archive-keyring."
    keyring=$(debian_keyring)
    STATE=$(apt_state "$1")
    cat >>"$STATE/apt.conf" <<EOF
Dir::Etc::sourcelist "$STATE/sources.list";
Dir::Etc::sourceparts "/dev/null";
EOF
    echo "deb [signed-by=$keyring] $mirror $1 main" >"$STATE/sources.list"
    refresh_lists "$1"
}

# use_machine_suite: sets STATE to an apt state with the sources and keys that the machine itself uses.
use_machine_suite() {
    STATE=$(apt_state machine)
    refresh_lists machine
}

refresh_lists() {
    if [[ -n $(find "$STATE/updated" -mmin "-$LISTS_GOOD_FOR_MIN" 2>/dev/null) ]]; then
        return
    fi
    step "Reading the package lists ($1)" \
        "Is the mirror in reach, and does it have $1? If not, set CCROUTER_DEBIAN_MIRROR to one that has.
        For 'not signed' or NO_PUBKEY, upgrade the package debian-archive-keyring."
    # Without Error-Mode apt calls a mirror out of reach a warning, and goes on with no lists.
    apt-get -q -c "$STATE/apt.conf" -o APT::Update::Error-Mode=any update >&2
    touch "$STATE/updated"
}

# with_dependencies PACKAGE...: name=version of all that must be unpacked, one a line.
with_dependencies() {
    apt-get -c "$STATE/apt.conf" --simulate install "$@" |
        sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' |
        grep -Ev "$NEVER_UNPACKED"
}

# download_debs FOLDER NAME[=VERSION]...
download_debs() {
    local folder=$1
    shift
    mkdir -p "$folder"
    (cd "$folder" && apt-get -q -c "$STATE/apt.conf" download "$@") | count_downloads $#
}

count_downloads() {
    awk -v all="$1" '/^Get:/ { if (++n % 25 == 0 || n == all) print "   " n " of " all " packages" > "/dev/stderr" }'
}

unpack_debs() {
    # shellcheck disable=SC2016 # the inner shell's arguments
    find "$1" -name '*.deb' -print0 | xargs -0 -n 1 -P "$(nproc)" sh -c 'dpkg-deb -x "$1" "$0"' "$2"
}

# unpack SUITE FOLDER PACKAGE...: the packages and all they depend on.
unpack() {
    local suite=$1 folder=$2 packages
    shift 2
    use_suite "$suite"
    step "Choosing the packages for $1 from $suite" \
        "$suite may be in the middle of a transition; wait a day, or look up $1 in Debian's package tracker."
    packages=$(with_dependencies "$@")
    rm -rf "$folder"
    mkdir -p "$folder/debs"
    step "Downloading $1 from $suite" \
        "Run it again; if a package is gone from the mirror, remove $STATE first, so that the lists are read anew."
    # shellcheck disable=SC2086 # one word a package
    download_debs "$folder/debs" $packages
    step "Unpacking $1" "Is there room? 400 MB are needed in $CACHE."
    unpack_debs "$folder/debs" "$folder"
    rm -rf "$folder/debs"
}

# ensure_unpacked SUITE TREE FINISH PACKAGE...: FINISH is a function that does what package scripts would have done.
# What stood in TREE stays until all has worked.
ensure_unpacked() {
    local suite=$1 tree=$2 finish=$3 key work=$CACHE/unpacking/${2##*/}
    shift 3
    # The functions are part of the key: another recipe is another tree.
    key=$({ echo "$suite" "$NEVER_UNPACKED" "$@" && declare -f unpack_debs "$finish"; } | fingerprint)
    if is_current "$tree/.stamp" "$key"; then
        return
    fi
    unpack "$suite" "$work" "$@"
    "$finish" "$work"
    echo "$key" >"$work/.stamp"
    rm -rf "$tree"
    mv "$work" "$tree"
}

# A library that goes before all others in what run_unpacked starts.
PRELOAD=

# run_unpacked TREE PROGRAM [ARGUMENT...]: takes the place of this process.
run_unpacked() {
    local tree=$1 program=$2
    local -a loaders folders
    shift 2
    shopt -s nullglob
    loaders=("$tree"/{usr/,}lib/*/ld-linux*.so.*)
    folders=("$tree"/{usr/,}lib{/*-linux-gnu*,})
    exec "${loaders[0]}" --library-path "$(IFS=: && echo "${folders[*]}")" --preload "$PRELOAD" "$tree/$program" "$@"
}
