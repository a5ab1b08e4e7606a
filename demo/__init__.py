from . import followup_demo
