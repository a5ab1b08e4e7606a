/* Health: stop everything and start again; release a held night. Checked in tests/test_tours_health.py. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("l10n_be_followup_stop", {
    steps: () => [
        {
            content: "Follow-up is live, nothing is stopped",
            trigger: ".o_form_view .o_field_widget[name='mode']:contains('Live')",
        },
        {
            content: "Stop everything",
            trigger: ".o_form_statusbar button:contains('Stop everything')",
            run: "click",
        },
        {
            content: "Why",
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit wrong amounts after an import",
        },
        {
            content: "Yes, stop",
            trigger: ".modal footer button[name='action_stop']",
            run: "click",
        },
        {
            content: "The page says who stopped it, and why",
            trigger: ".o_form_view .alert-danger:contains('Health User stopped all'):contains('wrong amounts')",
        },
        {
            content: "Start again",
            trigger: ".o_form_statusbar button:contains('Start again')",
            run: "click",
        },
        {
            content: "Yes, start",
            trigger: ".modal footer button[name='action_start']",
            run: "click",
        },
        {
            content: "The switch is there again",
            trigger: ".o_form_statusbar button:contains('Stop everything')",
        },
    ],
});

registry.category("web_tour.tours").add("l10n_be_followup_release", {
    steps: () => [
        {
            content: "A night waits for a manager",
            trigger: ".o_form_view .o_field_widget[name='brake_ids'] .o_data_row:contains('Unusual night')",
        },
        {
            content: "Release",
            trigger: ".o_field_widget[name='brake_ids'] button[name='action_release']",
            run: "click",
        },
        {
            content: "Sure",
            trigger: ".modal footer .btn-primary",
            run: "click",
        },
        {
            content: "No brake holds any more",
            trigger: ".o_form_view:not(:has(.o_field_widget[name='brake_ids'] .o_data_row))",
        },
    ],
});
