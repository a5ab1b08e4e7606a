import base64
import hashlib
import io
import re
import uuid

import psycopg2
from odoo import api, fields, models
from odoo.tools import format_date
from odoo.tools.image import image_data_uri
from PIL import Image
from reportlab.graphics.barcode.qr import QrCodeWidget

from ..engine import application, letter_pdf


class FollowupNotice(models.Model):
    """A letter: what stands on paper, printed in a batch, posted by a person.

    Printing is the claim of a letter, as the hand-over to the mail server is that of an e-mail: it is decided again
    under the lock of its customer, and from then on what it says is evidence.
    """

    _inherit = "followup.notice"

    letter_batch_id = fields.Many2one(
        "followup.letter.batch", "Batch", readonly=True, ondelete="restrict", index="btree_not_null", copy=False
    )
    letter_number = fields.Integer("No.", readonly=True, copy=False, help="Its place in the pile.")
    letter_pages = fields.Integer("Pages", readonly=True, copy=False)
    letter_pdf = fields.Binary("Letter", attachment=True, readonly=True, copy=False)
    letter_filename = fields.Char(compute="_compute_letter_filename")
    promised_until = fields.Date(
        "Free of Charge until (Printed)", readonly=True, copy=False, help="The last free day that the letter names."
    )
    posted_by = fields.Many2one("res.users", readonly=True, ondelete="set null", copy=False)
    posted_date = fields.Datetime("Marked as Posted", readonly=True, copy=False)
    letter_town = fields.Char("Town", compute="_compute_letter_town")

    @api.depends("name", "partner_id")
    def _compute_letter_filename(self):
        for notice in self:
            notice.letter_filename = f"{notice.name}.pdf"

    @api.depends("address")
    def _compute_letter_town(self):
        for notice in self:
            notice.letter_town = notice._letter_town()

    # What it says

    def _leaves_on(self):
        """The day from which terms count: a letter leaves some working days after it is printed."""
        self.ensure_one()
        day = self.prepared_on or self.company_id._followup_today()
        return self.company_id._followup_posting_day(day) if self.channel == "letter" else day

    def _promised_until(self):
        """The last of a consumer's free days, as the message names it."""
        self.ensure_one()
        return self.promised_until or self._free_until(self._leaves_on(), self.company_id, self._medium())

    def _letter_town(self):
        """Postal code and town, and the country where there is one, as they stand in the window."""
        self.ensure_one()
        lines = (self.address or "").splitlines()
        recipient = self.recipient_id or self.partner_id
        abroad = recipient.country_id and recipient.country_id != self.company_id.country_id
        return ", ".join(lines[-2:] if abroad else lines[-1:])

    def _wrap(self, intro):
        # EXTENDS: on paper
        self.ensure_one()
        if self.channel != "letter":
            return super()._wrap(intro)
        notice = self.sudo().with_context(lang=self.lang)
        values = notice._letter_values(intro)
        return self.env["ir.qweb"].with_context(lang=self.lang)._render("l10n_be_followup.followup_letter", values)

    def _letter_values(self, intro):
        """Everything that the frame of a letter shows: that of the e-mail, with nothing to click on."""
        self.ensure_one()
        if self.purpose == "level":
            values = self._prepare_body_values(intro)
        elif self.suspension_id:
            values = self._service_values(intro)
        else:
            values = self._agreement_values(intro)
        company, bank = self.company_id, values.get("bank")
        for row in (*values.get("totals", ()), *values.get("payments", ()), *values.get("rows", ())):
            if row.get("qr_url"):
                row["qr_url"] = self._letter_payment_qr(bank, row)
        link = self._answer_url() if self.purpose == "level" else values.get("link")
        return {
            **values,
            "letter": True,
            "purpose": self.purpose,
            # The QR codes are in the message itself: paper asks no server for them.
            "base_url": "",
            "links": {},
            "pay_link": None,
            "link": None,
            "online_qr": self._qr_picture(link) if link else None,
            "address": (self.address or "").splitlines(),
            "logo": bool(company.logo and not company.uses_default_logo),
            "abroad": self.recipient_id.country_id != company.country_id,
            "sender_email": (self.responsible_id.email if self.responsible_id else None) or company.email,
            "website": re.sub(r"^https?://|/$", "", company.website or ""),
            "enclosures": self._enclosures(),
            "fmt_long": lambda day: format_date(self.env, day, lang_code=self.lang, date_format="d MMMM yyyy"),
        }

    def _letter_payment_qr(self, bank, row):
        reference = row.get("reference") or self.reference or ""
        amount = row["due"] if isinstance(row.get("due"), float) else row["amount"]
        return bank.sudo().build_qr_code_base64(
            amount, reference, reference, row["currency"], self.partner_id, silent_errors=True
        )

    @api.model
    def _qr_picture(self, text):
        """:return: the QR code of a text as data URI"""
        code = QrCodeWidget(text, barLevel="L").qr
        code.make()
        size = code.getModuleCount()
        picture = Image.new("1", (size, size), 1)
        picture.putdata([0 if code.isDark(row, column) else 1 for row in range(size) for column in range(size)])
        png = io.BytesIO()
        picture.resize((size * 6, size * 6)).save(png, "PNG")
        return image_data_uri(base64.b64encode(png.getvalue()))

    def _enclosures(self):
        """Names of what goes with the letter."""
        self.ensure_one()
        if self.purpose == "level":
            moves = self.line_ids.move_id.filtered(lambda move: move.is_invoice())
            return moves.mapped("name") if self.level_id.attach_invoices else []
        return [self.arrangement_id.name] if self.purpose == "arrangement" else []

    def _enclosed_pdfs(self):
        """:rtype: list of bytes"""
        self.ensure_one()
        attached = self.sudo().attachment_ids.filtered(lambda file: file.mimetype == "application/pdf")
        return [file.raw for file in attached.sorted("id")]

    def _fingerprint(self):
        # EXTENDS: a letter is proved by its pages
        fingerprint = super()._fingerprint()
        if self.channel != "letter":
            return fingerprint
        pages = hashlib.sha256(base64.b64decode(self.letter_pdf or b"")).hexdigest()
        return hashlib.sha256(f"{fingerprint}\n{self.address}\n{pages}".encode()).hexdigest()

    # Printing

    def _for_post(self):
        """In the order of the covering list: own country first, postal code, name."""

        def place(letter):
            recipient = letter.recipient_id or letter.partner_id
            country = recipient.country_id
            abroad = bool(country) and country != letter.company_id.country_id
            return abroad, country.code or "" if abroad else "", recipient.zip or "", letter.address or "", letter.id

        return self.sorted(place)

    def _ready_to_print(self):
        """Lock the customers of these letters, decide each again, and leave out what must not go.

        :return: the letters that may be printed now, by this process and no other
        """
        customers = self.customer_id.try_lock_for_update(allow_referencing=True)
        letters = self.filtered(lambda letter: letter.customer_id in customers).try_lock_for_update()
        letters.invalidate_recordset()
        letters = letters.filtered(lambda letter: letter.channel == "letter" and letter.state == "queued")
        company = self.company_id
        live = company._followup_live_partners(letters.partner_id)
        unseen = letters.filtered(lambda letter: not letter.approved_by and letter.partner_id not in live)
        no_mail = self.env["mail.mail"]
        for letter in unseen:
            letter._back_to_review(no_mail, "outside_segment" if company.followup_live else "safe_mode")
        letters = (letters - unseen)._printable()
        if not letters:
            return letters
        engine = self.env["followup.engine"]
        today = company._followup_today()
        about_levels = letters.filtered(lambda letter: letter.purpose == "level")
        decisions = engine._decide_for_letters(about_levels, today) if about_levels else {}
        # What two letters to one customer claim is worked out for each of them.
        one_each = [same for same in about_levels.grouped("customer_id").values() if len(same) == 1]
        taken = [decisions[same.id] for same in one_each if decisions[same.id].message]
        amounts = application.Known.of(self.env, taken, engine._claims_of(company, taken, today))
        by_batch = {same.id for same in one_each}
        ready = self.browse()
        for letter in letters:
            try:
                with self.env.cr.savepoint():
                    if letter.purpose == "level":
                        known = amounts if letter.id in by_batch else None
                        right = letter._decide_again(no_mail, decisions[letter.id], known)
                    else:
                        right = letter._still_right(no_mail)
                    if right:
                        # What goes with it must be printable too.
                        for content in letter._enclosed_pdfs():
                            letter_pdf.number_of_pages(content)
            except psycopg2.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001
                # A template that broke since: this letter fails, the others are printed.
                self.env.invalidate_all()
                letter._fail(str(error))
                continue
            if right:
                ready |= letter
        return ready._without_twins()

    def _set_printed(self, batch, number, content):
        """Freeze a letter as it came out of the printer.

        :param content: its own pages (bytes)
        """
        self.ensure_one()
        self.with_context(followup_engine=True).write(
            {
                "letter_pdf": base64.b64encode(content),
                "letter_pages": letter_pdf.number_of_pages(content),
                "letter_batch_id": batch.id,
                "letter_number": number,
                "promised_until": self._promised_until() if self._begins_free_days() else False,
            }
        )
        self._go(
            "printed",
            claim_date=fields.Datetime.now(),
            attempt=str(uuid.uuid4()),
            attempts=self.attempts + 1,
            sha256=self._fingerprint(),
            failure=False,
        )

    def _begins_free_days(self):
        """Whether it is a consumer's free first reminder for some item."""
        self.ensure_one()
        return self.regime == "b2c" and "first_reminder" in self.line_ids.filtered("advances").mapped("level_kind")

    def _again(self):
        """Back to the letters to print: the paper is thrown away."""
        again = self.with_context(followup_engine=True)
        again.write({"letter_batch_id": False, "letter_number": 0, "letter_pdf": False, "promised_until": False})
        self._go("queued", claim_date=False, sha256=False)
