{
    "name": "Belgium - Customer Follow-up: letters by Snailmail",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Follow-up letters posted by Odoo's Snailmail, once, and with proof",
    "author": "l10n_be_followup contributors",
    "website": "https://github.com/l10n-be-followup/l10n_be_followup",
    "license": "LGPL-3",
    "depends": ["l10n_be_followup", "snailmail"],
    "data": [
        "data/ir_cron_data.xml",
        "data/mail_activity_type_data.xml",
        "views/followup_letter_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
