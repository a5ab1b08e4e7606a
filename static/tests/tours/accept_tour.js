/* What a customer does on his own page, without an account. Checked in tests/test_tours_accept.py. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("l10n_be_followup_accept", {
    steps: () => [
        {
            content: "The instalments are there",
            trigger: ".o_followup_arrangement[data-state='proposed'] .o_followup_instalment[data-state='planned']",
        },
        {
            content: "Sign with a name",
            trigger: ".o_followup_accept_form input[name='name']",
            run: "edit Els Bakker",
        },
        {
            content: "Accept",
            trigger: ".o_followup_accept_form button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is in force",
            trigger: ".o_followup_arrangement[data-state='active'] .o_followup_accepted:contains('Els Bakker')",
        },
        {
            content: "How to pay the first instalment",
            trigger: ".o_followup_pay .o_followup_qr",
        },
        {
            content: "There is nothing to accept any more",
            trigger: ".o_followup_arrangement:not(:has(.o_followup_accept_form))",
        },
    ],
});

tours.add("l10n_be_followup_answer", {
    steps: () => [
        {
            content: "Open the first form",
            trigger: ".o_followup_form_promise summary",
            run: "click",
        },
        {
            content: "Choose a day",
            trigger: ".o_followup_form_promise input[name='date']",
            run() {
                this.anchor.value = "2026-11-27";
            },
        },
        {
            content: "Send it",
            trigger: ".o_followup_form_promise button[type='submit']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is noted",
            trigger: ".o_followup_done",
        },
        {
            content: "The form is gone",
            trigger: ".o_followup_form_promise:not(:has(form))",
        },
    ],
});
