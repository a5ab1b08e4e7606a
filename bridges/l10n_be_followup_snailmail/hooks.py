def uninstall_hook(env):
    """Tasks of our own type would keep the type."""
    kind = env.ref("l10n_be_followup_snailmail.mail_activity_type_snailmail", raise_if_not_found=False)
    if kind:
        env["mail.activity"].with_context(active_test=False).search([("activity_type_id", "=", kind.id)]).unlink()
