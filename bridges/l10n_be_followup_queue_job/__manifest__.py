{
    "name": "Belgium - Customer Follow-up: job queue (OCA)",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "The nightly follow-up run as jobs of OCA's queue, on several workers and machines",
    "author": "l10n_be_followup contributors",
    "website": "https://github.com/l10n-be-followup/l10n_be_followup",
    "license": "LGPL-3",
    "depends": ["l10n_be_followup", "queue_job"],
    "data": [
        "data/queue_job_channel_data.xml",
        "data/queue_job_function_data.xml",
        "views/followup_run_views.xml",
        "views/queue_job_views.xml",
        "views/res_config_settings_views.xml",
    ],
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
