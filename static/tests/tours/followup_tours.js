/* One tour a screen. What is typed and clicked here is checked in tests/test_tours.py. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

function openMenu(menu, section) {
    const steps = [
        stepUtils.showAppsMenuItem(),
        {
            content: "Open Invoicing",
            trigger: ".o_app[data-menu-xmlid='account.menu_finance']",
            run: "click",
        },
        {
            content: "Open the Follow-up menu",
            trigger: "[data-menu-xmlid='l10n_be_followup.followup_menu']",
            run: "click",
        },
    ];
    if (section) {
        steps.push({
            content: "The section is in the menu",
            trigger: `.dropdown-menu:contains('${section}')`,
        });
    }
    steps.push({
        content: "Choose the entry",
        trigger: `.dropdown-item[data-menu-xmlid='l10n_be_followup.${menu}']`,
        run: "click",
    });
    return steps;
}

function statusIs(value) {
    return {
        content: `The notice is ${value}`,
        trigger: `.o_statusbar_status .o_arrow_button_current[data-value='${value}']`,
    };
}

tours.add("l10n_be_followup_level", {
    steps: () => [
        {
            content: "Name the policy",
            trigger: ".o_form_view .o_field_widget[name='name'] input, .o_form_view .o_field_widget[name='name'] textarea",
            run: "edit Good customers",
        },
        {
            content: "Add a level",
            trigger: ".o_field_widget[name='level_ids'] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: "Name the level",
            trigger: ".modal .o_field_widget[name='name'] input",
            run: "edit Gentle reminder",
        },
        {
            content: "A delay that goes backwards",
            trigger: ".modal .o_field_widget[name='delay'] input",
            run: "edit -3",
        },
        {
            content: "Choose the words",
            trigger: ".modal .o_field_widget[name='template_id'] input",
            run: "edit first reminder",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('first reminder')",
            run: "click",
        },
        {
            content: "Keep the level",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_field_widget[name='level_ids'] .o_data_row:contains('Gentle reminder')",
        },
        {
            content: "Save the policy",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "The message names the level and the cure",
            trigger: ".o_error_dialog:contains('the delay of Gentle reminder goes backwards')",
        },
        {
            content: "Close the message",
            trigger: ".o_error_dialog .modal-footer button",
            run: "click",
        },
        {
            content: "Open the level again",
            trigger: "body:not(:has(.modal)) .o_field_widget[name='level_ids'] .o_data_row .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "A delay that goes forwards",
            trigger: ".modal .o_field_widget[name='delay'] input",
            run: "edit 12",
        },
        ...chooseOption("delay_from", "after the due date"),
        {
            content: "Keep the level",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The list says when",
            trigger: "body:not(:has(.modal)) .o_data_row .o_data_cell[name='timing']:contains('12 days after the due date')",
        },
        ...stepUtils.saveForm(),
    ],
});

function chooseOption(field, label) {
    return [
        {
            content: `Open the choices of ${field}`,
            trigger: `.modal .o_field_widget[name='${field}'] input`,
            run: "click",
        },
        {
            content: `Choose ${label}`,
            trigger: `.o_select_menu_item:contains('${label}')`,
            run: "click",
        },
    ];
}

tours.add("l10n_be_followup_send", {
    steps: () => [
        {
            content: "The button on the customer",
            trigger: "button[name='action_open_followup']",
            run: "click",
        },
        {
            content: "What happens next is told",
            trigger: ".o_field_widget[name='next_step']:contains('Friendly reminder is due now')",
        },
        {
            content: "Send notice",
            trigger: "button[name='action_prepare_notice']",
            run: "click",
        },
        statusIs("review"),
        {
            content: "The message can be read before it leaves",
            trigger: ".o_field_widget[name='email_to']:contains('boekhouding@zoetebrood.example')",
        },
        {
            content: "Send now",
            trigger: "button[name='action_send_now']",
            run: "click",
        },
        {
            content: "It says to whom it went",
            trigger: ".o_notification:contains('boekhouding@zoetebrood.example')",
        },
        statusIs("sent"),
    ],
});

tours.add("l10n_be_followup_review", {
    steps: () => [
        ...openMenu("followup_notice_menu_review"),
        ...["Klant A", "Klant B"].map(tick),
        {
            content: "Approve both",
            trigger: ".o_control_panel button[name='action_mass_approve']",
            run: "click",
        },
        {
            content: "It says how many and how much",
            trigger: ".modal .o_field_widget[name='summary']:contains('2 of 2 selected')",
        },
        {
            content: "Yes",
            trigger: ".modal .modal-footer button[name='action_confirm']",
            run: "click",
        },
        {
            content: "What became of each",
            trigger: ".modal .o_field_widget[name='result']:contains('2 done')",
        },
        {
            trigger: ".modal .modal-footer button[name='action_close']",
            run: "click",
        },
        {
            content: "They are gone from the list",
            trigger: "body:not(:has(.modal)) .o_list_view:not(:has(.o_data_row:contains('Klant A'))):not(:has(.o_data_row:contains('Klant B')))",
        },
        tick("Klant C"),
        {
            content: "Reject the third",
            trigger: ".o_control_panel button[name='action_mass_reject']",
            run: "click",
        },
        {
            content: "It asks first",
            trigger: ".modal .modal-footer button[name='action_confirm']",
            run: "click",
        },
        {
            trigger: ".modal .modal-footer button[name='action_close']",
            run: "click",
        },
        {
            content: "The list is empty",
            trigger: "body:not(:has(.modal)) .o_view_nocontent:contains('Nothing waits for you')",
        },
    ],
});

function tick(customer) {
    return {
        content: `Tick the notice of ${customer}`,
        trigger: `.o_list_view .o_data_row:contains('${customer}') .o_list_record_selector input`,
        run: "click",
    };
}

tours.add("l10n_be_followup_preview", {
    steps: () => [
        ...openMenu("followup_preview_wizard_menu"),
        {
            content: "A day is proposed",
            trigger: ".modal .o_field_widget[name='date']",
        },
        {
            content: "Preview",
            trigger: ".modal button[name='action_preview']",
            run: "click",
        },
        {
            content: "Who gets what",
            trigger: ".o_data_row:contains('Bakkerij Het Zoete Brood') .o_data_cell[name='level_id']:contains('Friendly reminder')",
        },
        {
            content: "Who waits, and why",
            trigger: ".o_data_row:contains('Jan Peeters') .o_data_cell[name='note']:contains('Back from holiday at Christmas')",
        },
        {
            content: "A line opens the customer",
            trigger: ".o_data_row:contains('Bakkerij Het Zoete Brood') .o_data_cell[name='customer_id']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='next_step']:contains('Friendly reminder')",
        },
    ],
});

tours.add("l10n_be_followup_call", {
    steps: () => [
        {
            trigger: "button[name='action_open_followup']",
            run: "click",
        },
        {
            content: "Log a call",
            trigger: "button[name='action_log_call']",
            run: "click",
        },
        {
            content: "What was said is asked",
            trigger: ".modal .o_field_widget[name='note'] textarea",
            run: "edit Will pay, the accountant was ill",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The call is in the timeline",
            trigger: "body:not(:has(.modal)) .o-mail-Message:contains('the accountant was ill')",
        },
        {
            content: "Hold",
            trigger: "button[name='action_hold']:not(.o_data_row *)",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit Pays after the holidays",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "The screen says why nothing happens",
            trigger: "body:not(:has(.modal)) .o_form_view:contains('Pays after the holidays')",
        },
    ],
});
