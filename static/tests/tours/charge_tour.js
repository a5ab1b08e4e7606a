/* Charges in the books: post, waive, take back, allocate. What is clicked here is checked in tests/test_tours_charge.py. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("l10n_be_followup_charge_post", {
    steps: () => [
        {
            content: "Choose all charges",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Post them",
            trigger: ".o_control_panel button[name='action_post']",
            run: "click",
        },
        {
            content: "One debit note will be made",
            trigger: ".modal .o_field_widget[name='note_count']:contains('1')",
        },
        {
            trigger: ".modal .o_data_row:contains('Compensation')",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The debit note: no VAT, its own reference",
            trigger: ".o_form_view .alert-info:contains('no VAT')",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='payment_reference'], .o_form_view .o_field_widget[name='name']",
        },
        {
            content: "It can be reversed, with the reason",
            trigger: ".o_form_view button[name='action_followup_reverse_charges']",
        },
    ],
});

tours.add("l10n_be_followup_charge_waive", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_waive']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit Good customer",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The reason stays",
            trigger: "body:not(:has(.modal)) .o_form_view .o_field_widget[name='waive_reason']:contains('Good customer')",
        },
    ],
});

tours.add("l10n_be_followup_charge_reverse", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_reverse']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit Delivered late",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The credit note",
            trigger: ".o_form_view .o_field_widget[name='ref']:contains('Delivered late'), .o_form_view .o_field_widget[name='ref'] input:value(Delivered late), .o_form_view .alert-info:contains('no VAT')",
        },
    ],
});

tours.add("l10n_be_followup_charge_repay", {
    steps: () => [
        {
            content: "Judge the charges again",
            trigger: ".o_form_view button[name='action_find_repayments']",
            run: "click",
        },
        {
            content: "The first reminder came back: both must be repaid",
            trigger: ".modal .o_data_row:nth-child(2):contains('first reminder')",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit The first reminder came back",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The credit note that the customer gets",
            trigger: "body:not(:has(.modal)) .o_list_view .o_data_row:contains('70.17')",
        },
    ],
});

tours.add("l10n_be_followup_charge_allocate", {
    steps: () => [
        {
            trigger: ".o_form_view button[name='action_allocate']",
            run: "click",
        },
        {
            content: "Costs and interest first",
            trigger: ".modal .o_data_row:contains('Costs and interest'):contains('52.34')",
        },
        {
            content: "Another order shows another result at once",
            trigger: ".modal .o_field_widget[name='order'] input[data-value='principal_first']",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row:contains('Principal'):contains('1,110.00')",
        },
        {
            trigger: ".modal .o_field_widget[name='order'] input[data-value='charges_first']",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row:contains('Principal'):contains('1,162.34')",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The timeline has it",
            trigger: "body:not(:has(.modal)) .o-mail-Message:contains('Money allocated')",
        },
    ],
});

tours.add("l10n_be_followup_charge_check", {
    steps: () => [
        {
            content: "Equal to the cent",
            trigger: ".o_form_view .alert-success:contains('Equal to the cent'), .modal .alert-success:contains('Equal to the cent')",
        },
        {
            trigger: "button[name='action_open_ledger']",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row",
        },
    ],
});
