/* Suspensions: approved in bulk, and restored. What is clicked here is checked in tests/test_tours_suspension.py. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("l10n_be_followup_suspension_approve", {
    steps: () => [
        {
            content: "Two services wait for a person",
            trigger: ".o_list_view .o_data_row:nth-child(2)",
        },
        {
            content: "Read one first",
            trigger: ".o_list_view .o_data_row:first-child .o_data_cell[name='service_id']",
            run: "click",
        },
        {
            content: "Each condition has its answer",
            trigger: ".o_form_view .o_followup_conditions tr:contains('a notice that announced it was delivered'):contains('✓')",
        },
        {
            content: "Only the approval is missing",
            trigger: ".o_form_view .o_followup_conditions tr:contains('approved by a person'):contains('✗')",
        },
        {
            content: "Who was told what",
            trigger: ".o_notebook .nav-link[name='told']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='told_ids'] .o_data_row:contains('Delivered')",
        },
        {
            content: "Back to the list",
            trigger: ".o_breadcrumb .o_back_button",
            run: "click",
        },
        {
            content: "Select both",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Approve",
            trigger: ".o_control_panel button[name='action_approve']",
            run: "click",
        },
        {
            content: "It asks first",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Nothing is left to approve",
            trigger: ".o_list_view .o_nocontent_help:contains('Nothing to approve')",
        },
    ],
});

registry.category("web_tour.tours").add("l10n_be_followup_suspension_restore", {
    steps: () => [
        {
            content: "The service is suspended",
            trigger: ".o_form_view .ribbon:contains('Suspended')",
        },
        {
            content: "Restore",
            trigger: ".o_form_statusbar button[name='action_restore']",
            run: "click",
        },
        {
            content: "It asks first",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "In service again",
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='active']",
        },
        {
            content: "Its suspension says who lifted it",
            trigger: "button[name='action_open_suspensions']",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row .o_data_cell[name='service_id']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='lifted_by']:contains('Suspension User')",
        },
    ],
});
