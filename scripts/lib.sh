# shellcheck shell=bash
# What a bare machine needs to run the project, as functions for bash scripts:
#
#   ensure_venv [dev]        the virtual environment in .venv, from the locks in requirements/
#   ensure_asterisk 22|16    an Asterisk unpacked in .cache/asterisk-VERSION
#   ensure_sipp              SIPp unpacked in .cache/sipp
#   ensure_shellcheck        ShellCheck unpacked in .cache/shellcheck
#   ensure_prometheus        Prometheus unpacked in .cache/prometheus
#   ensure_chromium          Chromium unpacked in .cache/chromium
#
# Each is done within a second when nothing changed, needs no root, and ends the script with the name of the step
# that failed and what to do about it. Call them plainly: bash ignores errors inside `if f`, `f || ...` and `! f`.
#
#   CCROUTER_CACHE           where everything but .venv is kept (.cache in the checkout)
#   CCROUTER_VENV            the virtual environment (.venv in the checkout)
#   CCROUTER_PYTHON          the Python to make it with (python3)
#   CCROUTER_DEBIAN_MIRROR   where Debian's packages come from (what the machine's own apt uses)

set -Eeuo pipefail
shopt -s inherit_errexit

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib/common.sh
source "$SCRIPTS/lib/common.sh"
# shellcheck source=scripts/lib/debian.sh
source "$SCRIPTS/lib/debian.sh"
# shellcheck source=scripts/lib/python.sh
source "$SCRIPTS/lib/python.sh"
# shellcheck source=scripts/lib/telephony.sh
source "$SCRIPTS/lib/telephony.sh"
# shellcheck source=scripts/lib/browser.sh
source "$SCRIPTS/lib/browser.sh"
# shellcheck source=scripts/lib/monitoring.sh
source "$SCRIPTS/lib/monitoring.sh"
