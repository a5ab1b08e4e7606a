import base64

from odoo.addons.l10n_be_followup.tests.iap_server import IapServer


class PrintService(IapServer):
    """A real print service on localhost for tests, in the place of the IAP endpoint of Odoo's `snailmail`.

    `answers`: town -> error as the service names it; posted when it is not there. `asked`: each document of each request;
    `taken`: those that are posted. `reason`: refuse the whole request. `empty`: answer without a word about the letter.
    `before`: called before the answer.
    """

    path = "/iap/snailmail/1/print"

    def __init__(self):
        super().__init__()
        self.empty = False
        self.reason = self.before = None
        self.asked = []
        self.options = []

    def pdf(self, number=0):
        return base64.b64decode(self.asked[number]["pdf_bin"])

    def result_of(self, params):
        self.options.append(params["options"])
        documents = []
        for document in params["documents"]:
            self.asked.append(document)
            error = self.reason or self.answers.get(document["address"]["city"])
            answer = {"letter_id": document["letter_id"], "sent": not error}
            if error:
                answer["error"] = error
            else:
                self.taken.append(document)
                answer["send_id"] = 7000 + len(self.taken)
            documents.append(answer)
        if self.before:
            self.before()
        return {
            "request_code": 500 if self.reason else 200,
            "reason": self.reason,
            "total_cost": 1,
            "credit_error": False,
            "request": {"documents": [] if self.empty else documents, "options": {}},
        }
