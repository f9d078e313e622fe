#include "cli/console.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char bar_line[256];      /* what stands on the terminal's last line; empty when there is none */

/* The length of the UTF-8 sequence at `at`, and its character; 0 when there is none. */
static size_t utf8_char(const uint8_t *at, size_t left, uint32_t *out)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t lead = at[0];
    size_t len = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (len == 0 || len > left)
        return 0;
    uint32_t c = len == 1 ? lead : lead & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (at[i] & 0x3f);
    }
    if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return len;
}

/* Characters that steer a terminal, or make text look like another text. */
static bool misleads(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e
        || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f)
        || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

void console_escape(FILE *to, span utf8, bool keep_lines)
{
    size_t at = 0;
    while (at < utf8.len) {
        uint32_t c = 0;
        size_t len = utf8_char(utf8.at + at, utf8.len - at, &c);
        if (len == 0) {
            fprintf(to, "\\x%02x", utf8.at[at]);
            at++;
            continue;
        }
        if (!misleads(c) || (keep_lines && (c == '\n' || c == '\t')))
            fwrite(utf8.at + at, 1, len, to);
        else if (c == '\n' || c == '\r' || c == '\t')
            fprintf(to, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x100)
            fprintf(to, "\\x%02x", (unsigned)c);
        else if (c < 0x10000)
            fprintf(to, "\\u%04x", (unsigned)c);
        else
            fprintf(to, "\\U%08x", (unsigned)c);
        at += len;
    }
}

static void bar_hide(void)
{
    if (bar_line[0])
        fputs("\r\033[K", stderr);
}

static void bar_show(void)
{
    if (bar_line[0]) {
        fputs(bar_line, stderr);
        fflush(stderr);
    }
}

void console_say(FILE *to, const char *format, ...)
{
    char line[2048];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (len < 0)
        return;
    bool cut = (size_t)len >= sizeof line;
    size_t shown = cut ? sizeof line - 1 : (size_t)len;
    while (cut && shown > 0 && ((uint8_t)line[shown - 1] & 0xc0) == 0x80)       /* not in the middle of a character */
        shown--;
    if (cut && shown > 0)
        shown--;

    pthread_mutex_lock(&lock);
    bar_hide();
    console_escape(to, span_of(line, shown), false);
    fputs(cut ? "...\n" : "\n", to);
    if (bar_line[0])
        fflush(to);
    bar_show();
    pthread_mutex_unlock(&lock);
}

void console_text(FILE *to, const char *utf8)
{
    pthread_mutex_lock(&lock);
    bar_hide();
    console_escape(to, span_str(utf8), true);
    if (bar_line[0])
        fflush(to);
    bar_show();
    pthread_mutex_unlock(&lock);
}

bool console_is_terminal(FILE *to) { return isatty(fileno(to)) == 1; }

bool console_ended(void)
{
    bool sound = fflush(stdout) == 0 && !ferror(stdout);
    /* Whoever closes a pipe early (head, less) has seen enough and wants no complaint. */
    struct pollfd out = { .fd = fileno(stdout) };
    bool left = poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
    if (!sound && !left)
        console_say(stderr, "suyuan: standard output: %s", errno ? strerror(errno) : "could not be written");
    return sound;
}

void console_bar(const char *line)
{
    pthread_mutex_lock(&lock);
    bar_hide();
    bar_line[0] = '\0';
    if (line)
        snprintf(bar_line, sizeof bar_line, "%s", line);
    bar_show();
    if (!line)
        fflush(stderr);
    pthread_mutex_unlock(&lock);
}
