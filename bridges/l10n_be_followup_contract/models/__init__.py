from . import contract_contract, contract_line, followup_service
