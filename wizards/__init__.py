from . import (
    account_payment_register,
    base_partner_merge,
    followup_call_wizard,
    followup_hold_wizard,
    followup_live_wizard,
    followup_preview_wizard,
    followup_regime_wizard,
    followup_statement_wizard,
    followup_waive_wizard,
)
