"""What a failed request to a provider says about whether the provider took it."""

import requests
import urllib3


def never_taken(error):
    """Whether a request was certainly not taken: no connection was made, or the other side refused it.

    A time-out or a broken connection may come after the other side took it.

    :param error: an exception, with what it was raised from
    """
    while error is not None:
        if isinstance(error, requests.exceptions.ConnectTimeout):
            return True
        if isinstance(error, requests.exceptions.HTTPError):
            return error.response.status_code in (*range(400, 500), 503)
        if isinstance(error, requests.exceptions.ConnectionError):
            inner = error.args[0] if error.args else None
            return isinstance(getattr(inner, "reason", None), urllib3.exceptions.NewConnectionError)
        error = error.__cause__ or error.__context__
    return False
