from . import health, letters, notice_file, portal_answer, portal_arrangement, reminder_import
