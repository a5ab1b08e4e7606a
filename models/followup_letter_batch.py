import base64
import logging
import time

import psycopg2
from lxml import html
from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open, format_amount, format_date, plaintext2html
from odoo.tools.image import image_data_uri, image_process

from ..engine import letter_pdf, watch

_logger = logging.getLogger(__name__)

#: So many letters are printed in one go: a PDF of a size that printers take, made within the time of a request.
MAX_LETTERS = 200


class FollowupLetterBatch(models.Model):
    """Letters printed together: one PDF with a covering list, posted as one pile.

    A batch is made by printing and holds what was printed. Everything happens in one transaction: what is interrupted
    leaves the letters where they were, and nothing on paper.
    """

    _name = "followup.letter.batch"
    _description = "Batch of Letters"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char("Batch", readonly=True, copy=False)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Printed By", readonly=True)
    date = fields.Date("Printed On", required=True, readonly=True)
    expected_on = fields.Date(
        "Expected at the Post", readonly=True, help="The day from which the dates in the letters count."
    )
    posted_on = fields.Date(readonly=True, tracking=True)
    state = fields.Selection(
        [("draft", "Being printed"), ("printed", "Printed, to post"), ("posted", "Posted")],
        compute="_compute_state",
        store=True,
        index=True,
    )
    letter_ids = fields.One2many("followup.notice", "letter_batch_id", "Letters", readonly=True)
    letter_count = fields.Integer("Letters Printed", compute="_compute_letters", store=True)
    to_post_count = fields.Integer("To Post", compute="_compute_letters", store=True)
    page_count = fields.Integer("Pages", readonly=True, help="With enclosures, without the covering list.")
    amount_total = fields.Monetary("Amount", readonly=True)
    document = fields.Binary("Letters to Print", attachment=True, readonly=True, copy=False)
    filename = fields.Char(compute="_compute_filename")

    @api.depends("letter_ids.state")
    def _compute_state(self):
        for batch in self:
            states = set(batch.letter_ids.mapped("state"))
            batch.state = "printed" if "printed" in states else "posted" if states else "draft"

    @api.depends("letter_ids.state")
    def _compute_letters(self):
        for batch in self:
            batch.letter_count = len(batch.letter_ids)
            batch.to_post_count = len(batch.letter_ids.filtered(lambda letter: letter.state == "printed"))

    @api.depends("name")
    def _compute_filename(self):
        for batch in self:
            batch.filename = f"{batch.name}.pdf"

    @api.model_create_multi
    def create(self, vals_list):
        batches = super().create(vals_list)
        for batch in batches:
            batch.name = f"LB{batch.id:05d}"
        return batches

    def write(self, vals):
        """What was printed is no user's to change: he writes messages and plans activities."""
        if not self.env.su:
            written = [
                name
                for name in vals
                if name in self._fields
                and self._fields[name].store
                and (self._fields[name].readonly or self._fields[name].compute)
            ]
            if written:
                raise AccessError(self.env._("What was printed cannot be changed: %s", ", ".join(written)))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_printed(self):
        if self.letter_ids:
            raise UserError(self.env._("A batch with letters cannot be deleted: it is evidence of what was printed."))

    # Printing

    @api.model
    def _print(self, letters):
        """Print letters: decide each again, make one PDF, freeze.

        Letters that somebody else is printing, or whose customer is being worked on, are left for the next batch.

        :param letters: `followup.notice` that wait to be printed, in superuser mode
        :return: action that opens the batch, or says why there is none
        :raises UserError: when nothing may be printed at all
        """
        letters.company_id._followup_check_may_write()
        letters.company_id._followup_check_not_stopped()
        batches, left = self.sudo().browse(), []
        for company, own in letters.grouped("company_id").items():
            self._check_pause(company)
            batch, words = self.sudo()._print_batch(company, own)
            batches |= batch
            left += words
        letters.customer_id.with_env(self.env).sudo()._refresh()
        return batches.with_env(self.env)._action_printed(left)

    @api.model
    def _check_pause(self, company):
        root = company._followup_root()
        if root.followup_pause_until and root.followup_pause_until >= root._followup_today():
            raise UserError(
                self.env._(
                    "Follow-up of %(company)s is paused until %(date)s: no letters are printed. Change the pause in "
                    "Settings > Invoicing > Follow-up.",
                    company=root.name,
                    date=format_date(self.env, root.followup_pause_until),
                )
            )

    @api.model
    def _print_batch(self, company, letters):
        """One batch of one company.

        :return: (batch, empty when no letter was left; what became of the letters that are not in it)
        """
        began = time.monotonic()
        wanted = letters._for_post()[:MAX_LETTERS]
        ready = wanted._ready_to_print()
        batch = self.browse()
        if ready:
            today = company._followup_today()
            batch = self.create(
                {
                    "company_id": company.id,
                    "user_id": self.env.uid,
                    "date": today,
                    "expected_on": company._followup_posting_day(today),
                }
            )
            pages, cover = batch._make_pages(ready._for_post())
            batch._keep(ready._for_post(), pages, cover)
            if not batch.letter_ids:
                batch.unlink()
                batch = self.browse()
        words = batch._describe_left(letters, wanted)
        _logger.info(
            "%s",
            watch.line(
                "letters",
                company=company.id,
                batch=batch.name or None,
                asked=len(letters),
                printed=len(batch.letter_ids),
                pages=batch.page_count,
                user=self.env.user.login,
                seconds=time.monotonic() - began,
            ),
        )
        if batch and words:
            batch.message_post(body=plaintext2html("\n".join(words)))
        return batch, words

    def _describe_left(self, letters, wanted):
        """What became of letters that were asked for and are not in the batch, in words."""
        words = []
        for letter in wanted - self.letter_ids:
            who = f"{letter.name} ({letter.partner_id.display_name})"
            if letter.state == "cancelled":
                words.append(self.env._("%(who)s: not printed, %(why)s.", who=who, why=letter.cancel_reason))
            elif letter.state == "review":
                words.append(self.env._("%(who)s: back to review, %(why)s.", who=who, why=letter.review_text))
            elif letter.state == "failed":
                words.append(self.env._("%(who)s: failed, %(why)s", who=who, why=letter.failure))
            elif letter.state == "queued" and letter.held_by:
                why = dict(letter._fields["held_by"]._description_selection(self.env))[letter.held_by]
                words.append(self.env._("%(who)s: held back, %(why)s.", who=who, why=why))
            elif letter.state == "queued":
                words.append(self.env._("%s: somebody is busy with this customer; it waits for the next batch.", who))
            else:
                words.append(self.env._("%s: printed by somebody else.", who))
        more = len(letters - wanted)
        if more:
            words.append(
                self.env._(
                    "%(number)s letters are left for the next batch: one batch holds %(most)s at most.",
                    number=more,
                    most=MAX_LETTERS,
                )
            )
        return words

    def _keep(self, letters, pages, cover):
        """Freeze the letters, and keep the PDF for the printer.

        :param pages: dict of letter -> its own pages (bytes)
        :param cover: the covering list (bytes)
        """
        self.ensure_one()
        printed = letters.filtered(lambda letter: letter in pages)
        documents = []
        for number, letter in enumerate(printed, start=1):
            letter._set_printed(self, number, pages[letter])
            documents += [pages[letter], *letter._enclosed_pdfs()]
        self.invalidate_recordset(["letter_ids"])
        if not printed:
            return
        duplex = self.company_id._followup_root().followup_letter_duplex
        self.write(
            {
                "document": base64.b64encode(letter_pdf.join([cover, *documents], duplex)),
                "page_count": sum(letter_pdf.number_of_pages(content) for content in documents),
                "amount_total": sum(printed.mapped("amount_to_pay")),
            }
        )
        self.message_post(body=self.env._("%s letters printed.", len(printed)))

    # PDF

    def _make_pages(self, letters):
        """Pages of each letter, and the covering list: one call of wkhtmltopdf.

        A letter that breaks the PDF is found by halving, and fails; the others are printed.

        :return: (dict of letter -> bytes, covering list as bytes)
        """
        pages, cover = self._halve(letters)
        if len(pages) != len(letters) or cover is None:
            # The list names what is in the pile, no more.
            good = letters.filtered(lambda letter: letter in pages)
            if good:
                pages, cover = self._convert(good)
        return pages, cover

    def _halve(self, letters):
        try:
            with self.env.cr.savepoint():
                return self._convert(letters)
        except psycopg2.OperationalError:
            raise
        except (UserError, ValueError) as error:
            self.env.invalidate_all()
            if len(letters) == 1:
                _logger.info("Letter %s cannot be printed", letters.name, exc_info=True)
                letters._fail(self.env._("the letter cannot be printed: %s", error))
                return {}, None
            self._check_printer()
            half = len(letters) // 2
            return {**self._halve(letters[:half])[0], **self._halve(letters[half:])[0]}, None

    @api.model
    def _check_printer(self):
        if self.env["ir.actions.report"].get_wkhtmltopdf_state() not in ("ok", "workers"):
            raise UserError(
                self.env._("Letters cannot be printed: wkhtmltopdf is missing on the server. Install it and try again.")
            )

    def _convert(self, letters):
        """:return: (dict of letter -> bytes, covering list as bytes)
        :raises UserError: of wkhtmltopdf
        :raises ValueError: when the PDF does not hold what it should
        """
        self._check_printer()
        found = letter_pdf.cut(self._to_pdf(self._document(letters)))
        cover = found.pop(self.name, None)
        if cover is None or set(found) != set(letters.mapped("name")):
            raise letter_pdf.LetterError(self.env._("the pages of the letters are not complete"))
        by_name = {letter.name: letter for letter in letters}
        return {by_name[name]: content for name, content in found.items()}, cover

    @api.model
    def _to_pdf(self, document):
        """The one call of wkhtmltopdf."""
        paper = self.env.ref("l10n_be_followup.followup_letter_paperformat")
        report = self.env["ir.actions.report"].sudo().with_context(followup_letters=True)
        return report.new({"paperformat_id": paper.id})._run_wkhtmltopdf([document])

    def _document(self, letters):
        """One HTML document of the covering list and all letters."""
        root = self.company_id._followup_root()
        letters._ensure_rendered()
        values = {
            "css": Markup(_static("letter.css")),  # noqa: S704 - a file of ours
            "script": Markup(_static("letter_pages.js")),  # noqa: S704 - a file of ours
            "cover": self._cover(letters),
            "letters": [_tidy(letter.body) for letter in letters],
            "logo": self._logo(),
            "window": root.followup_letter_window,
        }
        document = self.env["ir.qweb"]._render("l10n_be_followup.followup_letter_document", values)
        return f"<!DOCTYPE html>\n{document}"

    def _cover(self, letters):
        """The covering list, in the order of the pile."""
        rows = [
            {
                "number": number,
                "customer": letter.partner_id.display_name,
                "town": letter.letter_town,
                "reference": letter.name,
                "title": letter.title,
                "amount": format_amount(self.env, letter.amount_to_pay, letter.currency_id),
                "extra": sum(letter_pdf.number_of_pages(content) for content in letter._enclosed_pdfs()),
            }
            for number, letter in enumerate(letters, start=1)
        ]
        return self.env["ir.qweb"]._render(
            "l10n_be_followup.followup_letter_cover",
            {"batch": self, "rows": rows, "fmt_date": lambda day: format_date(self.env, day)},
        )

    def _logo(self):
        """The company's logo as data URI, in a size for paper; None without one of its own."""
        company = self.company_id
        if not company.logo or company.uses_default_logo:
            return None
        try:
            picture = image_process(base64.b64decode(company.logo), size=(700, 200), output_format="PNG")
        except UserError:
            return None  # a drawing (SVG), which the letter does without
        return image_data_uri(base64.b64encode(picture))

    # Screens

    def _action_printed(self, left):
        if len(self) == 1:
            return self._action_open()
        if self:
            action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_letter_batch_action")
            return action | {"domain": [("id", "in", self.ids)], "context": {}}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Nothing was printed"),
                "message": "\n".join(left),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _action_open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Letters"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_open_pdf(self):
        """The PDF for the printer; once posted, every page says that it is a copy."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/followup/letters/{self.id}", "target": "new"}

    def action_post(self):
        """Mark what lies in the pile as posted."""
        self.ensure_one()
        return self.letter_ids.filtered(lambda letter: letter.state == "printed").action_post_letters()

    def action_open_letters(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_notice_action_letters")
        return action | {"domain": [("letter_batch_id", "=", self.id)], "context": {}}

    def _print_pdf(self):
        """:return: (file name, bytes)"""
        self.ensure_one()
        if not self.document:
            raise UserError(self.env._("Batch %s holds no letters to print.", self.name))
        if self.state == "printed":
            return self.filename, base64.b64decode(self.document)
        copies = [letter._copy_pdf()[1] for letter in self.letter_ids.sorted("letter_number") if letter.letter_pdf]
        if not copies:
            raise UserError(self.env._("The letters of batch %s were taken out of the pile.", self.name))
        return f"{self.name}-copy.pdf", letter_pdf.join(copies)

    # Letters that nobody prints or posts

    @api.model
    def _remind(self, company, today):
        """One task for each responsible person whose letters wait too long; done when none waits any more."""
        letters = self.env["followup.notice"]
        forgotten = letters._waits("queued", company, today) | letters._waits("printed", company, today)
        kind = self.env.ref("l10n_be_followup.mail_activity_type_letters")
        known = self.env["mail.activity"].search(
            [
                ("activity_type_id", "=", kind.id),
                ("res_model", "=", "followup.customer"),
                ("res_id", "in", self.env["followup.customer"]._search([("company_id", "=", company.id)])),
            ]
        )
        by_user = forgotten.grouped(lambda letter: letter.responsible_id or letter.customer_id._default_responsible())
        known.filtered(lambda activity: activity.user_id not in by_user).unlink()
        for user, own in by_user.items():
            if known.filtered(lambda activity, user=user: activity.user_id == user):
                continue
            oldest = own.sorted(lambda letter: (letter.prepared_on, letter.id))[0]
            words = self.with_context(lang=user.lang).env._
            summary = words("%s letters wait to be printed or posted", len(own))
            oldest.customer_id.with_context(mail_activity_quick_update=True).activity_schedule(
                "l10n_be_followup.mail_activity_type_letters",
                summary=summary,
                date_deadline=today,
                user_id=user.id,
            )


def _static(name):
    with file_open(f"l10n_be_followup/static/src/letter/{name}") as file:
        return file.read()


def _tidy(body):
    """One well-formed element of a letter: nothing that runs, and nothing that a network would have to bring."""
    tree = html.fragment_fromstring(str(body or ""), create_parent="div")
    for node in tree.xpath(".//script | .//link | .//iframe | .//object | .//embed | .//style"):
        node.drop_tree()
    for image in tree.xpath(".//img"):
        source = image.get("src") or ""
        if not source.startswith("data:") and "o_letter_logo" not in (image.get("class") or ""):
            image.drop_tree()
    letters = tree.find_class("o_followup_letter")
    if len(letters) != 1:
        raise letter_pdf.LetterError("the message has no frame of a letter")
    return Markup(html.tostring(letters[0], encoding="unicode"))  # noqa: S704 - the frozen message itself
