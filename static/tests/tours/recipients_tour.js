/* Who is written to, and how: the customer's page in Contacts. What is chosen is checked in tests/test_tours_recipients.py. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

function newContact(type, name, email) {
    return [
        {
            content: "Open the contacts of the customer",
            trigger: ".o_notebook .nav-link[name='contact_addresses']",
            run: "click",
        },
        {
            content: "Add one",
            trigger: ".o_field_widget[name='child_ids'] .o-kanban-button-new",
            run: "click",
        },
        {
            content: `It is a ${type} address`,
            trigger: `.modal .o_field_widget[name='type'] input[data-value='${type}']`,
            run: "click",
        },
        {
            content: "Its name",
            trigger: ".modal .o_field_widget[name='name'] input",
            run: `edit ${name}`,
        },
        {
            content: "Its e-mail address",
            trigger: ".modal .o_field_widget[name='email'] input",
            run: `edit ${email}`,
        },
    ];
}

function saved() {
    return [
        {
            content: "Save the customer",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Saved",
            trigger: ".o_form_saved",
        },
    ];
}

tours.add("l10n_be_followup_recipients", {
    steps: () => [
        ...newContact("followup", "Accounts desk", "desk@bakery.example"),
        {
            content: "Nobody asks for a mandate of a business",
            trigger: ".modal:not(:has(.o_field_widget[name='followup_mandate_date']))",
        },
        {
            content: "Add it",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "It stands with the contacts",
            trigger: ".o_field_widget[name='child_ids'] .o_kanban_record:contains('Accounts desk')",
        },
        ...saved(),
        {
            content: "Open the accounting page",
            trigger: ".o_notebook .nav-link[name='accounting']",
            run: "click",
        },
        {
            content: "Every message is read first",
            trigger: ".o_field_widget[name='followup_vip'] input",
            run: "click",
        },
        {
            content: "A copy to the boss",
            trigger: ".o_field_widget[name='followup_copy_ids'] input",
            run: "edit Big Boss",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Big Boss')",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='followup_copy_ids'] .o_tag:contains('Big Boss')",
        },
        {
            content: "Informal",
            trigger: ".o_field_widget[name='followup_address_form'] input, .o_field_widget[name='followup_address_form'] select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Informal')",
            run: "click",
        },
        {
            content: "Gentle",
            trigger: ".o_field_widget[name='followup_tone'] input, .o_field_widget[name='followup_tone'] select",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Gentle')",
            run: "click",
        },
        ...saved(),
        {
            content: "To the follow-up screen",
            trigger: "button[name='action_open_followup']",
            run: "click",
        },
        {
            content: "VIP is seen at once",
            trigger: ".oe_title .badge:contains('VIP')",
        },
        {
            content: "So is who is written to",
            trigger: ".o_field_widget[name='recipients']:contains('desk@bakery.example, copy to boss@bakery.example')",
        },
    ],
});

tours.add("l10n_be_followup_mandate", {
    steps: () => [
        ...newContact("followup", "Aunt Mary", "mary@x.example"),
        {
            content: "The window says what is needed",
            trigger: ".modal .o_field_widget[name='followup_mandate_date']",
        },
        {
            content: "Without a mandate",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "Try to save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is refused, with the cure",
            trigger: ".modal .modal-body:contains('Aunt Mary may not hear'):contains('Record the mandate')",
        },
        {
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Open the contact again",
            trigger: ".o_field_widget[name='child_ids'] .o_kanban_record:contains('Aunt Mary')",
            run: "click",
        },
        {
            content: "Record the mandate",
            trigger: ".modal .o_field_widget[name='followup_mandate_date'] input, .modal .o_field_widget[name='followup_mandate_date'] button",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='followup_mandate_date'] input",
            run: "edit 11/02/2026 && press Tab",
        },
        {
            content: "And where it is kept",
            trigger: ".modal .o_field_widget[name='followup_mandate_note'] input",
            run: "edit Letter in the file",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The window is closed",
            trigger: "body:not(:has(.modal))",
        },
        ...saved(),
    ],
});
