from . import (
    followup_engine,
    followup_run,
    followup_run_batch,
    queue_job,
    res_company,
    res_config_settings,
)
