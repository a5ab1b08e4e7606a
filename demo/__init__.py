from . import followup_demo, followup_demo_history
