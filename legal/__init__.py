"""Belgian late-payment law as plain arithmetic: dates and ``Decimal``, nothing of Odoo.

``calendar`` working days · ``rates`` dated percentages · ``interest`` late-payment interest ·
``compensation`` flat sums · ``consumer`` the waiting period after a consumer's first reminder.

Nothing here asks the clock, reads a file or keeps state. Money is ``Decimal`` in the currency of the
claim (the caps of the law are euros), percentages are ``Decimal`` points (``10.5`` is 10.5 % a year),
days are ``datetime.date``. Wrong input raises ``TypeError`` or ``ValueError`` that names the argument.
"""
