/* A payment arrangement on the phone. What is clicked here is checked in tests/test_tours_agreements.py. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("l10n_be_followup_arrange", {
    steps: () => [
        {
            content: "Arrange payment, from the customer's screen",
            trigger: ".o_form_view button[name='action_arrange']",
            run: "click",
        },
        {
            content: "A schedule is there at once",
            trigger: ".modal .o_followup_schedule:contains('3 ×'):contains('200.00')",
        },
        {
            content: "What is not overdue yet is left out",
            trigger: ".modal .o_data_row:nth-child(2) .o_data_cell[name='selected'] input:not(:checked)",
        },
        {
            content: "He wants that one in too",
            trigger: ".modal .o_data_row:nth-child(2) .o_data_cell[name='selected'] input",
            run: "click",
        },
        {
            content: "The schedule follows",
            trigger: ".modal .o_followup_schedule:contains('250.00')",
        },
        {
            content: "Four instalments",
            trigger: ".modal .o_field_widget[name='number'] input",
            run: "edit 4 && press Tab",
        },
        {
            trigger: ".modal .o_followup_schedule:contains('187.00')",
        },
        {
            content: "No: 200 each time",
            trigger: ".modal .o_field_widget[name='method'] input[data-value='amount']",
            run: "click",
        },
        {
            content: "What is missing is told",
            trigger: ".modal .alert-danger:contains('how much')",
        },
        {
            trigger: ".modal .o_field_widget[name='amount'] input:not(.o_data_row *)",
            run: "edit 200 && press Tab",
        },
        {
            trigger: ".modal:not(:has(.alert-danger:visible)) .o_followup_schedule:contains('3 ×'):contains('200.00'):contains('150.00')",
        },
        {
            content: "More",
            trigger: ".modal details[name='more'] summary",
            run: "click",
        },
        {
            content: "A down payment",
            trigger: ".modal .o_field_widget[name='down_payment'] input",
            run: "edit 150 && press Tab",
        },
        {
            trigger: ".modal .o_followup_schedule:contains('+ 3 ×')",
        },
        {
            content: "To whom it goes",
            trigger: ".modal .o_field_widget[name='sent_to']:contains('boekhouding@zoetebrood.example')",
        },
        {
            trigger: ".modal button[name='action_confirm']:not(.d-none)",
            run: "click",
        },
        {
            content: "It is in force",
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='active']",
        },
        {
            content: "Four instalments, each with its own communication",
            trigger: ".o_field_widget[name='instalment_ids'] .o_data_row:nth-child(4) .o_data_cell[name='reference']:contains('+++')",
        },
        {
            content: "End it again",
            trigger: "button[name='action_cancel']",
            run: "click",
        },
        {
            content: "It asks first",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='cancelled']",
        },
    ],
});

registry.category("web_tour.tours").add("l10n_be_followup_arrange_phone", {
    steps: () => [
        {
            content: "What to pay, and with which communication",
            trigger: ".o_field_widget[name='instalment_ids'] .o_kanban_record:contains('+++'):contains('Register payment')",
        },
        {
            content: "The customer cannot keep to it",
            trigger: ".o_form_statusbar button[name='action_amend']",
            run: "click",
        },
        {
            content: "What is left, at once",
            trigger: ".modal .o_followup_schedule:contains('300.00')",
        },
        {
            content: "In two",
            trigger: ".modal .o_field_widget[name='number'] input",
            run: "edit 2 && press Tab",
        },
        {
            trigger: ".modal .o_followup_schedule:contains('2 × '):contains('9 Dec 2026')",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "Another one is in force",
            trigger: "body:not(:has(.modal)) .o_kanban_record:contains('150.00')",
        },
    ],
});
