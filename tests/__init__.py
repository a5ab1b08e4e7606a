from . import (
    test_access,
    test_bank_lines,
    test_charges,
    test_engine,
    test_law_screens,
    test_law_stateful,
    test_policy,
    test_rates,
    test_register_payment,
    test_sending,
    test_statement,
    test_tours,
)
