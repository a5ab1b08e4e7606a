from collections import defaultdict

from odoo import Command, api, models

#: Records of the books that a wizard may name, beside our own.
_BOOKS = ("account.move", "account.move.line")


class FollowupWizard(models.AbstractModel):
    """What every wizard of follow-up inherits: it names only records that its user may read.

    A many2one says the name of its record, and a related field its values, as superuser. So whoever could put any
    number into a wizard of his own would read the customers of another company in it.
    """

    _name = "followup.wizard"
    _description = "Wizard of Follow-up"

    @api.model_create_multi
    def create(self, vals_list):
        """:raises AccessError: names the record that the user may not read"""
        self._check_named(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        """:raises AccessError: names the record that the user may not read"""
        self._check_named([vals])
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        # EXTENDS web: a form that was not saved says as much
        self._check_named([values])
        return super().onchange(values, field_names, fields_spec)

    @api.model
    def _check_named(self, vals_list):
        """:param vals_list: list of values, with numbers or commands for what is related"""
        if self.env.su:
            return
        named = defaultdict(set)
        for vals in vals_list:
            for name, value in vals.items():
                field = self._fields.get(name)
                if not value or not field or not field.relational:
                    continue
                if isinstance(value, dict):  # of a line: the form above it
                    ids, lines = [value.get("id")], [value]
                elif field.type == "many2one":
                    ids, lines = [value], []
                else:
                    ids, lines = self._read_commands(value)
                named[field.comodel_name].update(ids)
                if lines and hasattr(self.env[field.comodel_name], "_check_named"):
                    self.env[field.comodel_name]._check_named(lines)
        for model, ids in named.items():
            if self._is_guarded(model):
                numbers = [number for number in ids if isinstance(number, int)]  # not those of lines to be made
                self.env[model].browse(numbers).exists().check_access("read")

    @api.model
    def _is_guarded(self, model):
        """Whether the records of a model are somebody's: other wizards and lists of words are not."""
        return (model.startswith("followup.") or model in _BOOKS) and not self.env[model].is_transient()

    @api.model
    def _read_commands(self, commands):
        """:return: (numbers of the records that commands name, list of the values they give to lines)"""
        if isinstance(commands, models.BaseModel):
            return commands.ids, []
        ids, lines = [], []
        for command in commands:
            if isinstance(command, int):
                ids.append(command)
                continue
            code, number, values = (*command, False, False)[:3]
            if code == Command.SET:
                ids += values
            elif code in (Command.LINK, Command.UPDATE):
                ids.append(number)
            if code in (Command.CREATE, Command.UPDATE):
                lines.append(values)
        return ids, lines
