-- A copy of the database never writes to customers: back to safe mode, and nothing that waits may leave.
UPDATE res_company SET followup_live = FALSE;
UPDATE mail_mail SET state = 'cancel' WHERE followup_notice_id IS NOT NULL AND state IN ('outgoing', 'exception');
UPDATE ir_cron SET active = FALSE
 WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = 'l10n_be_followup' AND model = 'ir.cron');
-- The system that delivers the services hears nothing from a copy, and the copy does not know how to sign.
UPDATE res_company SET followup_provisioning = 'none', followup_webhook_url = NULL, followup_webhook_secret = NULL;
UPDATE followup_service_event SET state = 'skipped', claimed = FALSE, last_error = 'Neutralised copy of a database.'
 WHERE state IN ('pending', 'failed');
