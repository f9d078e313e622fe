/* What waits in a WMI repository for which event: told as live where the index says so, recovered where it does not. */
#include "cmocka_all.h"
#include "bytes.h"
#include "made_wmi.h"

typedef struct { arena mem; problems noted; made_wmi made; wmi w; } ground;

#define SUBSCRIPTION "root\\subscription"

static int setup_of(void **state, unsigned version)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    made_wmi_init(&g.made, version);
    *state = &g;
    return 0;
}

static int setup(void **state) { return setup_of(state, 6); }
static int setup_xp(void **state) { return setup_of(state, 5); }

static int teardown(void **state)
{
    ground *g = *state;
    made_wmi_done(&g->made);
    arena_done(&g->mem);
    return 0;
}

static const wmi *read_files(ground *g, wmi_files files)
{
    assert_true(status_is_ok(wmi_read(&g->mem, &files, &g->noted, &g->w)));
    return &g->w;
}

static void put_all(ground *g, const char *space)
{
    made_filter(&g->made, space, "Updater", "SELECT * FROM __InstanceModificationEvent WITHIN 60");
    made_command(&g->made, space, "Updater", "powershell.exe -enc AAAA");
    made_binding(&g->made, space, "__EventFilter.Name=\"Updater\"", "CommandLineEventConsumer.Name=\"Updater\"");
}

static void check_all(const wmi *w, wmi_standing standing, const char *space)
{
    assert_int_equal(w->filter_count, 1);
    assert_int_equal(w->consumer_count, 1);
    assert_int_equal(w->binding_count, 1);
    const wmi_filter *f = &w->filters[0];
    const wmi_consumer *c = &w->consumers[0];
    const wmi_binding *b = &w->bindings[0];
    assert_string_equal(f->name, "Updater");
    assert_string_equal(f->query, "SELECT * FROM __InstanceModificationEvent WITHIN 60");
    assert_string_equal(f->language, "WQL");
    assert_string_equal(f->event_space, "root\\cimv2");
    assert_int_equal(c->kind, WMI_COMMAND);
    assert_string_equal(c->class_name, "CommandLineEventConsumer");
    assert_string_equal(c->name, "Updater");
    assert_string_equal(c->command, "powershell.exe -enc AAAA");
    assert_string_equal(c->script, "");
    assert_string_equal(b->filter, "Updater");
    assert_string_equal(b->consumer, "Updater");
    assert_string_equal(b->consumer_class, "CommandLineEventConsumer");
    const wmi_record *all[] = { &f->record, &c->record, &b->record };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i]->standing, standing);
        assert_string_equal(all[i]->space, space);
        assert_string_equal(all[i]->creator, "S-1-5-32-544");
        assert_int_equal(all[i]->not_before, 132336720000000000ull + i);
        assert_false(all[i]->torn);
    }
}

static void what_the_index_leads_to_is_live(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->version, g->made.version);
    assert_true(w->indexed);
    check_all(w, WMI_LIVE, SUBSCRIPTION);
    assert_int_equal(g->noted.count, 0);
    assert_int_equal(w->space_count, 1);
    assert_string_equal(w->spaces[0].name, "subscription");
    assert_string_equal(w->spaces[0].record.space, "root");
    const wmi_consumer *c = &w->consumers[0];
    assert_int_equal(c->property_count, 4);
    assert_string_equal(c->properties[1].name, "RunInteractively");
    assert_string_equal(c->properties[1].value, "true");
    assert_string_equal(c->properties[3].name, "KillTimeout");
    assert_string_equal(c->properties[3].value, "45");
}

static void without_index_nothing_is_told_to_live(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    wmi_files files = { .objects = made_files(&g->made).objects };
    const wmi *w = read_files(g, files);
    assert_false(w->indexed);
    assert_int_equal(w->version, 0);
    check_all(w, WMI_LOOSE, "");
    assert_int_equal(g->noted.count, 0);
}

static void pages_that_no_map_names_are_recovered(void **state)
{
    ground *g = *state;
    put_all(g, NULL);
    made_page(&g->made, false);
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    check_all(read_files(g, made_files(&g->made)), WMI_RECOVERED, "");
}

static void entries_that_the_index_forgot_are_recovered(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    put_all(g, NULL);
    made_page(&g->made, true);
    check_all(read_files(g, made_files(&g->made)), WMI_RECOVERED, "");
}

static void objects_between_entries_are_recovered(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    memset(g->made.objects.at + WMI_PAGE, 0, 1040);          /* the table of the second page is gone */
    check_all(read_files(g, made_files(&g->made)), WMI_RECOVERED, "");
}

static void an_older_writing_of_a_live_object_is_not_told_twice(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    put_all(g, NULL);
    made_page(&g->made, false);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    put_all(g, NULL);
    made_command(&g->made, NULL, "Updater", "calc.exe");     /* another one was */
    made_page(&g->made, false);
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->filter_count, 1);
    assert_int_equal(w->binding_count, 1);
    assert_int_equal(w->consumer_count, 2);
    assert_int_equal(w->consumers[0].record.standing, WMI_LIVE);
    assert_int_equal(w->consumers[1].record.standing, WMI_RECOVERED);
    assert_string_equal(w->consumers[1].command, "calc.exe");
}

static void a_long_command_goes_over_pages_in_the_order_of_the_map(void **state)
{
    ground *g = *state;
    char *long_one = arena_alloc(&g->mem, 20001);
    for (size_t i = 0; i < 20000; i++)
        long_one[i] = (char)('a' + i % 26);
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    made_command(&g->made, SUBSCRIPTION, "long", long_one);
    made_page(&g->made, true);
    /* Physically the second and third page change places. */
    uint8_t page[WMI_PAGE];
    uint8_t *second = g->made.objects.at + 2 * WMI_PAGE, *third = g->made.objects.at + 3 * WMI_PAGE;
    memcpy(page, second, WMI_PAGE);
    memcpy(second, third, WMI_PAGE);
    memcpy(third, page, WMI_PAGE);
    g->made.order[2] = 3;
    g->made.order[3] = 2;
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->consumer_count, 1);
    assert_string_equal(w->consumers[0].command, long_one);
    assert_false(w->consumers[0].record.torn);
}

static void a_torn_object_keeps_its_beginning_and_says_so(void **state)
{
    ground *g = *state;
    char *long_one = arena_alloc(&g->mem, 9001);
    memset(long_one, 'x', 9000);
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    made_command(&g->made, SUBSCRIPTION, "long", long_one);
    made_page(&g->made, true);
    g->made.objects.len -= WMI_PAGE;                         /* the file ends before its last page */
    g->made.pages--;
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->consumer_count, 1);
    assert_true(w->consumers[0].record.torn);
    assert_string_equal(w->consumers[0].name, "long");
    assert_int_equal(strspn(w->consumers[0].command, "x"), strlen(w->consumers[0].command));
    assert_in_range(strlen(w->consumers[0].command), 6000, 8000);
    assert_true(problems_has(&g->noted, "wmi.object"));
}

static void names_and_paths_of_all_kinds(void **state)
{
    static const char *const names[] = { "a-b.c {1}", "\xE6\x9B\xB4\xE6\x96\xB0", "it's \"x\" \\ y", "" };
    static const char *const paths[] = { "CommandLineEventConsumer.Name=\"a-b.c {1}\"", "\\\\.\\root\\subscription:CommandLineEventConsumer.Name=\"\xE6\x9B\xB4\xE6\x96\xB0\"",
                                         "\\\\HOST\\ROOT\\subscription:CommandLineEventConsumer.Name=\"it's \\\"x\\\" \\\\ y\"", "CommandLineEventConsumer.Name=\"\"" };
    ground *g = *state;
    made_usual_classes(&g->made);
    for (size_t i = 0; i < 4; i++) {
        made_command(&g->made, SUBSCRIPTION, names[i], "x");
        made_binding(&g->made, SUBSCRIPTION, "__EventFilter=\"n\"", paths[i]);
    }
    made_page(&g->made, true);
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->binding_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(w->consumers[i].name, names[i]);
        assert_string_equal(w->bindings[i].consumer, names[i]);
        assert_string_equal(w->bindings[i].consumer_class, "CommandLineEventConsumer");
        assert_string_equal(w->bindings[i].filter, "n");
        assert_string_equal(w->bindings[i].consumer_path, paths[i]);
    }
}

static void any_class_below_eventconsumer_is_a_consumer(void **state)
{
    ground *g = *state;
    static const made_field own[] = { { .name = "Payload", .type = 8 }, { 0 } };
    const made_field all[] = { { .name = "MachineName", .type = 8, .text = "pc" }, { .name = "CreatorSID", .type = 0x2011 },
                               { .name = "Payload", .type = 8, .text = "evil" }, { 0 } };
    made_usual_classes(&g->made);
    made_class(&g->made, "root\\other", "MyConsumer", "__EventConsumer", own, 2, 8);
    made_object(&g->made, "root\\other", "MyConsumer", all, 1);
    made_page(&g->made, true);
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->consumer_count, 1);
    assert_int_equal(w->consumers[0].kind, WMI_OTHER);
    assert_string_equal(w->consumers[0].class_name, "MyConsumer");
    assert_string_equal(w->consumers[0].record.creator, "");
    assert_int_equal(w->consumers[0].property_count, 2);
    assert_string_equal(w->consumers[0].properties[0].value, "evil");
    assert_string_equal(w->consumers[0].record.space, "");   /* a hash that no name is known for */
}

static void a_definition_that_does_not_fit_gives_way_to_one_that_does(void **state)
{
    ground *g = *state;
    static const made_field amended[] = { { .name = "Name", .type = 8 }, { .name = "Words", .type = 8 }, { 0 } };
    made_usual_classes(&g->made);
    made_class(&g->made, "root\\subscription\\ms_409", "CommandLineEventConsumer", "__EventConsumer", amended, 2, 8);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    check_all(read_files(g, made_files(&g->made)), WMI_LIVE, SUBSCRIPTION);
}

static void classes_that_are_their_own_ancestors_end(void **state)
{
    ground *g = *state;
    static const made_field own[] = { { .name = "Name", .type = 8 }, { 0 } };
    const made_field all[] = { { .name = "Name", .type = 8, .text = "x" }, { 0 } };
    made_class(&g->made, SUBSCRIPTION, "__EventConsumer", "Other", own, 0, 0);
    made_class(&g->made, SUBSCRIPTION, "Other", "__EventConsumer", own, 0, 0);
    made_object(&g->made, SUBSCRIPTION, "Other", all, 1);
    made_page(&g->made, true);
    const wmi *w = read_files(g, made_files(&g->made));
    assert_int_equal(w->consumer_count, 0);
    assert_true(problems_has(&g->noted, "wmi.object"));
}

static void values_that_lie_over_each_other_are_no_layout(void **state)
{
    ground *g = *state;
    static const made_field own[] = { { .name = "A", .type = 8 }, { .name = "B", .type = 8, .number = 1 }, { .name = "C", .type = 8, .number = 1 }, { 0 } };
    const made_field all[] = { { .name = "A", .type = 8, .text = "long" }, { 0 } };
    made_usual_classes(&g->made);
    made_class(&g->made, SUBSCRIPTION, "Overlaid", "__EventConsumer", own, 0, 0);
    made_object(&g->made, SUBSCRIPTION, "Overlaid", all, 1);
    made_page(&g->made, true);
    assert_int_equal(read_files(g, made_files(&g->made))->consumer_count, 0);
    assert_true(problems_has(&g->noted, "wmi.object"));
}

static void entries_over_each_other_have_an_end(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    wmi_files files = made_files(&g->made);
    size_t before = g->mem.used;
    read_files(g, files);
    size_t once = g->mem.used - before;
    /* Five hundred entries that all are the largest class definition of the page. */
    const uint8_t *largest = g->made.objects.at;
    for (size_t i = 0; le32(g->made.objects.at + 16 * i); i++)
        if (le32(g->made.objects.at + 16 * i + 8) > le32(largest + 8))
            largest = g->made.objects.at + 16 * i;
    uint8_t page[WMI_PAGE];
    for (size_t i = 0; i < 500; i++)
        memcpy(page + 16 * i, largest, 16);
    memset(page + 8000, 0, sizeof page - 8000);
    memcpy(g->made.objects.at, page, 1040);
    before = g->mem.used;
    read_files(g, files);
    assert_in_range(g->mem.used - before, 0, 4 * once);
}

static void the_newest_whole_map_is_taken(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    wmi_files files = made_files(&g->made);
    uint8_t *older = (uint8_t *)arena_text(&g->mem, files.maps[0]), *broken = (uint8_t *)arena_text(&g->mem, files.maps[0]);
    older[4] = 1;                                            /* an older one, that maps nothing */
    memset(older + 24, 0xff, 4);
    broken[4] = 99;
    broken[20] = 200;                                        /* newer, and longer than its file */
    files.maps[1] = files.maps[0];
    files.maps[0] = span_of(older, files.maps[1].len);
    files.maps[2] = span_of(broken, files.maps[1].len);
    check_all(read_files(g, files), WMI_LIVE, SUBSCRIPTION);
    assert_true(problems_has(&g->noted, "wmi.map"));
}

static void an_index_that_cannot_be_read_is_told_and_objects_are_carved(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    put_all(g, SUBSCRIPTION);
    made_page(&g->made, true);
    wmi_files files = made_files(&g->made);
    set32(&g->made.index, 16, 3000);                         /* more keys than a page can hold */
    check_all(read_files(g, files), WMI_LOOSE, "");
    assert_true(problems_has(&g->noted, "wmi.index"));
}

static void files_are_known_by_their_bytes(void **state)
{
    ground *g = *state;
    made_usual_classes(&g->made);
    made_page(&g->made, true);
    wmi_files files = made_files(&g->made);
    assert_true(wmi_map_is(files.maps[0]));
    assert_true(wmi_index_is(files.index, files.index.len));
    assert_false(wmi_index_is(files.index, files.index.len + 1));
    assert_false(wmi_map_is(files.index));
    assert_false(wmi_objects_is(files.index, files.index.len));
    assert_int_equal(wmi_read(&g->mem, &(wmi_files){ 0 }, &g->noted, &g->w).code, STATUS_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(what_the_index_leads_to_is_live),
        cmocka_unit_test_setup_teardown(what_the_index_leads_to_is_live, setup_xp, teardown),
        TEST(without_index_nothing_is_told_to_live),
        cmocka_unit_test_setup_teardown(without_index_nothing_is_told_to_live, setup_xp, teardown),
        TEST(pages_that_no_map_names_are_recovered),
        TEST(entries_that_the_index_forgot_are_recovered),
        TEST(objects_between_entries_are_recovered),
        cmocka_unit_test_setup_teardown(objects_between_entries_are_recovered, setup_xp, teardown),
        TEST(an_older_writing_of_a_live_object_is_not_told_twice),
        TEST(a_long_command_goes_over_pages_in_the_order_of_the_map),
        TEST(a_torn_object_keeps_its_beginning_and_says_so),
        TEST(names_and_paths_of_all_kinds),
        TEST(any_class_below_eventconsumer_is_a_consumer),
        TEST(a_definition_that_does_not_fit_gives_way_to_one_that_does),
        TEST(classes_that_are_their_own_ancestors_end),
        TEST(values_that_lie_over_each_other_are_no_layout),
        TEST(entries_over_each_other_have_an_end),
        TEST(the_newest_whole_map_is_taken),
        TEST(an_index_that_cannot_be_read_is_told_and_objects_are_carved),
        TEST(files_are_known_by_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
