from . import portal_answer, portal_arrangement, reminder_import
