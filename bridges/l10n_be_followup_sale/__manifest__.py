{
    "name": "Belgium - Customer Follow-up: Quotations",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "A quotation says when a service of its customer is suspended",
    "author": "l10n_be_followup contributors",
    "website": "https://github.com/l10n-be-followup/l10n_be_followup",
    "license": "LGPL-3",
    "depends": ["sale", "l10n_be_followup"],
    "data": ["views/sale_order_views.xml"],
    "auto_install": True,
}
