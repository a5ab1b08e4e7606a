/* Hand a claim over and recall it. What is clicked here is checked in tests/test_tours_handover.py. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("l10n_be_followup_hand_over", {
    steps: () => [
        {
            content: "Hand over, from the customer's screen",
            trigger: ".o_form_view button[name='action_handover']",
            run: "click",
        },
        {
            content: "Nothing speaks against it",
            trigger: ".modal .o_field_widget[name='advice']:contains('a notice about every item was delivered')",
        },
        {
            content: "What is overdue is ticked",
            trigger: ".modal .o_field_widget[name='amount']:contains('600.00')",
        },
        {
            content: "To the bailiff",
            trigger: ".modal .o_field_widget[name='recipient_id'] input",
            run: "edit Deurwaarders",
        },
        {
            trigger: ".ui-autocomplete .dropdown-item:contains('Deurwaarders Kouter')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='reference'] input",
            run: "edit 2026/815",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "It is with them",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current[data-value='handed_over']",
        },
        {
            trigger: ".o_field_widget[name='reference'] input:value(2026/815)",
        },
        {
            content: "Make the dossier",
            trigger: "button[name='action_dossier']:enabled",
        },
        {
            content: "Back to the customer, who shows it",
            trigger: "button[name='action_open_customer']",
            run: "click",
        },
        {
            trigger: ".alert .o_field_widget[name='handover_text']:contains('Deurwaarders Kouter')",
        },
        {
            content: "Why nothing is sent",
            trigger: ".o_field_widget[name='next_step']:contains('Handed over')",
        },
    ],
});

tours.add("l10n_be_followup_recall", {
    steps: () => [
        {
            content: "What it cost",
            trigger: ".o_form_view button[name='action_fees']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='amount_fees'] input",
            run: "edit 75 && press Tab",
        },
        {
            trigger: ".modal button[name='action_confirm']:visible",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_field_widget[name='amount_fees']:contains('75.00')",
        },
        {
            content: "Recall it",
            trigger: "button[name='action_recall']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit He pays in two parts",
        },
        {
            trigger: ".modal button[name='action_confirm']:visible",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current[data-value='recalled']",
        },
        {
            trigger: ".o-mail-Message:contains('He pays in two parts')",
        },
    ],
});
