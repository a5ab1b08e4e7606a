from . import notice_file, portal_answer, portal_arrangement, reminder_import
from . import letters, portal_answer, portal_arrangement
