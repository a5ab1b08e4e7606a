{
    "name": "Belgium - Customer Follow-up: contracts (OCA)",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "A service for each customer contract: suspended, not invoiced meanwhile, restored, not invoiced afterwards",
    "author": "l10n_be_followup contributors",
    "website": "https://github.com/l10n-be-followup/l10n_be_followup",
    "license": "AGPL-3",
    "depends": ["l10n_be_followup", "contract"],
    "data": ["views/contract_contract_views.xml"],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
