{
    "name": "Follow-up: development environment",
    "summary": "Makes Debian's build of Odoo usable for browser tests; never part of the product",
    "version": "19.0.1.0.0",
    "author": "l10n_be_followup contributors",
    "license": "LGPL-3",
    "category": "Hidden",
    "depends": ["mail"],
    "auto_install": True,
    "assets": {
        # Debian removes this file for its licence; the asset bundle then logs an error in the
        # console, which fails every browser test.
        "web.assets_backend": [("remove", "mail/static/lib/selfie_segmentation/selfie_segmentation.js")],
    },
}
