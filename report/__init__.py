from . import followup_hold_report, followup_statement, followup_statement_report, followup_statement_xlsx
