/* The start assistant, from an empty page to live. What is typed and clicked here is checked in tests/test_tours_assistant.py. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

function stepIs(code) {
    return {
        content: `The assistant stands at ${code}`,
        trigger: `.o_statusbar_status .o_arrow_button_current[data-value='${code}']`,
    };
}

function press(name, within = ".o_form_view") {
    return {
        content: `Press ${name}`,
        trigger: `${within} button[name='${name}']:not([disabled]):visible`,
        run: "click",
    };
}

function upload(name, lines) {
    return {
        content: `Choose the file ${name}`,
        trigger: ".o_field_widget[name='file'] input[type='file']:not(:visible)",
        async run() {
            const input = document.querySelector(".o_field_widget[name='file'] input[type='file']");
            const transfer = new DataTransfer();
            transfer.items.add(new File([lines.join("\r\n")], name, { type: "text/csv" }));
            input.files = transfer.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
        },
    };
}

const TITLES = "Customer;Invoice;Level;Last reminder";

tours.add("l10n_be_followup_assistant", {
    steps: () => [
        {
            content: "The list of customers shows the way",
            trigger: "button[name='action_open_assistant']",
            run: "click",
        },
        stepIs("cutoff"),
        {
            content: "Nothing leaves by itself",
            trigger: ".alert:contains('Safe mode is on')",
        },
        {
            content: "Three months back: one item is older",
            trigger: ".o_field_widget[name='before_count']:contains('1')",
        },
        press("action_next"),
        stepIs("reminded"),
        press("action_import_file"),
        upload("reminders.csv", [
            TITLES,
            "Bakkerij Het Zoete Brood;TOUR/1;Formal notice;12/10/2026",
            "Nobody;TOUR/3;Reminder;12/10/2026",
            "Jan Peeters;TOUR/2;Reminder;31/02/2026",
        ]),
        {
            content: "The file is there",
            trigger: ".o_field_widget[name='file'] input:value('reminders.csv')",
        },
        press("action_check"),
        {
            content: "Both bad lines are named",
            trigger: ".o_field_widget[name='line_ids']:contains('No customer is called Nobody'):contains('31/02/2026')",
        },
        {
            content: "And nothing can be imported",
            trigger: ".o_form_view:not(:has(button[name='action_import']:visible)) .alert-danger:contains('2 of 3 lines are wrong')",
        },
        {
            content: "Take the bad file away",
            trigger: ".o_field_widget[name='file'] .o_clear_file_button",
            run: "click",
        },
        upload("better.csv", [
            TITLES,
            "Bakkerij Het Zoete Brood;TOUR/1;Formal notice;12/10/2026",
            "Jan Peeters;TOUR/2;Reminder;20/10/2026",
        ]),
        {
            content: "The better file is there",
            trigger: ".o_field_widget[name='file'] input:value('better.csv')",
        },
        press("action_check"),
        {
            content: "Two good lines",
            trigger: ".alert-success:contains('2 reminders can be imported')",
        },
        press("action_import"),
        {
            content: "Imported",
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='done']",
        },
        {
            content: "Back to the assistant",
            trigger: ".o_back_button, .breadcrumb-item a:contains('Start assistant')",
            run: "click",
        },
        stepIs("reminded"),
        {
            content: "Two items stand where they were",
            trigger: ".o_field_widget[name='imported_count']:contains('2')",
        },
        press("action_next"),
        stepIs("older"),
        press("action_open_older"),
        {
            content: "Choose the older item",
            trigger: ".o_list_view .o_data_row:contains('TOUR/3') .o_list_record_selector input",
            run: "click",
        },
        press("action_include_older", ".o_control_panel"),
        {
            content: "Decided",
            trigger: ".o_view_nocontent, .o_list_view:not(:has(.o_data_row:contains('TOUR/3')))",
        },
        {
            trigger: ".o_back_button, .breadcrumb-item a:contains('Start assistant')",
            run: "click",
        },
        stepIs("older"),
        {
            content: "One is followed up anyway",
            trigger: ".o_field_widget[name='older_included']:contains('1')",
        },
        press("action_next"),
        stepIs("hidden"),
        press("action_next"),
        stepIs("checks"),
        press("action_check"),
        {
            content: "The mail server answered, returned e-mails are orange",
            trigger:
                ".o_field_widget[name='check_ids'] .o_data_row:contains('Outgoing mail'):contains('In order')",
        },
        {
            content: "I know of the orange points",
            trigger: ".o_field_widget[name='accepted'] input",
            run: "click",
        },
        press("action_next"),
        stepIs("policies"),
        {
            content: "The policies in plain words, and an example",
            trigger: ".o_field_widget[name='policy_text']:contains('3 days after the due date')",
        },
        {
            trigger: ".o_field_widget[name='example_subject']",
        },
        press("action_next"),
        stepIs("preview"),
        {
            content: "Tonight: the bakery",
            trigger: ".o_field_widget[name='preview_line_ids'] .o_data_row:contains('Bakkerij'):contains('Message')",
        },
        press("action_next"),
        stepIs("live"),
        {
            content: "I looked",
            trigger: ".o_field_widget[name='confirmed'] input",
            run: "click",
        },
        press("action_go_live"),
        {
            content: "Live",
            trigger: ".o_form_view .alert-success:contains('Live.')",
        },
    ],
});

tours.add("l10n_be_followup_assistant_user", {
    steps: () => [
        stepIs("cutoff"),
        {
            content: "A user looks, and cannot go on",
            trigger: ".o_form_view:not(:has(button[name='action_next'])) .alert:contains('Only a follow-up manager')",
        },
        {
            content: "But he may look at every step",
            trigger: ".o_statusbar_status button[data-value='checks']",
            run: "click",
        },
        stepIs("checks"),
        {
            content: "The step is kept",
            trigger: ".o_form_status_indicator_buttons.invisible:not(:visible)",
        },
    ],
});
