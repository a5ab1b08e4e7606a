from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPolicy(FollowupCommon):
    def policy(self, levels, regime="b2b", **values):
        template = self.env.ref("l10n_be_followup.mail_template_reminder")
        return self.env["followup.policy"].create(
            {
                "name": "Onze eigen ladder",
                "regime": regime,
                "level_ids": [
                    Command.create({"name": f"Level {place}", "sequence": place, "template_id": template.id, **vals})
                    for place, vals in enumerate(levels)
                ],
                **values,
            }
        )

    def assertRefused(self, words, levels, regime="b2b"):
        with self.assertRaisesRegex(ValidationError, words) as caught:
            self.policy(levels, regime)
        self.assertIn("Onze eigen ladder", str(caught.exception), "the message names the policy")

    first = {"kind": "first_reminder", "delay": 3, "delay_from": "due_date"}
    reminder = {"kind": "reminder", "delay": 7, "delay_from": "previous"}

    def test_shipped_policies_are_valid_and_as_described(self):
        for policy in self.business_policy, self.consumer_policy:
            policy._check_ladder()
        self.assertEqual(
            [
                (lv.kind, lv.delay, lv.delay_from, lv.channel_email, lv.channel_call)
                for lv in self.business_policy.level_ids.filtered("active")
            ],
            [
                ("first_reminder", 3, "due_date", True, False),
                ("reminder", 7, "previous", False, True),
                ("reminder", 7, "previous", True, False),
                ("formal_notice", 14, "previous", True, False),
                ("final_notice", 8, "previous", True, False),
                ("hand_over", 14, "previous", True, False),
            ],
        )
        self.assertEqual(
            [(lv.kind, lv.delay, lv.delay_from) for lv in self.consumer_policy.level_ids.filtered("active")],
            [
                ("first_reminder", 3, "due_date"),
                ("reminder", 10, "previous"),
                ("reminder", 1, "waiting_period"),
                ("formal_notice", 14, "previous"),
                ("final_notice", 15, "previous"),
                ("hand_over", 15, "previous"),
            ],
        )
        courtesy = self.consumer_policy.with_context(active_test=False).level_ids.filtered(
            lambda level: level.kind == "courtesy"
        )
        self.assertEqual((courtesy.delay, courtesy.active), (-5, False))

    def test_a_good_ladder_is_accepted(self):
        self.assertEqual(self.policy([self.first, self.reminder]).level_count, 2)

    def test_without_levels(self):
        self.assertRefused("no levels.*Add at least", [])

    def test_two_first_reminders(self):
        self.assertRefused("two first reminders.*Make the later one", [self.first, self.first])

    def test_delay_backwards(self):
        late = {"kind": "reminder", "delay": 2, "delay_from": "due_date"}
        self.assertRefused("goes backwards.*day 3", [self.first, late])
        self.assertRefused("goes backwards", [self.first, {**self.reminder, "delay": -1}])

    def test_milder_after_firmer(self):
        self.assertRefused("milder", [self.first, {**self.reminder, "kind": "formal_notice"}, self.reminder])

    def test_email_without_template(self):
        self.assertRefused("choose its template", [self.first, {**self.reminder, "template_id": False}])

    def test_a_level_without_a_channel(self):
        self.assertRefused("has no channel", [self.first, {**self.reminder, "channel_email": False}])

    def test_a_letter_is_written(self):
        letter = {"channel_email": False, "channel_letter": True}
        self.assertRefused("choose its template", [{**self.first, **letter, "template_id": False}])

    def test_nothing_written(self):
        call = {**self.first, "channel_email": False, "channel_call": True}
        self.assertRefused("no level writes", [call])

    def test_consumer_needs_a_free_first_reminder(self):
        self.assertRefused("free", [self.reminder], regime="b2c")
        call = {**self.first, "channel_email": False, "channel_call": True}
        self.assertRefused("written first reminder", [call, self.reminder], regime="b2c")

    def test_courtesy_before_the_due_date(self):
        self.assertRefused("negative delay", [{"kind": "courtesy", "delay": 5, "delay_from": "due_date"}, self.first])

    def test_waiting_period_only_for_consumers(self):
        waits = {**self.reminder, "delay_from": "waiting_period"}
        self.assertRefused("not for consumers", [self.first, waits])

    def test_a_level_changed_later_is_checked_too(self):
        policy = self.policy([self.first, self.reminder])
        with self.assertRaisesRegex(ValidationError, "two first reminders"):
            policy.level_ids[1].kind = "first_reminder"
        with self.assertRaisesRegex(ValidationError, "no levels"):
            policy.level_ids.active = False

    def test_archived_policy_may_be_empty(self):
        self.policy([], active=False)

    def test_broken_condition(self):
        policy = self.policy([self.first])
        with self.assertRaisesRegex(ValidationError, "condition on customers cannot be read"):
            policy.domain = "[('no_such_field', '=', 1)]"
        with self.assertRaisesRegex(ValidationError, "condition on customers cannot be read"):
            policy.domain = "42"

    def test_copy_keeps_the_levels(self):
        copy = self.business_policy.copy()
        self.assertEqual(len(copy.level_ids.filtered("active")), 6)
        self.assertIn("copy", copy.name)

    def test_choice_own_then_matching_then_default(self):
        big = self.policy([self.first], domain="[('name', 'like', 'Bakkerij')]", sequence=1)
        own = self.policy([self.first, self.reminder], sequence=99)
        self.invoice()
        customer = self.refreshed()
        self.assertEqual(customer.policy_id, big)
        self.business.followup_policy_id = own
        self.assertEqual(self.refreshed().policy_id, own)
        self.business.followup_policy_id = False
        big.active = False
        self.assertEqual(self.refreshed().policy_id, self.business_policy)

    def test_an_authority_follows_the_business_policy(self):
        self.business.followup_authority = True
        self.invoice()
        customer = self.refreshed()
        self.assertEqual((customer.regime, customer.policy_id), ("b2g", self.business_policy))
