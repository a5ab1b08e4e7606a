from . import followup_service, sale_order_line, sale_subscription, sale_subscription_line, sale_subscription_template
