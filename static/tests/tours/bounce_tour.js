/* A reminder came back: what a person sees, and what he can do. See tests/test_tours_delivery.py. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("l10n_be_followup_bounce", {
    steps: () => [
        {
            content: "The timeline says what happened and what follows",
            trigger: ".o-mail-Message:contains('no such user'):contains('It is tried once more')",
        },
        {
            content: "Both messages of the step",
            trigger: "button[name='action_open_notices']",
            run: "click",
        },
        {
            content: "The one that came back",
            trigger: ".o_list_view .o_data_row:contains('Returned')",
        },
        {
            content: "and the letter that takes its place",
            trigger: ".o_list_view .o_data_row:contains('On its way') .o_data_cell",
            run: "click",
        },
        {
            content: "It names the address of the window",
            trigger: ".o_form_view .o_field_widget[name='address']:contains('Nieuwstraat 1')",
        },
    ],
});

registry.category("web_tour.tours").add("l10n_be_followup_bounce_contact", {
    steps: () => [
        {
            content: "The contact's form warns",
            trigger: ".o_form_view .alert-warning:contains('came back')",
        },
        {
            content: "The address was right after all",
            trigger: "button[name='action_followup_forgive_bounce']",
            run: "click",
        },
        {
            content: "No warning any more",
            trigger: ".o_form_view:not(:has(.alert-warning:contains('came back')))",
        },
    ],
});
