/* Stops that were not orderly, in words: a blue screen left its bug check; what left none may be a hang, a reset or a loss of power. */
#include "report/tell.h"

static bool is_blue(const json *crash)
{
    const json *check = json_get(crash, "bugcheck");
    return check && check->kind == JSON_OBJECT;
}

told_stops tell_stops(const report *r, size_t host)
{
    told_stops n = { 0 };
    for (const json *c = tell_first(r->c, "crashes"); c; c = c->next) {
        if (host != SIZE_MAX && tell_host(r, c, "host") != host)
            continue;
        if (is_blue(c))
            n.blue++;
        else
            n.unclean++;
    }
    return n;
}

static bool in_cluster(const json *cluster, const json *crash)
{
    moment from, to, at;
    const json *window = json_get(cluster, "window");
    if (!tell_time(window, "from", &from) || !tell_time(window, "to", &to) || !tell_time(crash, "time", &at) || at < from || at > to)
        return false;
    const json *host = json_get(crash, "host");
    for (const json *h = tell_first(cluster, "hosts"); h && host; h = h->next)
        if (span_eq(h->text, host->text))
            return true;
    return false;
}

bool tell_all_blue(const report *r, const json *cluster)
{
    size_t blue = 0;
    for (const json *c = tell_first(r->c, "crashes"); c; c = c->next) {
        if (!in_cluster(cluster, c))
            continue;
        if (!is_blue(c))
            return false;
        blue++;
    }
    return blue > 0;
}

both tell_stops_counted(const report *r, told_stops n)
{
    return tell_say(r, "report.stops-counted", "blue", ARG_NUMBER, n.blue ? tell_number(r, n.blue) : NULL, "unclean", ARG_NUMBER, n.unclean ? tell_number(r, n.unclean) : NULL,
                    "also", ARG_TEXT, n.blue && n.unclean ? "yes" : NULL, NULL);
}

const json *tell_main_stop(const report *r)
{
    const json *first = tell_first(r->c, "crash_clusters");
    for (const json *c = tell_first(r->c, "crashes"); c && !first; c = c->next)
        first = is_blue(c) ? c : NULL;
    return first ? first : tell_first(r->c, "crashes");
}

both tell_stops_words(const report *r, const char *word)
{
    return tell_label(tell_stops(r, SIZE_MAX).blue ? arena_printf(r->mem, "report.%s-crashed", word) : arena_printf(r->mem, "report.%s-stopped", word));
}
