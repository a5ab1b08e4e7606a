/* Bank lines with our references. What is clicked here is checked in tests/test_tours_bank_line.py. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("l10n_be_followup_bank_line", {
    steps: () => [
        {
            content: "The line says what it is meant for",
            trigger: ".o_data_row:contains('Bakkerij'):contains('220.00')",
        },
        {
            content: "Reconcile it",
            trigger: ".o_data_row:contains('Bakkerij') button[name='action_followup_reconcile']",
            run: "click",
        },
        {
            content: "It waits no more",
            trigger: ".o_view_nocontent:contains('No bank line waits here')",
        },
        {
            content: "Look at what was done",
            trigger: ".o_searchview_facet .o_facet_remove",
            run: "click",
        },
        {
            content: "And take it back",
            trigger: ".o_data_row:contains('Bakkerij') button[name='action_followup_undo']",
            run: "click",
        },
        {
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "It is open again: once more, with the box in front of it",
            trigger: ".o_data_row:contains('Bakkerij'):has(button[name='action_followup_reconcile']) .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_control_panel button[name='action_followup_reconcile']",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Bakkerij'):has(button[name='action_followup_undo'])",
        },
    ],
});
