#include "cli/bar.h"

#include "cli/console.h"

#include <sys/ioctl.h>
#include <time.h>

#define POLL_MS 200

/* "1.4 GB": three digits at most, and never wider than 8. */
static void size_text(uint64_t bytes, char out[16])
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB" };
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1000;
        unit++;
    }
    snprintf(out, 16, unit > 0 && size < 9.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

static void span_text(double seconds, char out[40])
{
    uint64_t s = (uint64_t)(seconds + 0.5);
    if (s < 60)
        snprintf(out, 40, "%u s", (unsigned)s);
    else if (s < 3600)
        snprintf(out, 40, "%u min %02u s", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        snprintf(out, 40, "%llu h %02u min", (unsigned long long)(s / 3600), (unsigned)(s / 60 % 60));
}

static void put_words(const char *id, arg *args, size_t count, lang l, buf *out)
{
    sentence s = { id, args, count };
    text_sentence(&s, l, (text_zone){ 0, "UTC" }, out);
}

/* How many bytes fit into the columns; a Chinese character takes two of them. */
static size_t fitting(span line, unsigned columns)
{
    size_t at = 0, fits = 0;
    for (unsigned used = 0; at < line.len; fits = at) {
        used += utf8_take(line, &at) >= 0x1100 ? 2 : 1;
        if (used > columns)
            break;
    }
    return fits;
}

void bar_text(progress_state now, double seconds, lang l, unsigned columns, char *out, size_t room)
{
    char done[16], total[16], left[40], drawn[32];
    buf line;
    buf_init(&line, 1024);
    buf_printf(&line, "%s  ", text_word("cli.reading", l));
    size_text(now.done, done);
    if (now.total == 0) {
        buf_str(&line, done);
    } else {
        double part = (double)now.done / (double)now.total;
        size_text(now.total, total);
        size_t full = (size_t)(part * 20);
        for (size_t i = 0; i < 20; i++)
            drawn[i] = i < full ? '#' : '.';
        drawn[20] = '\0';
        buf_printf(&line, "[%s] %3u %%  ", drawn, (unsigned)(part * 100));
        put_words("cli.bar-of", (arg[]){ { "done", ARG_TEXT, done }, { "total", ARG_TEXT, total } }, 2, l, &line);
        /* The first seconds tell little about the rest. */
        if (seconds >= 2 && part >= 0.01 && now.done < now.total) {
            double rest = seconds * (1 - part) / part;
            buf words;
            buf_init(&words, 128);
            if (l == LANG_ZH)
                text_duration((uint64_t)(rest + 0.5), l, &words);
            else {
                span_text(rest, left);
                buf_str(&words, left);
            }
            buf_str(&line, "  ");
            put_words("cli.bar-left", (arg[]){ { "left", ARG_TEXT, buf_text(&words) } }, 1, l, &line);
            buf_done(&words);
        }
    }
    size_t fits = fitting(buf_bytes(&line), columns);
    snprintf(out, room, "%.*s", (int)(fits < room ? fits : room - 1), buf_text(&line));
    buf_done(&line);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned columns_now(void)
{
    struct winsize size = { 0 };
    return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79;
}

static void *draw(void *context)
{
    bar *b = context;
    double began = seconds_now();
    pthread_mutex_lock(&b->lock);
    while (!b->ends) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += POLL_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&b->wake, &b->lock, &until);
        if (b->ends)
            break;
        char line[250];
        bar_text(progress_now(b->of), seconds_now() - began, b->l, columns_now(), line, sizeof line);
        console_bar(line);
    }
    pthread_mutex_unlock(&b->lock);
    console_bar(NULL);
    return NULL;
}

void bar_begin(bar *b, progress *of, lang l)
{
    *b = (bar){ .of = of, .l = l };
    if (!console_is_terminal(stderr))
        return;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->wake, NULL);
    b->runs = pthread_create(&b->thread, NULL, draw, b) == 0;
}

void bar_end(bar *b)
{
    if (!b->runs)
        return;
    pthread_mutex_lock(&b->lock);
    b->ends = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    b->runs = false;
}
