import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** From the planned activity to the written confirmation: the call cannot be ticked off without its outcome. */
tours.add("l10n_be_followup_planned_call", {
    steps: () => [
        {
            content: "The planned call says day and hours",
            trigger: ".o-mail-Activity:contains('Mon 23 Nov, 9.30-11.30')",
        },
        {
            content: "Mark it done",
            trigger: ".o-mail-Activity .o-mail-Activity-markDone",
            run: "click",
        },
        {
            trigger: ".o-mail-ActivityMarkAsDone button[aria-label='Done and Schedule Next']",
            run: "click",
        },
        {
            content: "The outcome is asked",
            trigger: ".modal:contains('Note what came of the call') .modal-footer button:contains('Log the call')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='note'] textarea",
            run: "edit Invoice was on the desk of a colleague",
        },
        {
            content: "What the customer will read",
            trigger: ".modal .o_field_widget[name='confirmation'] textarea",
            run: "edit You pay the whole amount this Friday.",
        },
        {
            trigger: ".modal button[name='action_confirm_and_send']",
            run: "click",
        },
        {
            content: "The planned call is gone, the call is in the history",
            trigger: "body:not(:has(.modal)) .o-mail-Message:contains('on the desk of a colleague')",
        },
        {
            content: "The call sheet",
            trigger: "button[name='action_call_sheet']",
            run: "click",
        },
        {
            content: "Goal first, then the script",
            trigger: ".o_form_view .o_field_widget[name='goal'] input:checked",
        },
        {
            content: "A link to the phone",
            trigger: ".o_field_widget[name='head'] a[href='tel:+3225551234']",
        },
        {
            content: "Another goal, another script",
            trigger: ".o_field_widget[name='goal'] label:contains('arrangement')",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='script']:contains('instalments')",
        },
        {
            content: "What was said last time",
            trigger: ".o_field_widget[name='facts'] .o_followup_call_contacts:contains('on the desk of a colleague')",
        },
        {
            content: "Back to the customer",
            trigger: "button[name='action_open_customer']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='next_step']",
        },
    ],
});
