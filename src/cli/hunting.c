/* What hunt, search and stats share. */
#include "cli/hunting.h"

#include "base/pool.h"
#include "cli/casework.h"
#include "cli/console.h"
#include "cli/given.h"

#include <errno.h>

enum { LINE_BYTES = 64 << 10, BRIEF = 300 };

static void note(void *context, const char *file, const char *words)
{
    (void)context;
    console_say(stderr, "%s: %s", file, words);
}

static const char *without_passwords(const void *context, const char *text, arena *mem)
{
    return mask_passwords(context, text, mem);
}

hunt_mask hunting_mask(const hunting *h)
{
    return (hunt_mask){ without_passwords, h->passwords, h->names, text_word("unknown-name", h->shown) };
}

int hunting_begin(hunting *h, const call *c, size_t first_path)
{
    uint64_t threads = pool_cores();
    *h = (hunting){ .c = c, .out = stdout };
    h->read = (read_options){
        .paths = call_paths(c) + first_path, .path_count = call_path_count(c) - first_path, .since = MOMENT_UNKNOWN, .until = MOMENT_UNKNOWN, .note = note,
        .password = call_value(c, "password"), .progress = &h->done,
    };
    if (!call_number(c, "threads", 1, 256, &threads) || !call_time(c, "since", &h->read.since) || !call_time(c, "until", &h->read.until))
        return VERB_USAGE;
    int there = given_there_from(c, first_path, h->read.path_count);
    if (there != VERB_OK)
        return there;
    h->read.threads = (unsigned)threads;
    h->shown = casework_lang(c);
    arena_init(&h->mem, 0);
    buf_init(&h->line, 64 << 20);
    progress_init(&h->done);
    status s = profile_open(NULL, &h->mem, &h->facts);
    if (status_is_ok(s))
        s = mask_new(h->facts, &h->mem, &h->passwords);
    if (status_is_ok(s))
        s = withheld_new(h->facts, &h->mem, &h->names);
    if (status_is_ok(s))
        s = messages_new(h->facts, &h->mem, h->shown == LANG_ZH, &h->known);
    return status_is_ok(s) ? VERB_OK : hunting_done(h, call_failed(c, s));
}

int hunting_open_output(hunting *h, bool escape)
{
    h->out_name = call_value(h->c, "output");
    if (h->out_name && !(h->out = fopen(h->out_name, "wbx")) && !(errno == EEXIST && (h->out = fopen(h->out_name, "wb")))) {
        h->out = stdout;
        return call_failed(h->c, status_fail(STATUS_IO, "%s: %s", h->out_name, strerror(errno)));
    }
    h->escape = escape || console_is_terminal(h->out);
    return VERB_OK;
}

void hunting_write(hunting *h, bool all)
{
    if (!all && h->line.len < LINE_BYTES)
        return;
    if (h->escape)
        console_escape(h->out, buf_bytes(&h->line), true);
    else if (h->line.len)
        fwrite(h->line.at, 1, h->line.len, h->out);
    buf_clear(&h->line);
}

int hunting_done(hunting *h, int result)
{
    if (h->out != stdout && fclose(h->out) != 0)
        result = call_failed(h->c, status_fail(STATUS_IO, "%s: %s", h->out_name, strerror(errno)));
    buf_done(&h->line);
    arena_done(&h->mem);
    return result;
}

void hunting_brief(buf *out, span text)
{
    size_t len = text.len < BRIEF ? text.len : BRIEF;
    while (len && len < text.len && (text.at[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        bool ends = text.at[i] == '\n' || text.at[i] == '\r';
        bool again = i && (text.at[i - 1] == '\n' || text.at[i - 1] == '\r');
        if (!ends || !again)
            buf_char(out, ends ? ' ' : (char)text.at[i]);
    }
    buf_str(out, len < text.len ? "..." : "");
}

void hunting_cell(buf *out, span text)
{
    buf_char(out, '"');
    if (text.len && strchr("=+-@\t\r", text.at[0]))
        buf_char(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.at[i];
        if (c == '"')
            buf_char(out, '"');
        buf_char(out, (unsigned char)c < ' ' && c != '\t' && c != '\n' ? ' ' : c);
    }
    buf_char(out, '"');
}
