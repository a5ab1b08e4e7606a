# Shared by the scripts in dev/: where things lie, and a few helpers. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
ADDON=l10n_be_followup

# One folder for everything that is downloaded or generated. Root gets one outside its home,
# because PostgreSQL refuses to run as root and the user it runs as cannot enter /root.
if [ -n "${L10N_BE_FOLLOWUP_CACHE:-}" ]; then
    CACHE=$L10N_BE_FOLLOWUP_CACHE
elif [ "$(id -u)" = 0 ]; then
    CACHE=/var/cache/$ADDON
else
    CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/$ADDON
fi
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd -P)
export L10N_BE_FOLLOWUP_CACHE=$CACHE

# Two checkouts share the downloads and the database server, and nothing else: what belongs to one
# of them carries a short hash of its path.
CHECKOUT_ID=$(printf %s "$CHECKOUT" | sha256sum | cut -c1-8)
WORK=$CACHE/checkouts/$CHECKOUT_ID       # stage, logs, state of this checkout
STAGE=$WORK/stage
LOGS=$WORK/logs
VENV=$CACHE/venv
DATA_DIR=$CACHE/data
# A checkout that wants other versions does not get in the way.
OCA_DIR=$CACHE/oca-addons-$(sha256sum "$CHECKOUT/dev/requirements-oca.txt" | cut -c1-8)
PYTHON=$VENV/bin/python

# Keep the working tree clean: compiled files go to the cache too.
export PYTHONPYCACHEPREFIX=$CACHE/pycache
export RUFF_CACHE_DIR=$CACHE/ruff
# Tools that Odoo or a lint calls by name come from the environment as well.
case :$PATH: in *:"$VENV/bin":*) ;; *) PATH=$PATH:$VENV/bin ;; esac

say() { printf '%s\n' "$*" >&2; }
step() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# lock NAME: wait for, then hold, a lock until this script ends. Children that outlive the script
# must be started with 9>&- or they would keep it.
lock() {
    exec 9>"$CACHE/$1.lock"
    if ! flock -n 9; then
        say "waiting for another run that holds $CACHE/$1.lock"
        flock 9
    fi
}

# The files of the checkout that are or could be committed, relative and separated by zero bytes.
checkout_files() {
    (
        cd "$CHECKOUT"
        if git rev-parse --git-dir >/dev/null 2>&1; then
            git ls-files -z --cached --others --exclude-standard --deduplicate
        else
            find . -type f -not -path '*/__pycache__/*' -printf '%P\0'
        fi | while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done
    )
}
# What does not belong to the installed add-on.
NOT_ADDON='^(dev|docs|tests_fast|benchmarks|bridges|\.git|\.ci)/|^[^/]*\.(md|toml|cfg|txt)$|^Makefile$|^\.'

hash_of() { cat "$@" | sha256sum | cut -c1-16; }

# Where the Odoo package (the folder that holds odoo/) is: the user's own, or the downloaded one.
odoo_root() { printf %s "${ODOO_PATH:-$CACHE/odoo-src}"; }

# Put the connection to PostgreSQL into the environment: the user's own server when PGHOST, PGPORT
# or PGUSER says so, else the private one of the cache, started when it is not running.
own_postgres() { [ -n "${PGHOST:-}${PGPORT:-}${PGUSER:-}" ] && [ "${FOLLOWUP_PG:-}" != private ]; }
use_postgres() {
    if own_postgres; then
        psql -qAtX -d "${PGDATABASE:-postgres}" -c 'SELECT 1' >/dev/null 2>&1 </dev/null \
            || die "cannot reach PostgreSQL with the PGHOST/PGPORT/PGUSER you set; unset them to use a private server"
        return
    fi
    unset PGHOST PGPORT PGUSER
    PGHOST=$("$CHECKOUT/dev/pg-server" start)
    export PGHOST PGPORT=5432 PGUSER=odoo FOLLOWUP_PG=private
}

# link NAME TARGET: a module in the stage.
link() { [ "$(readlink "$STAGE/$1" 2>/dev/null)" = "$2" ] || ln -sfn "$2" "$STAGE/$1"; }

# The folders Odoo loads add-ons from. The checkout appears under the add-on's name through a link
# outside the working tree (a link inside it would end up in the translation template), and so do the
# bridges: pytest would take a path inside the checkout for a part of the add-on.
addons_path() {
    mkdir -p "$STAGE"
    link "$ADDON" "$CHECKOUT"
    local path=$STAGE root module
    root=$(odoo_root)
    for module in "$CHECKOUT"/bridges/*/__manifest__.py; do
        [ ! -f "$module" ] || link "$(basename "$(dirname "$module")")" "$(dirname "$module")"
    done
    find "$STAGE" -maxdepth 1 -xtype l -delete
    path+=,$OCA_DIR,$CHECKOUT/dev/addons
    [ ! -d "$root/addons" ] || path+=,$root/addons
    printf %s "$path"
}

# Everything a script needs to run Odoo: configuration file, Python path, PostgreSQL.
use_odoo() {
    use_postgres
    # The current folder is usually the checkout; its folders must not be importable by accident.
    # (Not set for pip: old packages need theirs.)
    export PYTHONSAFEPATH=1
    PYTHONPATH=$(odoo_root)
    export PYTHONPATH
    mkdir -p "$WORK" "$LOGS" "$DATA_DIR"
    export ODOO_RC=$WORK/odoo.conf
    # Written anew and moved in place: another run of this checkout may be reading it.
    printf '%s\n' '[options]' "addons_path = $(addons_path)" "data_dir = $DATA_DIR" \
        'http_interface = 127.0.0.1' 'list_db = False' 'max_cron_threads = 0' >"$ODOO_RC.$$"
    mv "$ODOO_RC.$$" "$ODOO_RC"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
