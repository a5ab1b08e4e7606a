"""What the demo is made of: companies, products, customers and how each of them pays. Plain data, no Odoo.

Everybody here is invented. Enterprise numbers are valid but lie in a range that is not given out; the bank accounts
are the usual examples; addresses end in `.example`.
"""

COMPANIES = {
    "zilverberk": {
        "name": "Zilverberk Diensten BV",
        "street": "Kouter 12",
        "zip": "9000",
        "city": "Gent",
        "lang": "nl_BE",
        "email": "boekhouding@zilverberk.example",
        "phone": "+32 9 555 01 00",
        "website": "https://www.zilverberk.example",
        "number": 1,
        "iban": "BE68 5390 0754 7034",
        "bank": "Voorbeeldbank",
    },
    "boisbleu": {
        "name": "Atelier Boisbleu SRL",
        "street": "Rue de la Marne 8",
        "zip": "5000",
        "city": "Namur",
        "lang": "fr_BE",
        "email": "compta@boisbleu.example",
        "phone": "+32 81 55 02 00",
        "website": "https://www.boisbleu.example",
        "number": 2,
        "iban": "BE71 0961 2345 6769",
        "bank": "Banque Exemple",
    },
}

#: key: price in euro without VAT, VAT rate, name in English, Dutch, French and German
PRODUCTS = {
    "office": (34.95, 21, "Office cleaning, per hour", "Kantoorschoonmaak, per uur",
               "Nettoyage de bureaux, par heure", "Büroreinigung, pro Stunde"),
    "windows": (89.50, 21, "Window cleaning, per visit", "Ramen wassen, per beurt",
                "Nettoyage de vitres, par passage", "Fensterreinigung, pro Besuch"),
    "garden": (187.25, 21, "Garden maintenance, half a day", "Tuinonderhoud, halve dag",
               "Entretien de jardin, demi-journée", "Gartenpflege, halber Tag"),
    "waste": (41.30, 21, "Waste paper collection, per month", "Ophalen oud papier, per maand",
              "Collecte de vieux papiers, par mois", "Altpapierabholung, pro Monat"),
    "winter": (118.75, 21, "Winter service, per month", "Winterdienst, per maand",
               "Service hivernal, par mois", "Winterdienst, pro Monat"),
    "keys": (29.99, 21, "Key holding, per month", "Sleutelbeheer, per maand",
             "Garde de clés, par mois", "Schlüsselverwaltung, pro Monat"),
    "support": (92.60, 21, "Technical support, per hour", "Technische bijstand, per uur",
                "Assistance technique, par heure", "Technische Unterstützung, pro Stunde"),
    "deep": (612.35, 21, "Cleaning after building works", "Schoonmaak na bouwwerken",
             "Nettoyage après travaux", "Bauendreinigung"),
    "repair": (52.80, 6, "Repairs in a dwelling over ten years old, per hour", "Herstelling in woning ouder dan tien jaar, per uur",
               "Réparation dans une habitation de plus de dix ans, par heure", "Reparatur in einer Wohnung über zehn Jahre, pro Stunde"),
    "boiler": (149.90, 6, "Boiler service", "Onderhoud verwarmingsketel",
               "Entretien de chaudière", "Heizkesselwartung"),
    "shelves": (389.90, 21, "Shelves made to measure", "Boekenkast op maat",
                "Bibliothèque sur mesure", "Regal nach Maß"),
    "stairs": (246.15, 6, "Repair of a staircase", "Herstelling van een trap",
               "Réparation d'escalier", "Treppenreparatur"),
}  # fmt: skip

#: What each kind of customer buys, by company.
BASKETS = {
    ("zilverberk", "business"): ("office", "windows", "waste", "winter", "support", "keys", "deep", "garden"),
    ("zilverberk", "consumer"): ("repair", "garden", "boiler", "windows"),
    ("boisbleu", "business"): ("shelves", "support", "stairs"),
    ("boisbleu", "consumer"): ("stairs", "shelves", "repair"),
}

#: How a customer pays: invoices as (days past the due date, what became of it). Negative: not due yet.
#: paid, bank: paid in full, by a registered payment or by a bank line; part: half of it; rest: all but a few euro;
#: credited, credited_part: by a credit note; in_process, in_process_part: a payment without journal entry yet;
#: blocked, no_followup, hold: held by Odoo's own means or by ours; cents: a very small invoice.
HABITS = {
    "prompt": ((200, "paid"), (170, "bank"), (140, "paid"), (110, "paid"), (80, "bank"), (50, "paid"), (20, "paid"), (-10, "open")),
    "steady": ((150, "bank"), (120, "paid"), (90, "bank"), (60, "paid"), (30, "bank"), (-5, "open")),
    "late": ((160, "paid"), (100, "paid"), (40, "bank"), (17, "open"), (-13, "open")),
    "friendly": ((65, "paid"), (35, "paid"), (5, "open")),
    "fresh": ((61, "paid"), (1, "open")),
    "slow": ((130, "paid"), (70, "bank"), (38, "open"), (9, "open")),
    "long": ((125, "open"), (95, "open"), (64, "open"), (33, "open"), (4, "open")),
    "oldest": ((190, "open"), (160, "open"), (-8, "open")),
    "new": ((-20, "open"),),
    "part": ((90, "paid"), (45, "part"), (15, "open")),
    "rest": ((75, "bank"), (25, "rest")),
    "done": ((110, "paid"), (50, "bank")),
    "before": ((300, "open"), (55, "paid"), (-15, "open")),
    "credited": ((80, "credited"), (42, "credited_part"), (11, "open")),
    "in_process": ((70, "paid"), (12, "in_process")),
    "in_process_part": ((48, "paid"), (14, "in_process_part")),
    "blocked": ((60, "paid"), (26, "blocked"), (7, "open")),
    "no_followup": ((66, "no_followup"), (28, "open")),
    "hold": ((52, "hold"), (21, "open")),
    "instalments_first": ((18, "open"),),
    "instalments_second": ((85, "first_paid"),),
    "cents": ((30, "cents"),),
}  # fmt: skip

# company, key, kind, name, street, zip, city, language, e-mail (local part and domain), habit
# kinds: business, self_employed, consumer, authority; a country other than Belgium stands before the zip
_ZILVERBERK = """
korst       business Bakkerij De Witte Korst BV|Steenstraat 41|8000|Brugge|nl|facturen@wittekorst|friendly
lindelaan   business Drukkerij Lindelaan BV|Lindelaan 7|9300|Aalst|nl|boekhouding@lindelaan|prompt
eiken       business Garage Ter Eiken BV|Plezantstraat 88|9100|Sint-Niklaas|nl|garage@tereiken|steady
veldstraat  business Tandartspraktijk Veldstraat BV|Veldstraat 154|9000|Gent|nl|praktijk@tandveld|fresh
hoogbrug    business Bouwbedrijf Hoogbrug NV|Kanaalweg 3|8500|Kortrijk|nl|crediteuren@hoogbrug|long
anker       business Café Het Gouden Anker BV|Visserskaai 19|8400|Oostende|nl|info@goudenanker|oldest
papaver     business Studio Papaver BV|Nationalestraat 60|2000|Antwerpen|nl|studio@papaver|part
kerkhove    business Transport Kerkhove NV|Rijksweg 210|8800|Roeselare|nl|ap@kerkhove|slow
bijenkorf   business Kinderopvang Bijenkorf VZW|Tuinstraat 5|2800|Mechelen|nl|administratie@bijenkorf|in_process
molenwater  business Advocatenkantoor Molenwater BV|Bondgenotenlaan 33|3000|Leuven|nl|onthaal@molenwater|slow
horizon     business Zonnepanelen Horizon BV|Industrielaan 14|3500|Hasselt|nl|info@horizonzon|late
wielewaal   business Fietsen Wielewaal BV|Stationsstraat 102|3600|Genk|nl|dead.letter@refused|friendly
linden      business Restaurant De Drie Linden BV|Dorpsplein 2|9270|Laarne|nl||slow
kasteel     business Immo Kasteeldreef NV|Kasteeldreef 1|9051|Gent|nl|info@kasteeldreef|late
groenhof    business Kwekerij Groenhof BV|Dorp-West 77|9080|Lochristi|nl|kwekerij@groenhof|hold
lichtpunt   business Software Lichtpunt BV|Ottergemsesteenweg 439|9000|Gent|nl|finance@lichtpunt|done
parvis      business Boulangerie du Parvis SRL|Parvis Saint-Gilles 9|1060|Saint-Gilles|fr|compta@parvis|friendly
senne       business Fiduciaire de la Senne SRL|Rue des Chartreux 22|1000|Bruxelles|fr|factures@fidsenne|prompt
tilleuls    business Pharmacie des Tilleuls SRL|Avenue Brugmann 410|1180|Uccle|fr|pharmacie@tilleuls|credited
escaut      business Imprimerie de l'Escaut SRL|Quai Taille-Pierres 6|7500|Tournai|fr|compta@impescaut|long
canal       business Carrosserie du Canal SRL|Rue du Canal 18|6000|Charleroi|fr|atelier@canal|blocked
colline     business Hôtel Belle Colline SA|Avenue Reine Astrid 30|4900|Spa|fr|reception@bellecolline|late
venn        business Schreinerei Hohes Venn GmbH|Aachener Straße 12|4700|Eupen|de|rechnung@hohesvenn|friendly
zurlinde    business Gasthof Zur Linde GmbH|Hauptstraße 45|4780|Sankt Vith|de|gasthof@zurlinde|in_process_part
northgate   business Northgate Relocation SRL|Rue Belliard 51|1040|Brussels|en|accounts@northgate|slow
owls        business Little Owls Language School ASBL|Leuvensesteenweg 17|3080|Tervuren|en|office@littleowls|instalments_first
rijnhoek    business Van Rijnhoek Logistiek B.V.|Havenweg 8|NL 4811|Breda|nl|crediteuren@rijnhoek|late
harbour     business Harbour & Pine Ltd|4 Wharf Road|GB N1 7GR|London|en|accounts@harbourpine|late
zonneveld   authority Gemeente Zonneveld|Markt 1|9890|Zonneveld|nl|financien@zonneveld|slow
verstraete  self_employed Jan Verstraete|Brusselsesteenweg 300|9090|Melle|nl|jan@verstraete-dakwerken|fresh
coppens     self_employed Lieve Coppens|Kerkstraat 14|9820|Merelbeke|nl|lieve@coppens-kine|steady
benali      self_employed Nadia Benali|Rue Haute 120|1000|Bruxelles|fr|nadia@benali-traductions|part
marchal     self_employed Philippe Marchal|Rue du Moulin 3|1400|Nivelles|fr|philippe@marchal-jardins|no_followup
schmitz     self_employed Karl Schmitz|Bergstraße 9|4700|Eupen|de|karl@schmitz-elektro|fresh
desmet      consumer An De Smet|Meersstraat 8|9000|Gent|nl|an.desmet@post|friendly
willems     consumer Tom Willems|Bosdreef 27|9070|Destelbergen|nl|tom.willems@post|slow
maes        consumer Griet Maes|Kloosterstraat 3|9031|Drongen|nl|griet.maes@post|fresh
elamrani    consumer Karim El Amrani|Sleepstraat 71|9000|Gent|nl|karim.elamrani@post|long
claes       consumer Sofie Claes|Nieuwstraat 12|9810|Nazareth|nl|sofie.claes@post|rest
janssens    consumer Peter Janssens|Heidestraat 55|2970|Schilde|nl|peter.janssens@post|before
vdberghe    consumer Rosa Van den Berghe|Kustlaan 240|8300|Knokke-Heist|nl|rosa.vdberghe@post|instalments_second
dubois      consumer Marie Dubois|Rue de l'Aurore 16|1050|Ixelles|fr|marie.dubois@courrier|prompt
lambert     consumer Luc Lambert|Chaussée de Wavre 980|1160|Auderghem|fr|luc.lambert@courrier|oldest
haddad      consumer Fatima Haddad|Rue Vanderkindere 44|1180|Uccle|fr|fatima.haddad@courrier|cents
muller      consumer Helga Müller|Gospertstraße 20|4700|Eupen|de|helga.mueller@briefe|friendly
clarke      consumer Emma Clarke|Avenue des Celtes 10|1040|Brussels|en|emma.clarke@letters|late
deruyck     consumer Bart De Ruyck|Dries 6|9041|Oostakker|nl|bart.deruyck@post|done
vermeulen   consumer Hilde Vermeulen|Reinaertstraat 31|9050|Ledeberg|nl|hilde.vermeulen@post|new
devos       consumer Wim De Vos|Antwerpsesteenweg 210|9040|Sint-Amandsberg|nl|wim.devos@post|long
kestrel     business Kestrel Interiors SRL|Rue du Trône 88|1050|Ixelles|en|accounts@kestrelinteriors|long
"""
_BOISBLEU = """
moulin      business Auberge du Vieux Moulin SRL|Rue du Moulin 1|5500|Dinant|fr|auberge@vieuxmoulin|slow
lesse       business Menuiserie de la Lesse SRL|Zoning du Rond-Point 4|5580|Rochefort|fr|compta@lesse|friendly
plume       business Librairie Plume d'Oie SRL|Rue de Fer 60|5000|Namur|fr|librairie@plumedoie|steady
valbois     authority Commune de Valbois|Place Communale 2|5640|Valbois|fr|finances@valbois|late
noel        consumer Julien Noël|Rue des Carmes 13|5000|Namur|fr|julien.noel@courrier|friendly
fontaine    consumer Claire Fontaine|Avenue de la Plante 5|5000|Namur|fr|claire.fontaine@courrier|part
wouters     consumer Kris Wouters|Markt 9|3400|Landen|nl|kris.wouters@post|late
"""
#: Customers of a second company: company, customer, habit.
SHARED = [("boisbleu", "colline", "friendly")]

#: Foreign VAT numbers (the examples that Odoo itself shows) and the currency of the invoices.
FOREIGN_VAT = {"rijnhoek": "NL123456782B90", "harbour": "GB123456782"}
CURRENCIES = {"harbour": "GBP"}
#: British pounds for one euro, from the oldest month to this one.
GBP_RATES = (0.8391, 0.8427, 0.8468, 0.8512, 0.8498, 0.8544, 0.8571, 0.8603, 0.8586, 0.8634, 0.8659, 0.8692)

#: Contacts below a customer: key, name, type, e-mail, what it is used for.
CONTACTS = {
    "molenwater": ("Dienst Facturatie Molenwater", "invoice", "facturatie@molenwater.example", "invoices"),
    "kasteel": ("Els Van Damme, betalingen", "contact", "betalingen@kasteeldreef.example", "follow_up"),
    "horizon": ("Horizon, vestiging Bree", "delivery", "bree@horizonzon.example", "every_other"),
}
#: Unallocated money: customer, amount in euro, "payment" or "credit_note", days ago.
CREDITS = [
    ("kerkhove", 100.00, "payment", 6),
    ("northgate", 61.98, "credit_note", 16),
    ("korst", 2500.00, "payment", 2),
]
#: Customer, days from today, invoice only or the whole customer, reason.
HOLDS = [
    ("groenhof", 12, "invoice", "Klant betwist het aantal uren; de werfleider zoekt het na"),
    ("willems", 20, "customer", "Ziekenhuisopname, afgesproken om te wachten"),
]
#: What was agreed with whom: promise (days ahead, note), dispute (reason, part of the oldest invoice, note),
#: arrangement (number of instalments, days since the first one, instalments paid; 0 days: proposed today).
AGREEMENTS = {
    "anker": ("promise", 6, "Betaalt na het weekend, zodra de zaal van zaterdag ontvangen is"),
    "hoogbrug": ("dispute", "quality", 0.4, "Twee van de vijf lokalen niet proper opgeleverd; foto's volgen"),
    "escaut": ("arrangement", 5, 40, 2),
    "elamrani": ("arrangement", 6, 45, 1),
    "lambert": ("arrangement", 4, 0, 0),
    "colline": ("dispute", "paid", 1, "Dit avoir payé le 3 du mois; l'extrait suit"),
}
#: Who is with the bailiff already, from before the add-on; and that bailiff.
HANDED_OVER = (
    "molenwater",
    "2026/04417",
    "Handed over before this add-on was there: the reminders are with the bailiff",
)
BAILIFF = {
    "name": "Gerechtsdeurwaarders Sas & Sluis",
    "street": "Coupure 40",
    "zip": "9000",
    "city": "Gent",
    "lang": "nl_BE",
    "email": "dossiers@sas-sluis.example",
    "phone": "+32 9 555 04 40",
    "is_company": True,
    "followup_recovery_kind": "bailiff",
}
#: Customers of this person; the others have no responsible of their own.
RESPONSIBLE = ("korst", "eiken", "hoogbrug", "anker", "papaver", "kerkhove", "molenwater", "horizon", "wielewaal",
               "kasteel", "zonneveld", "verstraete", "desmet", "willems", "elamrani", "parvis", "escaut")  # fmt: skip

LANGUAGES = {"nl": "nl_BE", "fr": "fr_BE", "de": "de_DE", "en": "en_US"}


def customers():
    """All customers, in order.

    :rtype: list of dict
    """
    rows = []
    for company, text in (("zilverberk", _ZILVERBERK), ("boisbleu", _BOISBLEU)):
        for row in text.strip().splitlines():
            key, kind, rest = row.split(maxsplit=2)
            name, street, place, city, lang, email, habit = rest.split("|")
            country, _space, code = place.partition(" ") if place[:2].isalpha() else ("BE", "", place)
            number = 100 + len(rows)
            rows.append(
                {
                    "company": company,
                    "key": key,
                    "kind": kind,
                    "name": name,
                    "street": street,
                    "country": country,
                    "zip": code,
                    "city": city,
                    "lang": LANGUAGES[lang],
                    "email": f"{email}.example" if email else False,
                    "phone": f"+32 {number} 55 {number % 90 + 10} {number % 80 + 11}",
                    "vat": FOREIGN_VAT.get(key) or (False if kind == "consumer" else enterprise_number(number)),
                    "habit": habit,
                }
            )
    return rows


def enterprise_number(number):
    """A Belgian number that is valid and that nobody has: 1999.xxx.xxx is not given out.

    :param number: any number below ten thousand
    :rtype: str
    """
    base = 19990000 + number
    return f"BE{base}{97 - base % 97:02d}"
