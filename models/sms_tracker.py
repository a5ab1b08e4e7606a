from odoo import fields, models


class SmsTracker(models.Model):
    """The one place that hears of every result of a text message, at once or from a later report."""

    _inherit = "sms.tracker"

    followup_notice_id = fields.Many2one("followup.notice", ondelete="cascade", index="btree_not_null")

    def _action_update_from_sms_state(self, sms_state, failure_type=False, failure_reason=False):
        # EXTENDS sms
        result = super()._action_update_from_sms_state(sms_state, failure_type, failure_reason)
        for tracker in self.filtered("followup_notice_id"):
            tracker.followup_notice_id._text_result(sms_state, failure_type, failure_reason)
        return result

    def _action_update_from_provider_error(self, provider_error):
        # EXTENDS sms
        result = super()._action_update_from_provider_error(provider_error)
        _status, failure_type, failure_reason = result
        if failure_type == "unknown":
            # Known when sending, not in reports.
            failure_type = {"registration_needed": "sms_registration_needed"}.get(provider_error, failure_type)
        for tracker in self.filtered("followup_notice_id"):
            tracker.followup_notice_id._text_result("error", failure_type, failure_reason)
        return result
