-- A copy of the database never writes to customers: back to safe mode, and nothing that waits may leave.
UPDATE res_company SET followup_live = FALSE;
UPDATE mail_mail SET state = 'cancel' WHERE followup_notice_id IS NOT NULL AND state IN ('outgoing', 'exception');
UPDATE ir_cron SET active = FALSE
 WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = 'l10n_be_followup' AND model = 'ir.cron');
