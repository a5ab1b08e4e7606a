{
    "name": "Belgium - Customer Follow-up: bank reconciliation (OCA)",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Proposes what an instalment, a notice or a statement stands for on OCA's reconciliation screen",
    "author": "l10n_be_followup contributors",
    "website": "https://github.com/l10n-be-followup/l10n_be_followup",
    "license": "AGPL-3",
    "depends": ["l10n_be_followup", "account_reconcile_oca"],
    "auto_install": True,
}
