/* Letters: from the list to the pile to the post. What is clicked here is checked in tests/test_tours_letters.py. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("l10n_be_followup_letters", {
    steps: () => [
        {
            content: "Two letters wait to be printed",
            trigger: ".o_list_view .o_data_row:nth-child(2)",
        },
        {
            content: "Select both",
            trigger: ".o_list_view thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Print",
            trigger: ".o_control_panel button[name='action_print_letters']",
            run: "click",
        },
        {
            content: "The batch opens: printed, nothing is sent yet",
            trigger: ".o_form_view .o_statusbar_status .o_arrow_button_current[data-value='printed']",
        },
        {
            content: "In the order of the pile, with the town",
            trigger: ".o_field_widget[name='letter_ids'] .o_data_row:first-child:contains('1000 Brussel')",
        },
        {
            content: "The PDF can be opened",
            trigger: ".o_form_statusbar button[name='action_open_pdf']:contains('Open the PDF')",
        },
        {
            content: "Mark as posted",
            trigger: ".o_form_statusbar button[name='action_post']",
            run: "click",
        },
        {
            content: "One customer paid since: he is proposed to be taken out",
            trigger: ".modal .o_field_widget[name='line_ids'] .o_data_row:contains('Jan Peeters'):contains('Take out')",
        },
        {
            content: "Confirm",
            trigger: ".modal .modal-footer button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The batch is posted",
            trigger: ".o_form_view .o_statusbar_status .o_arrow_button_current[data-value='posted']",
        },
        {
            content: "The chatter says who was taken out",
            trigger: ".o-mail-Message:contains('Taken out of the pile')",
        },
        {
            content: "From now on it prints copies",
            trigger: ".o_form_statusbar button[name='action_open_pdf']:contains('Print a copy')",
        },
    ],
});
