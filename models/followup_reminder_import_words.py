from odoo import models


class FollowupReminderImport(models.Model):
    """What is wrong with a file or a line, each with the cure, in the reader's language."""

    _inherit = "followup.reminder.import"

    def _describe(self):
        self.ensure_one()
        if self.file_problem:
            return self.file_problem
        if self.state == "undone":
            return self.env._("This import was undone.")
        if self.state == "draft":
            return False
        if self.state == "done":
            return self.env._("%s reminders were imported.", self.count_ok)
        if self.count_error:
            return self.env._(
                "%(bad)s of %(all)s lines are wrong. Correct them all, then choose the file again: nothing is imported by "
                "halves.",
                bad=self.count_error,
                all=self.count_error + self.count_ok + self.count_known + self.count_skipped,
            )
        if not self.count_ok and self.count_known:
            return self.env._(
                "Nothing to import: all %s reminders were imported before. Nothing changes.", self.count_known
            )
        if not self.count_ok:
            return self.env._("Nothing to import: no overdue item fits.")
        return self.env._("%s reminders can be imported. Look at them, then import.", self.count_ok)

    def _column_name(self, name):
        return {
            "customer": self.env._("Customer (or VAT, or Reference)"),
            "invoice": self.env._("Invoice"),
            "level": self.env._("Level"),
            "date": self.env._("Last reminder"),
        }.get(name, name)

    def _file_text(self, error):
        """A `FileError` in words."""
        names = ", ".join(self._column_name(name) for name in error.detail.split(", "))
        return {
            "empty": self.env._("The file is empty. Choose the file with your reminders."),
            "no_lines": self.env._("Line 1 holds titles and nothing follows. Add one line per invoice."),
            "too_big": self.env._(
                "The file is too large (%(size)s MB; at most 5 MB). Split it and import the parts.", size=error.detail
            ),
            "too_many_lines": self.env._(
                "The file has %(lines)s lines; at most 20,000. Split it and import the parts.", lines=error.detail
            ),
            "workbook": self.env._(
                "This is a spreadsheet, not a CSV file. Open it and save it as CSV (UTF-8), then choose that file."
            ),
            "utf16": self.env._("The file is written in UTF-16. Save it as CSV (UTF-8), then choose it again."),
            "binary": self.env._(
                "This is no text file, or its encoding is unknown. Save it as CSV (UTF-8), then choose it again."
            ),
            "quotes": self.env._(
                "Line %(line)s: a quotation mark is not closed. Close it, or leave the marks out.", line=error.line
            ),
            "missing_column": self.env._(
                "Line 1: these columns are missing: %(names)s. Put the titles of the example file in the first line.",
                names=names,
            ),
            "column_twice": self.env._(
                "Line 1: two columns mean the same: %(names)s. Leave one of them out.", names=error.detail
            ),
        }[error.code]

    def _problem_texts(self):
        """What is wrong with one line, and what to do: texts by code, with places for the values."""
        return {
            # the cells
            "too_many_cells": self.env._(
                "More cells than titles (%(detail)s). Put a text with a separator in it between quotation marks."
            ),
            "formula": self.env._("The cell %(detail)s is a formula. Write the text itself."),
            "empty_cell": self.env._("The cell %(column)s is empty. Fill it in, or delete the line."),
            "unreadable_date": self.env._("%(detail)s is no date. Write it as 31/12/2026 or 2026-12-31."),
            # the customer
            "unknown_customer": self.env._(
                "No customer is called %(detail)s. Write the name, VAT number or reference as it stands on the customer."
            ),
            "ambiguous_customer": self.env._(
                "Several customers fit %(detail)s. Add the VAT number or the reference of the right one."
            ),
            # the invoice
            "unknown_invoice": self.env._("There is no invoice %(detail)s. Write the number as it stands in Odoo."),
            "ambiguous_invoice": self.env._("Several entries are called %(detail)s. Write the invoice number itself."),
            "other_customer": self.env._(
                "%(detail)s is an invoice of %(owner)s, not of this customer. Correct the customer or the number."
            ),
            "other_company": self.env._("%(detail)s belongs to another company. Import it there."),
            "draft": self.env._("%(detail)s is a draft. Post it first, or delete the line."),
            "cancelled": self.env._("%(detail)s is cancelled. Delete the line."),
            "credit_note": self.env._("%(detail)s is a credit note: nobody is reminded of it. Delete the line."),
            "not_sale": self.env._("%(detail)s is no invoice to a customer. Delete the line."),
            "paid": self.env._("%(detail)s is paid. Delete the line."),
            "no_followup": self.env._(
                "%(detail)s is marked as No Follow-Up. Take the mark away on the invoice, or delete the line."
            ),
            "no_due_date": self.env._(
                "%(detail)s has no open instalment due on %(due)s. Correct the due date, or leave it empty for all of them."
            ),
            # the level
            "no_policy": self.env._("No policy fits the customer of %(detail)s. Choose one on the customer."),
            "unknown_level": self.env._("There is no level %(detail)s. The levels of this customer are: %(levels)s."),
            "other_policy": self.env._(
                "%(detail)s is a level of the policy %(policy)s, but this customer follows %(own)s. Its levels are: "
                "%(levels)s."
            ),
            # the day
            "future": self.env._("%(day)s lies in the future. Write the day on which the last reminder left."),
            "before_due": self.env._(
                "%(day)s is not after the due date (%(due)s): that was no reminder. Correct the day, or delete the line."
            ),
            "before_invoice": self.env._(
                "%(day)s lies before the invoice itself (%(invoiced)s). Correct the day, or delete the line."
            ),
            "free_after": self.env._(
                "The free first reminder (%(free)s) lies after the last reminder (%(day)s). Correct one of them."
            ),
            "free_before_due": self.env._(
                "The free first reminder (%(free)s) is not after the due date (%(due)s). Correct the day."
            ),
            # together
            "duplicate": self.env._("The same as line %(line)s. Delete one of them."),
            "conflict": self.env._("Line %(line)s says something else about the same invoice. Keep the right one."),
            "imported_otherwise": self.env._(
                "%(import)s says something else about %(detail)s (%(level)s of %(day)s). Undo that import first, or delete "
                "the line."
            ),
            "further": self.env._("%(detail)s was reminded from here already: %(level)s of %(day)s. Delete the line."),
            "under_way": self.env._(
                "A notice about %(detail)s is on its way to the customer. Wait until it is sent, or delete the line."
            ),
        }
