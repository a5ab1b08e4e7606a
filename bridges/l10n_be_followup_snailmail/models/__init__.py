from . import (
    followup_letter_batch,
    followup_notice,
    followup_notice_hand_over,
    res_company,
    res_config_settings,
    snailmail_letter,
)
