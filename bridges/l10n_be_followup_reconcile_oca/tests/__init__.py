from . import test_reconcile_oca
