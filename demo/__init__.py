from . import (
    followup_demo,
    followup_demo_agreements,
    followup_demo_calls,
    followup_demo_handover,
    followup_demo_history,
    followup_demo_services,
)
