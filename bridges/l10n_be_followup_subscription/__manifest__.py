{
    "name": "Belgium - Customer Follow-up: subscriptions (OCA)",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "A service for each subscription: suspended with its own pause, restored without invoicing the days between",
    "author": "l10n_be_followup contributors",
    "website": "https://github.com/l10n-be-followup/l10n_be_followup",
    "license": "AGPL-3",
    "depends": ["l10n_be_followup", "subscription_oca"],
    "data": ["views/sale_subscription_views.xml"],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
