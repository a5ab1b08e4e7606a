from .iap_server import IapServer


class SmsProvider(IapServer):
    """A real provider of text messages on localhost for tests, in the place of the IAP endpoint of Odoo's `sms`.

    `answers`: number -> state as the provider names it (`success` when it is not there); `taken`: (number, content, uuid).
    """

    path = "/api/sms/3/send"

    def result_of(self, params):
        result = []
        for message in params["messages"]:
            for number in message["numbers"]:
                state = self.answers.get(number["number"], "success")
                result.append({"uuid": number["uuid"], "state": state, "credit": 1})
                if state in ("success", "processing"):
                    self.taken.append((number["number"], message["content"], number["uuid"]))
        return result
