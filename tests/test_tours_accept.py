from datetime import date

from odoo.tests import tagged

from .test_portal_agreements import PortalCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestToursAccept(PortalCommon):
    """The customer's own pages in a real browser, without an account."""

    def test_accept_an_arrangement(self):
        self.env["res.partner.bank"].create(
            {
                "acc_number": "BE71096123456769",
                "partner_id": self.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        arrangement = self.arrange()
        self.start_tour(arrangement.get_portal_url(), "l10n_be_followup_accept", login=None)
        self.env.invalidate_all()
        self.assertEqual((arrangement.state, arrangement.accepted_name), ("active", "Els Bakker"))

    def test_answer_a_reminder(self):
        self.invoice(amount=80)
        self.night()
        [notice] = self.notices()
        self.deliver(notice)
        self.env.flush_all()
        url = f"/my/followup/{notice.id}?access_token={notice.access_token}"
        self.start_tour(url, "l10n_be_followup_answer", login=None)
        self.env.invalidate_all()
        promise = self.env["followup.promise"].search([("partner_id", "=", self.business.id)])
        self.assertEqual((promise.date, promise.channel), (date(2026, 11, 27), "portal"))
