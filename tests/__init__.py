from . import test_access
from . import test_charges
from . import test_engine
from . import test_policy
from . import test_rates
from . import test_sending
from . import test_tours
