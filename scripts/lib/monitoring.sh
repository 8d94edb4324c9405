# shellcheck shell=bash
# Prometheus, with promtool, unpacked from Debian. Sourced by ../lib.sh.

# Debian 12 keeps one version for years: rules and dashboards that work with it work with all that are newer.
ensure_prometheus() {
    # What its old web pages load: 220 MB, and nobody looks at them here.
    # shellcheck disable=SC2034 # read by what is called
    local NEVER_UNPACKED="${NEVER_UNPACKED%)=}|fonts-.*|javascript-.*|libjs-.*)="
    locked debian ensure_unpacked bookworm "$CACHE/prometheus" finish_prometheus prometheus
}

finish_prometheus() {
    step "Starting Prometheus once" "Run it again; if it fails again, try the same package on a whole Debian."
    (run_unpacked "$1" usr/bin/prometheus --version) | sed -n '1s/^prometheus, version \([0-9.]*\).*/   Prometheus \1/p' >&2
    (run_unpacked "$1" usr/bin/promtool --version) >/dev/null
}
