from decimal import Decimal

from odoo import models


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _followup_decimal(self, amount):
        """An amount of a Monetary field as an exact `Decimal` with this currency's decimals."""
        places = self.decimal_places if self else 2
        return Decimal(f"{amount or 0.0:.{places}f}")
