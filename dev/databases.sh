# Databases: names, copies, the template. Sourced after lib.sh.
# shellcheck shell=bash

# Odoo's own add-ons that this one and its tests stand on: what the manifest names plus what makes
# a Belgian company. Installing them takes most of a minute, so it is done once per version of Odoo.
TEMPLATE_MODULES=account,account_payment,account_qr_code_sepa,l10n_be,l10n_be_followup_dev

db_exists() { [ "$(psql -qAtX -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$1'" </dev/null)" = 1 ]; }

drop_db() {
    dropdb --if-exists --force "$1" 2>/dev/null </dev/null
    rm -rf "$DATA_DIR/filestore/$1"
    # A database that is made anew under this name is no restored backup (engine/journal.py).
    rm -f "$DATA_DIR"/followup_journal/*/"$1".????-??.jsonl
}

# copy_db FROM TO. Files in the filestore are named after their content and never change: links do.
copy_db() {
    drop_db "$2"
    createdb -T "$1" "$2" </dev/null
    [ ! -d "$DATA_DIR/filestore/$1" ] || cp -al "$DATA_DIR/filestore/$1" "$DATA_DIR/filestore/$2"
}

rename_db() {
    drop_db "$2"
    psql -qAtX -d postgres -c "ALTER DATABASE \"$1\" RENAME TO \"$2\"" </dev/null
    [ ! -d "$DATA_DIR/filestore/$1" ] || mv "$DATA_DIR/filestore/$1" "$DATA_DIR/filestore/$2"
}

# run_odoo LOGNAME ARGS…: run it quietly; on failure, or when the log holds an error, show the log's end.
run_odoo() {
    local log=$LOGS/$1.log
    shift
    if ! ODOO_HTTP_PORT=$(free_port) "$PYTHON" -m odoo --log-level=info "$@" >"$log" 2>&1 </dev/null 9>&- \
        || grep -qE '^[-0-9]+ [:,0-9]+ [0-9]+ (ERROR|CRITICAL) ' "$log"; then
        grep -vE ' (INFO|DEBUG) ' "$log" | tail -60 >&2
        say "(log: $log)"
        return 1
    fi
    grep -E ' WARNING ' "$log" >&2 || true
}

manifest_depends() {
    [ ! -f "$1" ] || python3 -c 'import ast, sys; print(*ast.literal_eval(open(sys.argv[1]).read()).get("depends", []))' "$1"
}

# ensure_template [ARGS…]: the database that others are copied from; made once for each set of
# arguments (demo data, languages). Prints nothing, sets TEMPLATE.
ensure_template() {
    local modules=$TEMPLATE_MODULES module
    for module in $(manifest_depends "$CHECKOUT/__manifest__.py"); do
        # An add-on of this checkout or of OCA has its own life.
        [ ! -d "$CHECKOUT/bridges/$module" ] && [ ! -d "$OCA_DIR/$module" ] || continue
        [[ ,$modules, == *,$module,* ]] || modules+=,$module
    done
    TEMPLATE=template_$({ echo "$modules $*"; odoo_root; cat "$(odoo_root)/odoo/release.py"; cat "$CACHE/odoo/.stamp" 2>/dev/null || true; } | sha256sum | cut -c1-10)
    ! db_exists "$TEMPLATE" || return 0
    (
        lock "$TEMPLATE"
        ! db_exists "$TEMPLATE" || exit 0
        step "template database with $modules $* (once, about a minute)"
        drop_db "${TEMPLATE}_new"
        run_odoo "$TEMPLATE" -d "${TEMPLATE}_new" -i "$modules" --stop-after-init "$@" || die "the template database could not be made"
        rename_db "${TEMPLATE}_new" "$TEMPLATE"
    )
}

# What an installed database depends on: every file of the add-on and its bridges but the tests.
addon_hash() {
    (
        cd "$CHECKOUT"
        checkout_files | grep -zvE "${NOT_ADDON/bridges|/}|(^|/)tests/" \
            | sort -z | xargs -0 -r sha256sum | sha256sum | cut -c1-12
    )
}

# ensure_installed NAME MODULES [ARGS…]: a database made from the template of the same ARGS, with the modules in it; made
# again when the checkout has changed.
ensure_installed() {
    local name=$1 modules=$2 stamp
    shift 2
    ensure_template "$@"
    stamp="$TEMPLATE $modules $* $(addon_hash) $(hash_of "$OCA_DIR/.stamp")"
    if [ "$(cat "$WORK/$name.stamp" 2>/dev/null)" = "$stamp" ] && db_exists "$name"; then
        return 0
    fi
    rm -f "$WORK/$name.stamp"
    step "database with $modules"
    copy_db "$TEMPLATE" "$name"
    run_odoo "install-$name" -d "$name" -i "$modules" --stop-after-init "$@" || return 1
    printf '%s\n' "$stamp" >"$WORK/$name.stamp"
}

# ensure_tested: tested_…, a copy of the fresh installation with what every test class would make for itself again: a
# Belgian company with its chart, and the browser's bundles.
ensure_tested() {
    local name=tested_$CHECKOUT_ID stamp
    ensure_installed "installed_$CHECKOUT_ID" "$ADDON" || return 1
    stamp="$(cat "$WORK/installed_$CHECKOUT_ID.stamp") $(hash_of "$CHECKOUT/dev/tested_db.py")"
    if [ "$(cat "$WORK/$name.stamp" 2>/dev/null)" = "$stamp" ] && db_exists "$name"; then
        return 0
    fi
    rm -f "$WORK/$name.stamp"
    copy_db "installed_$CHECKOUT_ID" "$name"
    "$PYTHON" -m odoo shell -d "$name" --log-level=error <"$CHECKOUT/dev/tested_db.py" >"$LOGS/$name.log" 2>&1 || { tail -40 "$LOGS/$name.log" >&2; return 1; }
    printf '%s\n' "$stamp" >"$WORK/$name.stamp"
}
