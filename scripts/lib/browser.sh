# shellcheck shell=bash
# Chromium for the tests of the pages, unpacked from Debian. Sourced by ../lib.sh.
#
# It looks for its own files beside /proc/self/exe, which a dynamic loader that is started by hand would be: so it runs
# by the machine's loader and C library, and takes all other libraries from what was unpacked. That wants a C library
# as new as Debian 12's.

# The newest one of Debian 12 itself: its updates for security vanish from the archive as soon as the next one comes,
# and the tests load no page but ours, from the loopback.
ensure_chromium() {
    # The C library, and what only a window on a desktop needs: 400 MB.
    # shellcheck disable=SC2034 # read by what is called
    local NEVER_UNPACKED="${NEVER_UNPACKED%)=}|libc6|libc-bin|libgtk-.*|libgdk-.*|adwaita-.*|libllvm.*|libgl1-.*|libz3-.*"
    NEVER_UNPACKED+="|libicu.*|iso-codes|shared-mime-info|dpkg|procps|libdb5.*|libpam-.*)="
    locked debian ensure_unpacked bookworm "$CACHE/chromium" finish_chromium chromium fonts-dejavu-core libatomic1
}

finish_chromium() {
    step "Starting Chromium once" "A library that it misses is perhaps one that is left out; compare with ${BASH_SOURCE[0]}."
    # No fonts of the machine: its pages look the same everywhere.
    cat >"$1/fonts.conf" <<'FONTS'
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
FONTS
    # Playwright, which steers it, brings a Node that wants this library, and no other that a bare Debian lacks.
    mkdir "$1/driver"
    (cd "$1/driver" && ln -s ../usr/lib/*/libatomic.so.1 .)
    (run_chromium "$1" --version) | sed 's/^/   /' >&2
}

# run_chromium TREE [ARGUMENT...]: takes the place of this process.
run_chromium() {
    local tree=$1
    local -a folders
    shift
    shopt -s nullglob
    # PulseAudio's has a folder of its own.
    folders=("$tree"/{usr/,}lib{/*-linux-gnu*{,/pulseaudio},})
    LD_LIBRARY_PATH=$(IFS=: && echo "${folders[*]}") FONTCONFIG_FILE=$tree/fonts.conf \
        exec "$tree/usr/lib/chromium/chromium" "$@"
}
