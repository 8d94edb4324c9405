# shellcheck shell=bash
# The virtual environment, made from the locks even where Python came without pip. Sourced by ../lib.sh.

PYTHON=${CCROUTER_PYTHON:-python3}
LOCKS=$ROOT/requirements

# ensure_venv [dev]: what ccrouter needs to run, with dev also what its tests and checks need.
ensure_venv() {
    local lock=runtime
    if [[ ${1:-} == dev ]]; then
        lock=dev
    fi
    locked venv ensure_venv_from "$lock"
}

ensure_venv_from() {
    local lock=$1 project_key
    keep_python
    expect "Looking for Python 3.11 or newer" "Install python3, or set CCROUTER_PYTHON to the one to use."
    python_identity >/dev/null
    # What was made for development has all that running needs.
    if ! venv_is_current "$lock" && ! venv_is_current dev; then
        make_venv "$lock"
        venv_key "$lock" >"$VENV/.stamp-$lock"
    fi
    "$PYTHON" -c 'import sys; print(sys.executable)' >"$VENV/.stamp-python"
    project_key=$({ echo "$ROOT" && cat "$ROOT/pyproject.toml"; } | fingerprint)
    if ! is_current "$VENV/.stamp-project" "$project_key"; then
        install_project
        echo "$project_key" >"$VENV/.stamp-project"
    fi
}

# An environment that works is not made anew because another python3 comes first in the PATH now, that of an activated
# environment for instance: a demo may run in it at this moment. CCROUTER_PYTHON is meant, and counts.
keep_python() {
    local made_by
    if [[ -z ${CCROUTER_PYTHON:-} && -f $VENV/.stamp-python ]]; then
        made_by=$(<"$VENV/.stamp-python")
        if [[ -x $made_by && -x $VENV/bin/python ]]; then
            PYTHON=$made_by
        fi
    fi
}

venv_key() { { python_identity && cat "$LOCKS/build.txt" "$LOCKS/$1.txt"; } | fingerprint; }

venv_is_current() { is_current "$VENV/.stamp-$1" "$(venv_key "$1")"; }

python_identity() {
    "$PYTHON" -c '
import sys
if sys.version_info < (3, 11):
    sys.exit(f"{sys.executable} is {sys.version}")
print(sys.executable, sys.version)'
}

make_venv() {
    venv_with_pip "$VENV"
    install_locked "$LOCKS/build.txt"
    install_locked "$LOCKS/$1.txt"
}

# venv_with_pip FOLDER: an empty environment, with any pip to begin with; build.txt brings the locked one.
venv_with_pip() {
    step "Making the virtual environment $1" "Is there room, and may you write there?"
    rm -rf "$1"
    "$PYTHON" -m venv --without-pip "$1"
    if "$1/bin/python" -c 'import ensurepip' 2>/dev/null; then
        step "Installing the pip that came with Python" "Install python3-venv, or a complete Python."
        "$1/bin/python" -m ensurepip >/dev/null
    else
        install_debian_pip "$1"
    fi
}

install_debian_pip() {
    local wheels
    expect "Looking for apt-get, to fetch pip" "Python has no ensurepip: install python3-venv, or a complete Python."
    command -v apt-get >/dev/null
    use_machine_suite
    step "Downloading pip" "Run it again, or install python3-venv."
    rm -rf "$CACHE/pip"
    download_debs "$CACHE/pip/debs" python3-pip-whl
    unpack_debs "$CACHE/pip/debs" "$CACHE/pip"
    step "Installing pip from Debian's wheel" "Run it again, or install python3-venv."
    wheels=("$CACHE"/pip/usr/share/python-wheels/pip-*.whl)
    "$1/bin/python" "${wheels[0]}/pip" --quiet install --no-index "${wheels[0]}"
    rm -rf "$CACHE/pip"
}

# The build tools are in the lock and installed first, so that no build fetches anything of its own.
install_locked() {
    step "Installing requirements/$(basename "$1")" \
        "Is the package index in reach (pip config list)? If a hash differs, do not go on: find out why."
    "$VENV/bin/python" -m pip install --no-build-isolation --require-hashes -r "$1" |
        awk '/^(Collecting|Installing collected)/ { print "   " $1, $2 } /^ERROR/' >&2
}

install_project() {
    step "Installing ccrouter itself, editable" \
        "Is pyproject.toml well-formed, and does every file exist that it names?"
    "$VENV/bin/python" -m pip --quiet install --no-index --no-deps --no-build-isolation -e "$ROOT"
}
