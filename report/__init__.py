from . import (
    followup_ageing_report,
    followup_arrangement_report,
    followup_hold_report,
    followup_statement,
    followup_statement_report,
    followup_statement_xlsx,
    followup_suspension_report,
    followup_timeline,
    followup_timeline_reminded,
)
