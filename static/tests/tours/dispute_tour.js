/* A promise, a call that ends in a dispute, and its end. What is clicked here is checked in tests/test_tours_dispute.py. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("l10n_be_followup_promise", {
    steps: () => [
        {
            content: "Promise, from the customer's screen",
            trigger: ".o_form_view button[name='action_promise']",
            run: "click",
        },
        {
            content: "Everything overdue is proposed, and nothing else",
            trigger: ".modal .o_field_widget[name='amount'] input:value(600.00)",
        },
        {
            content: "He promises the one that is not due yet too",
            trigger: ".modal .o_data_row:nth-child(2) .o_data_cell[name='selected'] input",
            run: "click",
        },
        {
            content: "The amount follows",
            trigger: ".modal .o_field_widget[name='amount'] input:value(750.00)",
        },
        {
            content: "Only a part of it",
            trigger: ".modal .o_field_widget[name='amount'] input",
            run: "edit 700 && press Tab",
        },
        {
            content: "It says what that means",
            trigger: ".modal .alert-warning:contains('Less than what is ticked')",
        },
        {
            trigger: ".modal .o_field_widget[name='note'] textarea",
            run: "edit Pays on Friday",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The timeline has it",
            trigger: "body:not(:has(.modal)) .o-mail-Message:contains('Promise to pay')",
        },
    ],
});

tours.add("l10n_be_followup_dispute", {
    steps: () => [
        {
            content: "Log a call",
            trigger: ".o_form_view button[name='action_log_call']:visible",
            run: "click",
        },
        {
            content: "Why not paid",
            trigger: ".modal .o_field_widget[name='reason'] input, .modal .o_field_widget[name='reason'] select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Is not satisfied')",
            run: "click",
        },
        {
            content: "A dispute is proposed",
            trigger: ".modal .o_field_widget[name='agreed'] input[data-value='dispute']:checked",
        },
        {
            trigger: ".modal .o_field_widget[name='note'] textarea",
            run: "edit Half of it came broken",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The dispute has the reason and the words of the call",
            trigger: ".modal .o_field_widget[name='reason_id'] .o_radio_item:contains('quality') input:checked",
        },
        {
            trigger: ".modal .o_field_widget[name='note'] textarea:value(Half of it came broken)",
        },
        {
            content: "The first invoice",
            trigger: ".modal .o_data_row:first .o_data_cell[name='selected'] input",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row:first .o_data_cell[name='amount']:contains('600.00')",
            run: "click",
        },
        {
            content: "Half of it",
            trigger: ".modal .o_data_row:first .o_data_cell[name='amount'] input",
            run: "edit 300 && press Tab",
        },
        {
            content: "The rest stays payable",
            trigger: ".modal .o_field_widget[name='rest']:contains('300.00')",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o-mail-Message:contains('Dispute:')",
        },
    ],
});

tours.add("l10n_be_followup_dispute_end", {
    steps: () => [
        {
            content: "Find out: was it paid?",
            trigger: ".o_form_view button[name='action_check_payments']:visible",
            run: "click",
        },
        {
            content: "A payment was not allocated",
            trigger: ".modal .o_data_row:contains('Payment of this customer')",
        },
        {
            content: "Close it: that is another one",
            trigger: ".modal .modal-footer .btn-primary:contains('Close')",
            run: "click",
        },
        {
            content: "Reject",
            trigger: "body:not(:has(.modal)) button[name='action_reject']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='answer'] .odoo-editor-editable",
            run: "editor The delivery note was signed.",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current[data-value='rejected']",
        },
        {
            content: "The answer can be read",
            trigger: ".o_field_widget[name='answer']:contains('The delivery note was signed.')",
        },
        {
            content: "Reopen it",
            trigger: "button[name='action_reopen']",
            run: "click",
        },
        {
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current[data-value='open']",
        },
        {
            content: "And allocate the payment after all",
            trigger: ".o_form_view button[name='action_check_payments']:visible",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row button[name='action_allocate']",
            run: "click",
        },
        {
            trigger: ".modal:contains('Match this amount') .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "It says what that means",
            trigger: ".o_notification:contains('the payment was found')",
        },
        {
            content: "The dispute followed by itself",
            trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current[data-value='accepted']",
        },
    ],
});
