"""Letters for the documentation: four languages, businesses and consumers, one page and several. Fed to `odoo shell`."""

import base64
import os
from datetime import date, datetime
from pathlib import Path

from freezegun import freeze_time
from odoo import Command

TODAY = date(2026, 11, 18)
FOLDER = Path(os.environ["LETTERS_FOLDER"])
LANGUAGES = ["nl_BE", "fr_BE", "de_DE"]


def logo():
    """A plain logo: a green leaf on white."""
    from io import BytesIO

    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (600, 180), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 20, 150, 160), fill="#1f7a3d")
    draw.polygon([(80, 90), (230, 20), (190, 160)], fill="#8fc39f")
    out = BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue())


def company():
    be = env.ref("base.be")  # noqa: F821 - the shell gives env
    company = env.company  # noqa: F821
    env["followup.assistant"]._mark_finished(company)  # noqa: F821
    company.currency_id = env.ref("base.EUR")  # noqa: F821
    company.write(
        {
            "name": "Zilverberk Tuinen", "street": "Kouter 12", "zip": "9000", "city": "Gent", "country_id": be.id,
            "phone": "+32 9 222 22 22", "email": "facturen@zilverberk.example", "website": "www.zilverberk.example",
            "company_registry": "0202239951", "logo": logo(), "followup_cutoff_date": date(2026, 1, 1), "followup_live": True,
            "followup_freshness_days": 0,
            "followup_terms_b2c_id": env.ref("l10n_be_followup.followup_terms_consumer").id,  # noqa: F821
        }
    )  # fmt: skip
    env["res.partner.bank"].create(  # noqa: F821
        {"acc_number": "BE71 0961 2345 6769", "partner_id": company.partner_id.id, "allow_out_payment": True}
    )
    env.user.write({"name": "Elke Vermeulen", "email": "elke@zilverberk.example"})  # noqa: F821
    return company


def customer(name, lang, business, street, code, town):
    return env["res.partner"].create(  # noqa: F821
        {
            "name": name, "lang": lang, "is_company": business, "vat": "BE0477472701" if business else False,
            "street": street, "zip": code, "city": town, "country_id": env.ref("base.be").id,  # noqa: F821
            "followup_responsible_id": env.user.id,  # noqa: F821
        }
    )  # fmt: skip


def invoices(partner, number, text):
    moves = env["account.move"]  # noqa: F821
    for place in range(number):
        due = date(2026, 11, 10) if number == 1 else date(2026, 5 + place % 6, 4 + place % 20)
        moves += moves.create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": date(due.year, due.month - 1, due.day),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create({"name": text, "price_unit": 121.5 + 37 * place, "tax_ids": [Command.clear()]})
                ],
            }
        )
    moves.action_post()


def main():
    langs = env["res.lang"].with_context(active_test=False).search([("code", "in", LANGUAGES)])  # noqa: F821
    env["base.language.install"].create({"lang_ids": [Command.set(langs.ids)]}).lang_install()  # noqa: F821
    owner = company()
    wanted = {
        "letter-consumer-nl": (customer("Jan Peeters", "nl_BE", False, "Meir 22", "2000", "Antwerpen"), 1, "Snoeien van de haag"),
        "letter-business-fr": (customer("Boulangerie du Parc", "fr_BE", True, "Rue Neuve 5", "1000", "Bruxelles"), 3, "Entretien du jardin"),
        "letter-consumer-de": (customer("Anna Schmitz", "de_DE", False, "Klosterstraße 9", "4700", "Eupen"), 1, "Rasen mähen"),
        "letter-business-en": (customer("Harbour Offices Ltd", "en_US", True, "Noorderlaan 100", "2030", "Antwerpen"), 40, "Garden maintenance"),
    }  # fmt: skip
    with freeze_time(datetime(2026, 11, 18, 10), real_asyncio=True):
        for partner, number, text in wanted.values():
            invoices(partner, number, text)
        env.cr.commit()  # noqa: F821
        env["followup.engine"]._run_night(owner, TODAY)  # noqa: F821
        letters = env["followup.notice"].search([("channel", "=", "letter")])  # noqa: F821
        letters.filtered(lambda letter: letter.state == "review").action_approve()
        action = letters.action_print_letters()
        if "res_id" not in action:
            raise SystemExit(action["params"]["message"])
        batch = env["followup.letter.batch"].browse(action["res_id"])  # noqa: F821
        for name, (partner, _number, _text) in wanted.items():
            letter = letters.filtered(lambda letter, partner=partner: letter.partner_id == partner)
            (FOLDER / f"{name}.pdf").write_bytes(base64.b64decode(letter.letter_pdf))
        (FOLDER / "letters-batch.pdf").write_bytes(base64.b64decode(batch.document))
        copied = letters.filtered(lambda letter: letter.lang == "nl_BE")
        wizard = env["followup.letter.post.wizard"].browse(copied.action_post_letters()["res_id"])  # noqa: F821
        wizard.action_confirm()
        (FOLDER / "letter-copy.pdf").write_bytes(copied._copy_pdf()[1])
        env.cr.commit()  # noqa: F821


main()
