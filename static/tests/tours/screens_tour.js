/* Board, analysis, agenda, several at once, timeline, evidence. Checked in tests/test_tours_screens.py. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

function openMenu(menu) {
    return [
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
        {
            content: "Choose the entry",
            trigger: `.dropdown-item[data-menu-xmlid='l10n_be_followup.${menu}']`,
            run: "click",
        },
    ];
}

function switchTo(view, content) {
    return {
        content,
        trigger: `.o_switch_view.o_${view}`,
        run: "click",
    };
}

const removeFilter = {
    content: "Everybody, also who needs nothing",
    trigger: ".o_searchview .o_facet_remove",
    run: "click",
};

tours.add("l10n_be_followup_board", {
    steps: () => [
        ...openMenu("followup_customer_menu"),
        {
            content: "The card of the journal led here before; the list first",
            trigger: ".o_list_view .o_data_row:contains('Klant B')",
        },
        removeFilter,
        switchTo("kanban", "The board"),
        {
            content: "Who was reminded stands in his column, with the sum above it",
            trigger:
                ".o_kanban_group:has(.o_column_title:contains('First reminder')) .o_kanban_record:contains('Klant A')",
        },
        {
            trigger:
                ".o_kanban_group:has(.o_column_title:contains('First reminder')) .o_kanban_counter:contains('1,200')",
        },
        {
            content: "Who was not yet stands in the first one",
            trigger: ".o_kanban_group:not(.o_column_folded):contains('No notice yet') .o_kanban_record:contains('Klant C')",
        },
        {
            content: "Empty columns are folded",
            trigger: ".o_kanban_group.o_column_folded:contains('Formal notice')",
        },
        switchTo("calendar", "The calendar of next steps"),
        {
            trigger: ".o_calendar_view .o_calendar_widget",
        },
        switchTo("pivot", "The table"),
        {
            trigger: ".o_pivot table",
        },
        switchTo("graph", "The graph"),
        {
            trigger: ".o_graph_canvas_container canvas",
        },
        ...openMenu("followup_timeline_menu_agenda"),
        {
            content: "What is planned, on its day",
            trigger: ".o_calendar_view .fc-event",
        },
        {
            content: "Analysis > Ageing",
            trigger: "[data-menu-xmlid='l10n_be_followup.followup_menu']",
            run: "click",
        },
        {
            trigger: ".dropdown-item[data-menu-xmlid='l10n_be_followup.followup_ageing_report_menu']",
            run: "click",
        },
        {
            content: "What is over 90 days late has a column of its own",
            trigger: ".o_pivot table:contains('Over 90 days'):contains('1,200')",
        },
        switchTo("list", "Item by item"),
        {
            content: "A row leads to the customer",
            trigger: ".o_data_row:contains('Klant A') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name='next_step']",
        },
    ],
});

tours.add("l10n_be_followup_mass", {
    steps: () => [
        ...openMenu("followup_customer_menu"),
        ...["Klant B", "Klant C"].map((name) => ({
            content: `Tick ${name}`,
            trigger: `.o_list_view .o_data_row:contains('${name}') .o_list_record_selector input`,
            run: "click",
        })),
        {
            content: "Hold both",
            trigger: ".o_control_panel button[name='action_mass_hold']",
            run: "click",
        },
        {
            content: "How many, and how much",
            trigger: ".modal .o_field_widget[name='summary']:contains('2 of 2 selected')",
        },
        {
            trigger: ".modal .o_field_widget[name='reason'] input",
            run: "edit Trade fair",
        },
        {
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "What became of each",
            trigger: ".modal .o_field_widget[name='result']:contains('2 done')",
        },
        {
            content: "A mistake: take it back",
            trigger: ".modal button[name='action_undo']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='result']:contains('2 taken back')",
        },
        {
            trigger: ".modal button[name='action_close']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_list_view",
        },
    ],
});

tours.add("l10n_be_followup_timeline", {
    steps: () => [
        {
            content: "The timeline on the customer's own screen",
            trigger: ".o_notebook .nav-link[name='timeline']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='timeline_ids'] .o_data_row:contains('Friendly reminder')",
        },
        {
            content: "All of it, to filter",
            trigger: "button[name='action_open_timeline'].oe_stat_button",
            run: "click",
        },
        {
            content: "The list, with what can be filtered",
            trigger: ".o_list_view .o_searchview_input",
        },
        {
            content: "A row opens its record",
            trigger: ".o_list_view .o_data_row:contains('Delivered') .o_data_cell[name='name']",
            run: "click",
        },
        {
            content: "The notice",
            trigger: ".o_form_view .o_field_widget[name='email_to']",
        },
        {
            content: "The notice; its message stands in a frame of its own",
            trigger: ".o_form_view .o_field_widget[name='body'] iframe",
        },
        {
            content: "Its evidence",
            trigger: ".o_notebook .nav-link[name='evidence']",
            run: "click",
        },
        {
            content: "Verify",
            trigger: "button[name='action_verify']",
            run: "click",
        },
        {
            content: "It is what was sent",
            trigger: ".o_notification:contains('is exactly what was sent')",
        },
    ],
});
