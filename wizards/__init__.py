from . import followup_call_wizard
from . import followup_hold_wizard
from . import followup_live_wizard
from . import followup_preview_wizard
from . import followup_statement_wizard
from . import followup_regime_wizard
from . import followup_waive_wizard
