#include "cli/bar.h"

#include "cli/console.h"

#include <poll.h>
#include <pty.h>
#include <unistd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

static const char *line(uint64_t done, uint64_t total, double seconds, unsigned columns)
{
    static char out[200];
    bar_text((progress_state){ .done = done, .total = total }, seconds, LANG_EN, columns, out, sizeof out);
    return out;
}

static void an_unknown_total_has_no_bar(void **state)
{
    (void)state;
    assert_string_equal(line(1500000, 0, 10, 79), "reading  1.5 MB");
}

static void the_rest_is_estimated_from_what_is_done(void **state)
{
    (void)state;
    assert_string_equal(line(250, 1000, 10, 79), "reading  [#####...............]  25 %  250 B of 1.0 KB  about 30 s left");
    assert_string_equal(line(2000000000, 40000000000, 60, 79),
                        "reading  [#...................]   5 %  2.0 GB of 40 GB  about 19 min 00 s left");
    assert_non_null(strstr(line(10, 1000, 100, 79), "about 2 h 45 min left"));
}

static void too_little_to_tell_gives_no_estimate(void **state)
{
    (void)state;
    assert_null(strstr(line(500, 1000, 1, 79), "left"));
    assert_null(strstr(line(1, 1000, 10, 79), "left"));
    assert_null(strstr(line(1000, 1000, 10, 79), "left"));
}

static void it_fits_in_a_narrow_terminal(void **state)
{
    (void)state;
    assert_int_equal(strlen(line(250, 1000, 10, 30)), 30);
    assert_int_equal(strlen(line(250, 1000, 10, 1)), 1);
    assert_true(strlen(line(UINT64_MAX / 2, UINT64_MAX, 1e9, 79)) <= 79);
}

static void it_speaks_chinese_and_counts_its_columns(void **state)
{
    (void)state;
    char out[200];
    progress_state half = { .done = 500, .total = 1000 };
    bar_text(half, 90, LANG_ZH, 79, out, sizeof out);
    assert_string_equal(out, "读取中  [##########..........]  50 %  500 B，共 1.0 KB  预计还需 1 分钟 30 秒");
    bar_text(half, 90, LANG_ZH, 5, out, sizeof out);
    assert_string_equal(out, "读取");                  /* the third character has one column left, and needs two */
}

static void it_is_silent_where_there_is_no_terminal(void **state)
{
    (void)state;
    bar b;
    progress p;
    progress_init(&p);
    int kept = dup(2), pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], 2);
    bar_begin(&b, &p, LANG_EN);
    bool runs = b.runs;
    bar_end(&b);
    dup2(kept, 2);
    close(kept);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    assert_false(runs);
}

static int master;

/* Standard error is a terminal for as long as `work` runs; what it shows. */
static const char *shown_on_a_terminal(void (*work)(void))
{
    static char shown[16384];
    int slave, kept = dup(2);
    struct winsize size = { .ws_row = 24, .ws_col = 60 };
    if (openpty(&master, &slave, NULL, NULL, &size) != 0) {
        close(kept);
        print_message("no pseudo-terminal is to be had here\n");
        skip();
    }
    fflush(stderr);
    dup2(slave, 2);
    work();
    fflush(stderr);
    dup2(kept, 2);
    close(kept);
    close(slave);
    size_t len = 0;
    for (ssize_t got; (got = read(master, shown + len, sizeof shown - 1 - len)) > 0;)
        len += (size_t)got;
    shown[len] = '\0';
    close(master);
    return shown;
}

static void work_a_little(void)
{
    bar b;
    progress p;
    progress_init(&p);
    progress_expect(&p, 1000);
    progress_add(&p, 500);
    bar_begin(&b, &p, LANG_EN);
    assert_true(b.runs);
    assert_int_equal(poll(&(struct pollfd){ .fd = master, .events = POLLIN }, 1, 20000), 1);
    console_say(stderr, "something is wrong with %s", "a\033file");
    bar_end(&b);
    console_say(stderr, "done");
}

static void on_a_terminal_it_is_drawn_makes_way_and_goes(void **state)
{
    (void)state;
    const char *shown = shown_on_a_terminal(work_a_little);
    assert_non_null(strstr(shown, "reading  [##########..........]  50 %"));
    assert_non_null(strstr(shown, "\r\033[Ksomething is wrong with a\\x1bfile\r\nreading"));
    assert_non_null(strstr(shown, "\r\033[Kdone\r\n"));
    assert_null(strstr(strstr(shown, "done"), "reading"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_total_has_no_bar),
        cmocka_unit_test(the_rest_is_estimated_from_what_is_done),
        cmocka_unit_test(too_little_to_tell_gives_no_estimate),
        cmocka_unit_test(it_fits_in_a_narrow_terminal),
        cmocka_unit_test(it_speaks_chinese_and_counts_its_columns),
        cmocka_unit_test(it_is_silent_where_there_is_no_terminal),
        cmocka_unit_test(on_a_terminal_it_is_drawn_makes_way_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
