"""What the customer's pages share: his language, his errors, nothing kept by others."""

import time

from odoo.exceptions import LockError, UserError
from odoo.http import request

#: A double click, or the night at work on the same customer: wait a moment for the other one.
_TRIES, _PAUSE = 6, 0.4


def plain(token):
    """A token as it came in; empty for what cannot be one, which the comparison would break on."""
    return token if token and token.isascii() else ""


def speak(lang):
    """Answer this request in the customer's language, whoever opened the page."""
    request.update_context(lang=lang)
    request.lang = request.env["res.lang"]._get_data(code=lang)


def attempt(action):
    """Do what the customer asked, all of it or nothing.

    :return: None, or why not, in words for him
    """
    if request.env.user._is_internal():
        # His name and address would stand under it, and be worth nothing.
        return request.env._("You are logged in as an employee. Only the customer can answer here.")
    for last in range(_TRIES):
        try:
            with request.env.cr.savepoint():
                action()
            return None
        except LockError:
            if last < _TRIES - 1:
                time.sleep(_PAUSE)
        except UserError as error:
            return str(error)
    return request.env._("We are busy with your file at this very moment. Please try again in a minute.")


def page(template, values):
    """The page of a secret link: not indexed, not kept, and its address goes nowhere."""
    values["html_data"] = {"lang": request.env.lang.replace("_", "-")}
    response = request.render(template, values)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
