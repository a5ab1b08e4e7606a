from odoo import api, fields, models


class FollowupAssistant(models.Model):
    """What lies before and after the cut-off date, what is hidden, and who would be live: counted in the books."""

    _inherit = "followup.assistant"

    before_count = fields.Integer("Overdue, older", compute="_compute_cutoff")
    before_amount = fields.Monetary("Their total", compute="_compute_cutoff")
    after_count = fields.Integer("Overdue, followed up", compute="_compute_cutoff")
    after_amount = fields.Monetary("Total of those", compute="_compute_cutoff")
    after_customers = fields.Integer("Customers", compute="_compute_cutoff")
    coming_count = fields.Integer("Not due yet", compute="_compute_cutoff")
    coming_amount = fields.Monetary("Total not due yet", compute="_compute_cutoff")
    import_ids = fields.Many2many("followup.reminder.import", compute="_compute_import_ids", string="Imports")
    imported_count = fields.Integer("Items reminded elsewhere", compute="_compute_import_ids")
    older_count = fields.Integer("Older items to look at", compute="_compute_older")
    older_amount = fields.Monetary("Total of older items", compute="_compute_older")
    older_included = fields.Integer("Followed up anyway", compute="_compute_older")
    older_left = fields.Integer("Left alone", compute="_compute_older")
    hidden_count = fields.Integer("Marked as No Follow-Up", compute="_compute_hidden")
    hidden_amount = fields.Monetary("Total marked", compute="_compute_hidden")
    nobody_count = fields.Integer("Without a customer", compute="_compute_hidden")
    nobody_amount = fields.Monetary("Total without a customer", compute="_compute_hidden")
    segment_count = fields.Integer("Customers with open items who are live", compute="_compute_segment")
    outside_count = fields.Integer("Customers who wait", compute="_compute_segment")

    @api.depends("cutoff_date", "company_id")
    def _compute_cutoff(self):
        """Straight from the books, so that it is right before the first night."""
        for record in self:
            today = record.company_id._followup_today()
            cutoff = record.cutoff_date or today
            late, coming = ("date_maturity", "<", today), ("date_maturity", ">=", today)
            record.before_count, record.before_amount, _customers = record._count(late, ("date_maturity", "<", cutoff))
            record.after_count, record.after_amount, record.after_customers = record._count(
                late, ("date_maturity", ">=", cutoff)
            )
            record.coming_count, record.coming_amount, _customers = record._count(coming)

    def _count(self, *conditions):
        """Open items that follow-up may see: how many, their total, of how many customers."""
        domain = [*self._open_domain(), ("no_followup", "=", False), ("partner_id", "!=", False), *conditions]
        [(count, amount, customers)] = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(domain, [], ["__count", "amount_residual:sum", "partner_id:count_distinct"])
        )
        return count, amount, customers

    def _open_domain(self):
        self.ensure_one()
        return [
            ("parent_state", "=", "posted"),
            ("account_type", "=", "asset_receivable"),
            ("reconciled", "=", False),
            ("amount_residual", ">", 0),
            ("company_id", "child_of", self.company_id.id),
        ]

    @api.depends("company_id")
    def _compute_import_ids(self):
        for record in self:
            imports = self.env["followup.reminder.import"].search([("company_id", "=", record.company_id.id)])
            record.import_ids = imports
            record.imported_count = self.env["followup.reminder.import.line"].search_count(
                [("import_id", "in", imports.ids), ("live", "=", True)]
            )

    def _older_domain(self):
        self.ensure_one()
        today = self.company_id._followup_today()
        return [
            ("company_id", "=", self.company_id.id),
            ("is_open", "=", True),
            ("date_maturity", "<", min(self.cutoff_date or today, today)),
            ("move_line_id.no_followup", "=", False),
        ]

    @api.depends("cutoff_date", "company_id")
    def _compute_older(self):
        for record in self:
            items = self.env["followup.item"].search(record._older_domain())
            items.sudo().move_line_id.fetch(["amount_residual"])
            open_ones = items.filtered(lambda item: not item.included and not item.left_alone)
            record.older_count = len(open_ones)
            record.older_amount = sum(open_ones.sudo().move_line_id.mapped("amount_residual"))
            record.older_included = len(items.filtered("included"))
            record.older_left = len(items.filtered("left_alone"))

    def _hidden_domain(self):
        return [*self._open_domain(), ("date_maturity", "<", self.company_id._followup_today())]

    @api.depends("company_id")
    def _compute_hidden(self):
        lines = self.env["account.move.line"].sudo()
        for record in self:
            domain = record._hidden_domain()
            [(record.hidden_count, record.hidden_amount)] = lines._read_group(
                [*domain, ("no_followup", "=", True), ("partner_id", "!=", False)],
                [],
                ["__count", "amount_residual:sum"],
            )
            [(record.nobody_count, record.nobody_amount)] = lines._read_group(
                [*domain, ("partner_id", "=", False)], [], ["__count", "amount_residual:sum"]
            )

    @api.depends("live_scope", "live_domain", "company_id")
    def _compute_segment(self):
        for record in self:
            customers = (
                self.env["followup.customer"]
                .sudo()
                .search([("company_id", "=", record.company_id.id), ("item_ids", "any", [("is_open", "=", True)])])
            )
            inside = (
                record.company_id.sudo()
                .with_context(followup_as_if_segment=record._segment())
                ._followup_live_partners(customers.partner_id)
            )
            record.segment_count = len(inside)
            record.outside_count = len(customers) - len(inside)

    def _segment(self):
        self.ensure_one()
        return (self.live_domain or "[]") if self.live_scope == "segment" else "[]"

    # Lists behind the figures

    def action_open_older(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_item_action_older")
        return action | {"domain": self._older_domain()}

    def action_open_hidden(self):
        return self._action_lines(self.env._("Marked as No Follow-Up"), ("no_followup", "=", True))

    def action_open_nobody(self):
        return self._action_lines(self.env._("Without a customer"), ("partner_id", "=", False))

    def _action_lines(self, name, condition):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.account_move_line_action_hidden")
        extra = [condition] if condition[0] == "partner_id" else [condition, ("partner_id", "!=", False)]
        return action | {"name": name, "domain": [*self._hidden_domain(), *extra]}

    def action_import_file(self):
        return self._action_import("file")

    def action_import_bulk(self):
        return self._action_import("bulk")

    def _action_import(self, source):
        self.ensure_one()
        self._for_manager()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reminders sent elsewhere"),
            "res_model": "followup.reminder.import",
            "views": [(False, "form")],
            "context": {
                "default_source": source,
                "default_company_id": self.company_id.id,
                "default_bulk_before": fields.Date.to_string(self.cutoff_date),
            },
        }

    def action_open_imports(self):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_reminder_import_action")
