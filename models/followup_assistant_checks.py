import base64
import logging

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from stdnum.be import vat as be_vat

from ..engine import application

_logger = logging.getLogger(__name__)


class FollowupAssistant(models.Model):
    """The checks themselves. Run when a person asks: the mail server is really spoken to."""

    _inherit = "followup.assistant"

    check_ids = fields.One2many("followup.assistant.check", "assistant_id", "Checks", readonly=True)
    checked_date = fields.Datetime("Checked On", readonly=True)
    bad_count = fields.Integer(compute="_compute_bad_count")
    warning_count = fields.Integer(compute="_compute_bad_count")

    @api.depends("check_ids.status")
    def _compute_bad_count(self):
        for record in self:
            record.bad_count = len(record.check_ids.filtered(lambda check: check.status == "bad"))
            record.warning_count = len(record.check_ids.filtered(lambda check: check.status == "warning"))

    def action_check(self):
        """Look at everything now; the mail server is connected to, nothing is sent."""
        self.ensure_one()
        self._for_manager()._check_all()
        return True

    def _check_all(self):
        self.check_ids.unlink()
        rows = []
        for sequence, (code, name, method) in enumerate(self._checks()):
            status, message = method()
            rows.append(
                {
                    "assistant_id": self.id,
                    "sequence": sequence,
                    "code": code,
                    "name": name,
                    "status": status,
                    "message": message,
                }
            )
        self.env["followup.assistant.check"].create(rows)
        self.write({"checked_date": fields.Datetime.now(), "accepted": False})

    def _leave_checks(self):
        if not self.checked_date:
            raise UserError(self.env._("Press Check now first."))
        bad = self.check_ids.filtered(lambda check: check.status == "bad")
        if bad:
            raise UserError(
                self.env._(
                    "Put these points right first, then check again: %s.",
                    ", ".join(bad.mapped("name")),
                )
            )
        if self.warning_count and not self.accepted:
            raise UserError(
                self.env._("Some points are orange. Put them right, or say with the tick that you know of them.")
            )

    def _checks(self):
        """What is looked at, in order: code, name, method that answers (status, what was found)."""
        return [
            ("server", self.env._("Outgoing mail"), self._check_server),
            ("sender", self.env._("Sender"), self._check_sender),
            ("bounces", self.env._("Returned e-mails"), self._check_bounces),
            ("company", self.env._("Company data"), self._check_company_data),
            ("bank", self.env._("Payment account"), self._check_bank),
            ("qr", self.env._("QR code"), self._check_qr),
            ("policies", self.env._("Policies"), self._check_policies),
            ("data", self.env._("Bank data"), self._check_data),
            ("night", self.env._("The nightly run"), self._check_night),
        ]

    def _check_server(self):
        address = tools.email_normalize(self.company_id.email or "") or self.env.user.email_normalized or False
        servers = self.env["ir.mail_server"].sudo()
        server, smtp_from = servers._find_mail_server(address or "")
        server = server or servers  # none in Odoo: the one of the configuration file
        name = server.name or self.env._("the server of the Odoo configuration file")
        smtp = None
        try:
            smtp = servers._connect__(mail_server_id=server.id or None, smtp_from=smtp_from or address)
            if smtp is None:
                return "warning", self.env._("No e-mail leaves this database: sending is switched off (test mode).")
            if address:
                code, reply = smtp.mail(smtp_from or address)
                if code != 250:
                    return "bad", self.env._(
                        "%(server)s refuses the sender %(address)s: %(reply)s. Correct the sender or the server.",
                        server=name,
                        address=address,
                        reply=reply.decode(errors="replace"),
                    )
        except Exception as error:
            # Whatever a server or a wrong setting answers: it is what the person must read.
            _logger.info("The mail server did not answer the start assistant", exc_info=True)
            return "bad", self.env._(
                "No connection with %(server)s: %(error)s. Set up an outgoing mail server, or correct it.",
                server=name,
                error=str(error).strip().split("\n")[-1][:200],
            )
        finally:
            if smtp is not None:
                try:
                    smtp.quit()
                except Exception:
                    _logger.debug("The mail server hung up first", exc_info=True)
        return "ok", self.env._("Connected with %s, and it takes your sender address.", name)

    def _check_sender(self):
        address = tools.email_normalize(self.company_id.email or "")
        if not address:
            return "bad", self.env._("Your company has no valid e-mail address to send from. Fill it in.")
        return "ok", self.env._(
            "Notices come from %s, or from the responsible person.", self.company_id.email_formatted
        )

    def _check_bounces(self):
        if not self.company_id.bounce_email:
            return "warning", self.env._(
                "There is no address for returned e-mails, so nobody sees them, and what stands on a consumer's fourteen "
                "days waits for a person. Set up an alias domain in the general settings."
            )
        incoming = self.env["fetchmail.server"].sudo().search_count([("state", "=", "done")], limit=1)
        if not incoming:
            return "warning", self.env._(
                "Returned e-mails go to %s, but no incoming mail server fetches them here. Set one up, unless your "
                "provider delivers them to Odoo in another way.",
                self.company_id.bounce_email,
            )
        return "ok", self.env._("Returned e-mails come in on %s.", self.company_id.bounce_email)

    def _check_company_data(self):
        company = self.company_id
        number = company.company_registry or company.vat or ""
        if company.country_id.code in (False, "BE") and not be_vat.is_valid(number):
            return "bad", (
                self.env._("The enterprise number %s is not valid. Correct it: it stands in every notice.", number)
                if number
                else self.env._("The enterprise number is missing. A first reminder to a consumer must hold it.")
            )
        missing = [
            label
            for label, value in (
                (self.env._("street"), company.street),
                (self.env._("postcode"), company.zip),
                (self.env._("city"), company.city),
                (self.env._("phone"), company.phone),
            )
            if not value
        ]
        if missing:
            return "warning", self.env._("Missing: %s. Customers who want to react look for it.", ", ".join(missing))
        return "ok", self.env._(
            "%(name)s, %(number)s", name=company.name, number=application.enterprise_number(company)
        )

    def _bank(self):
        return self.company_id.partner_id.bank_ids.filtered("active")[:1]

    def _check_bank(self):
        bank = self._bank()
        if not bank:
            return "bad", self.env._("Your company has no bank account, so customers cannot pay. Add one.")
        if bank.acc_type != "iban":
            return "warning", self.env._("%s is no IBAN: no QR code can be made for it. Correct it.", bank.acc_number)
        return "ok", self.env._("Customers pay on %s, unless the invoice names another account.", bank.acc_number)

    def _check_qr(self):
        bank = self._bank()
        euro = self.env.ref("base.EUR")
        reference = application.structured_reference("9", 1)
        try:
            image = bank and bank.build_qr_code_base64(
                12.34, reference, reference, euro, self.company_id.partner_id, silent_errors=False
            )
        except (UserError, ValidationError) as error:
            return "warning", self.env._("No QR code: %s", str(error))
        if not image:
            return "warning", self.env._("No QR code can be made: it needs an IBAN of your company.")
        size = len(base64.b64decode(image.partition(",")[2] or b"")) // 1024 + 1
        return "ok", self.env._("A QR code was made for %(account)s (%(size)s kB).", account=bank.acc_number, size=size)

    def _check_policies(self):
        policies = self.env["followup.policy"].search([("company_id", "in", (self.company_id.id, False))])
        for policy in policies:
            try:
                policy._check_ladder()
            except ValidationError as error:
                return "bad", str(error)
        for regime, text in (
            ("b2b", self.env._("No policy for businesses: they would get nothing. Make one.")),
            ("b2c", self.env._("No policy for consumers: they would get nothing. Make one.")),
        ):
            if regime not in policies.mapped("regime"):
                return "bad", text
        return "ok", self.env._("%s policies, each complete.", len(policies))

    def _check_data(self):
        warning = self.env["followup.engine"]._bank_data_warning(self.company_id)
        return ("warning", warning) if warning else ("ok", self.env._("Payments are up to date."))

    def _check_night(self):
        names = ("l10n_be_followup.ir_cron_followup_night", "mail.ir_cron_mail_scheduler_action")
        for name in names:
            cron = self.env.ref(name, raise_if_not_found=False)
            if not cron or not cron.sudo().active:
                return "bad", self.env._(
                    "The scheduled action %s is switched off: nothing would happen by itself. Switch it on.",
                    cron.sudo().name if cron else name,
                )
        return "ok", self.env._("The night prepares, and the mail queue sends in your sending hours.")

    def _check_action(self, code):
        """The screen on which a point is put right."""
        actions = {
            "server": "base.action_ir_mail_server_list",
            "bounces": "base_setup.action_general_configuration",
            "policies": "l10n_be_followup.followup_policy_action",
            "data": "account.open_account_journal_dashboard_kanban",
            "night": "base.ir_cron_act",
        }
        if code in actions:
            return self.env["ir.actions.actions"]._for_xml_id(actions[code])
        if code in ("bank", "qr"):
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Bank accounts"),
                "res_model": "res.partner.bank",
                "views": [(False, "list"), (False, "form")],
                "domain": [("partner_id", "=", self.company_id.partner_id.id)],
                "context": {"default_partner_id": self.company_id.partner_id.id},
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.company_id.name,
            "res_model": "res.company",
            "res_id": self.company_id.id,
            "views": [(False, "form")],
        }
