#include "format/bits.h"

#include "format/guid.h"

enum { GUID = 16, TEXT_MOST = 32768, FILES_OF_JOB = 4096, ID_BEFORE = 22 };

static const uint8_t queue_file[GUID] = { 0x13, 0xF7, 0x2B, 0xC8, 0x40, 0x99, 0x12, 0x4A, 0x9F, 0x1A, 0x3A, 0xAE, 0xBD, 0x89, 0x4E, 0xEA };
static const uint8_t queue_part[GUID] = { 0x47, 0x44, 0x5F, 0x00, 0xA9, 0xBD, 0xBA, 0x44, 0x98, 0x51, 0xC4, 0x7B, 0xB6, 0xC0, 0x7A, 0xCE };
static const uint8_t transfer_part[GUID] = { 0x36, 0xDA, 0x56, 0x77, 0x6F, 0x51, 0x5A, 0x43, 0xAC, 0xAC, 0x44, 0xA2, 0x48, 0xFF, 0xF3, 0x4D };
static const uint8_t file_record[GUID] = { 0xE4, 0xCF, 0x9E, 0x51, 0x46, 0xD9, 0x97, 0x43, 0xB7, 0x3E, 0x26, 0x85, 0x13, 0x05, 0x1A, 0xB2 };
/* Each version of BITS has its own before a job: four of the queue files, and those of databases. */
static const uint8_t job_records[][GUID] = {
    { 0x93, 0x36, 0x20, 0x35, 0xA0, 0x0C, 0x10, 0x4A, 0x84, 0xF3, 0xB1, 0x7E, 0x7B, 0x49, 0x9C, 0xD7 },
    { 0x10, 0x13, 0x70, 0xC8, 0x36, 0x53, 0xB3, 0x41, 0x83, 0xE5, 0x81, 0x55, 0x7F, 0x36, 0x1B, 0x87 },
    { 0x8C, 0x93, 0xEA, 0x64, 0x03, 0x0F, 0x68, 0x40, 0xB4, 0x6F, 0xF9, 0x7F, 0xE5, 0x1D, 0x4D, 0xCD },
    { 0xB3, 0x46, 0xED, 0x3D, 0x3B, 0x10, 0xF9, 0x44, 0xBC, 0x2F, 0xE8, 0x37, 0x8B, 0xD3, 0x19, 0x86 },
    { 0xA1, 0x56, 0x09, 0xE1, 0x43, 0xAF, 0xC9, 0x42, 0x92, 0xE6, 0x6F, 0x98, 0x56, 0xEB, 0xA7, 0xF6 },
    { 0x9F, 0x95, 0xD4, 0x4C, 0x64, 0x70, 0xF2, 0x4B, 0x84, 0xD7, 0x47, 0x6A, 0x7E, 0x62, 0x69, 0x9F },
    { 0xF1, 0x19, 0x26, 0xA9, 0x32, 0x03, 0xBF, 0x4C, 0x94, 0x27, 0x89, 0x88, 0x18, 0x95, 0x88, 0x31 },
    { 0xC1, 0x33, 0xBC, 0xDD, 0xFB, 0x5A, 0xAF, 0x4D, 0xB8, 0xA1, 0x22, 0x68, 0xB3, 0x9D, 0x01, 0xAD },
    { 0xD0, 0x57, 0x56, 0x8F, 0x2C, 0x01, 0x3E, 0x4E, 0xAD, 0x2C, 0xF4, 0xA5, 0xD7, 0x65, 0x6F, 0xAF },
    { 0x50, 0x67, 0x41, 0x94, 0x57, 0x03, 0x1D, 0x46, 0xA4, 0xCC, 0x5D, 0xD9, 0x99, 0x07, 0x06, 0xE4 },
};

typedef struct { bits_job job; span ids; } carved_job;               /* ids: of its files, 16 bytes each */
typedef struct { bits_file file; bool taken; } carved_file;
typedef struct {
    arena *mem;
    problems *noted;
    span bytes;
    bool database;
    size_t live_from, live_to;       /* of a queue file: what its header leads to */
    vec jobs, files;
    map same_job, same_file, ids;    /* what was seen before -> number; id of a file -> number */
    map with_command;                /* ids of jobs that have one */
    bool many;
} reader;

static const uint8_t *find(span in, const uint8_t what[GUID])
{
    return in.len >= GUID ? memmem(in.at, in.len, what, GUID) : NULL;
}

/* ---- texts: a count of letters with their NUL, then the letters ---- */

static span letters(cursor *c, const char *field)
{
    uint32_t count = cur_u32(c, field);
    if (count > TEXT_MOST)
        cur_fail(c, field);
    span units = cur_bytes(c, cur_ok(c) ? (size_t)count * 2 : 0, field);
    if (count && cur_ok(c) && le16(units.at + units.len - 2) != 0)
        cur_fail(c, field);
    return units;
}

static const char *text(arena *mem, span units)
{
    const char *out = utf16_text(mem, utf16_trim(units));
    return out ? out : "";
}

/* ---- files ---- */

typedef struct { span local, url, temporary, volume; uint64_t done, size; } raw_file;

static bool is_path(span units)
{
    return units.len >= 8 && (le16(units.at + 2) == ':' || (le16(units.at) == '\\' && le16(units.at + 2) == '\\'));
}

static bool read_raw_file(cursor *c, raw_file *out)
{
    out->local = letters(c, "file.local");
    if (!cur_ok(c) || !is_path(out->local))
        return false;
    out->url = letters(c, "file.url");
    out->temporary = letters(c, "file.temporary");
    if (!cur_ok(c) || out->url.len < 8)
        return false;
    cursor rest = *c;                                        /* what is behind the names may be torn */
    out->done = cur_u64(&rest, "file.done");
    out->size = cur_u64(&rest, "file.size");
    if (!cur_ok(&rest))
        out->done = out->size = UINT64_MAX;
    cur_skip(&rest, 1, "file");
    letters(&rest, "file.drive");
    out->volume = letters(&rest, "file.volume");
    if (cur_ok(&rest))
        *c = rest;
    return true;
}

static bits_file cooked(const reader *r, const raw_file *f, size_t offset)
{
    return (bits_file){ .offset = offset, .url = text(r->mem, f->url), .local = text(r->mem, f->local), .temporary = text(r->mem, f->temporary),
                        .volume = text(r->mem, f->volume), .done = f->done, .size = f->size };
}

static bool room(reader *r, const vec *of, size_t most)
{
    if (of->count < most)
        return true;
    if (!r->many)
        problems_note(r->noted, "bits.many", PROBLEM_NO_CHUNK, 0, "more than %zu of a kind", most);
    r->many = true;
    return false;
}

/* A database writes a record anew with each change: the same file is told once, with the most that was done of it. */
static void keep_file(reader *r, const raw_file *f, size_t offset)
{
    if (!room(r, &r->files, BITS_FILES))
        return;
    bool known;
    uint64_t key[3] = { hash64(f->local), hash64(f->url), hash64(f->temporary) };
    uint64_t *at = map_put(&r->same_file, span_of(key, sizeof key), &known);
    if (!known) {
        *at = r->files.count;
        ((carved_file *)vec_push(&r->files))->file = cooked(r, f, offset);
    }
    bits_file *kept = &((carved_file *)vec_at(&r->files, (size_t)*at))->file;
    if (f->done != UINT64_MAX && (kept->done == UINT64_MAX || f->done > kept->done)) {
        kept->done = f->done;
        kept->size = f->size;
    }
    if (offset >= ID_BEFORE + GUID) {                        /* the record's own id stands there when its data follow at once */
        uint64_t number = *at;
        *map_put(&r->ids, span_part(r->bytes, offset - GUID - ID_BEFORE, GUID), &known) = number;
    }
}

static void carve_files(reader *r)
{
    span rest = r->bytes;
    const uint8_t *at;
    while ((at = find(rest, file_record))) {
        size_t offset = (size_t)(at - r->bytes.at) + GUID;
        raw_file f = { 0 };
        cursor c = cur_open(span_part(r->bytes, offset, SIZE_MAX));
        bool whole = read_raw_file(&c, &f);
        if (whole)
            keep_file(r, &f, offset);
        rest = span_part(r->bytes, offset + (whole ? c.at : 0), SIZE_MAX);
    }
}

/* ---- jobs ---- */

/* Files of a job in a queue file stand in it, with numbers between them that are not known. */
static void inner_files(reader *r, span part, size_t base, bits_job *job)
{
    vec list;
    vec_init(&list, sizeof(bits_file));
    for (size_t at = 0; at + 12 < part.len && list.count < FILES_OF_JOB;) {
        raw_file f = { 0 };
        cursor c = cur_open(span_part(part, at, SIZE_MAX));
        if (read_raw_file(&c, &f)) {
            *(bits_file *)vec_push(&list) = cooked(r, &f, base + at);
            at += c.at;
        } else {
            at++;
        }
    }
    job->files = list.count ? arena_array(r->mem, list.count, sizeof *job->files) : NULL;
    job->file_count = job->files ? list.count : 0;
    if (job->files)
        memcpy(job->files, list.at, list.count * sizeof *job->files);
    vec_done(&list);
}

/* Old and new versions write an error in 25 or 21 bytes, and nothing says which: times that can be tell it. */
static bool times_behind(cursor c, size_t errors, size_t each, bits_job *job)
{
    enum { TRANSFERRED = 6, ACKNOWLEDGED = 7 };
    static const moment first = 125911584000000000, last = 157469184000000000;       /* 2000 to 2100 */
    cur_skip(&c, errors * each + 12, "job.retry");
    moment created = cur_u64(&c, "job.created"), modified = cur_u64(&c, "job.modified"), completed = cur_u64(&c, "job.completed");
    if (!cur_ok(&c) || created < first || created > last || modified < first || modified > last)
        return false;
    job->created = created;
    job->modified = modified;
    if (job->state == TRANSFERRED || job->state == ACKNOWLEDGED)
        job->completed = moment_from_filetime(completed);
    cur_skip(&c, 22, "job.times");
    moment expires = cur_u64(&c, "job.expires");
    if (cur_ok(&c) && expires >= first && expires <= last)
        job->expires = expires;
    return true;
}

static void read_times(cursor c, bits_job *job)
{
    size_t errors = cur_count(&c, cur_u32(&c, "job.errors"), 21, "job.errors");
    if (cur_ok(&c) && !times_behind(c, errors, 21, job))
        times_behind(c, errors, 25, job);
}

/* Between two marks stand how many files there are, and these or their ids; behind them times. */
static void read_transfers(reader *r, cursor c, size_t base, carved_job *j)
{
    span rest = span_part(c.all, c.at, SIZE_MAX);
    const uint8_t *first = find(rest, transfer_part);
    if (!first)
        return;
    size_t begin = c.at + (size_t)(first - rest.at) + GUID;
    rest = span_part(c.all, begin, SIZE_MAX);
    const uint8_t *second = find(rest, transfer_part);
    span part = second ? span_part(rest, 0, (size_t)(second - rest.at)) : rest;
    cursor count = cur_open(part);
    uint32_t files = cur_u32(&count, "job.files");
    if (second && files <= FILES_OF_JOB && part.len == 4 + (size_t)files * GUID)
        j->ids = span_part(part, 4, SIZE_MAX);
    else if (!r->database)
        inner_files(r, part, base + begin, &j->job);
    if (second)
        read_times(cur_open(span_part(rest, part.len + GUID, SIZE_MAX)), &j->job);
}

static bool read_job(reader *r, span part, size_t offset, carved_job *out)
{
    *out = (carved_job){ .job = { .offset = offset, .loose = r->database, .name = "", .description = "", .command = "", .arguments = "", .owner = "",
                                  .created = MOMENT_UNKNOWN, .modified = MOMENT_UNKNOWN, .completed = MOMENT_UNKNOWN, .expires = MOMENT_UNKNOWN } };
    bits_job *job = &out->job;
    cursor c = cur_open(part);
    job->type = cur_u32(&c, "job.type");
    job->priority = cur_u32(&c, "job.priority");
    job->state = cur_u32(&c, "job.state");
    cur_skip(&c, 4, "job");
    span id = cur_bytes(&c, GUID, "job.id");
    if (!cur_ok(&c) || job->type > 2 || job->priority > 3 || job->state > 8)
        return false;
    job->has_state = true;
    guid_text(id, job->id);
    const char **const texts[] = { &job->name, &job->description, &job->command, &job->arguments, &job->owner };
    size_t read = 0;
    for (; read < sizeof texts / sizeof *texts; read++) {
        span units = letters(&c, "job.texts");
        if (!cur_ok(&c))
            break;
        *texts[read] = text(r->mem, units);
    }
    if (read == 0)
        return false;                                        /* not even a name: something else begins so, too */
    if (read == sizeof texts / sizeof *texts) {
        job->notify = cur_u32(&c, "job.notify");
        read_transfers(r, c, offset, out);
    } else {
        problems_note(r->noted, "bits.job", PROBLEM_NO_CHUNK, offset + c.failed_at, "job %s ends in its texts", job->id);
    }
    job->recovered = !r->database && (offset < r->live_from || offset >= r->live_to);
    return true;
}

static bool better(const bits_job *a, const bits_job *b)
{
    if (a->recovered != b->recovered)
        return b->recovered;
    if (moment_known(a->modified) != moment_known(b->modified))
        return moment_known(a->modified);
    return moment_known(a->modified) && a->modified > b->modified;
}

/* The same job in several writings is told once, as the last one has it; one whose command was changed is another. A job is written
 * before its command is set, too: that writing gives way to the later one. */
static void keep_job(reader *r, const carved_job *j)
{
    if (!room(r, &r->jobs, BITS_JOBS))
        return;
    const char *const parts[] = { j->job.id, j->job.command, j->job.arguments };
    uint64_t key[sizeof parts / sizeof *parts];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        key[i] = hash64(span_str(parts[i]));
    bool known;
    if (*j->job.command)
        map_put(&r->with_command, span_str(j->job.id), &known);
    uint64_t *at = map_put(&r->same_job, span_of(key, sizeof key), &known);
    if (!known) {
        *at = r->jobs.count;
        *(carved_job *)vec_push(&r->jobs) = *j;
        return;
    }
    carved_job *kept = vec_at(&r->jobs, (size_t)*at);
    if (better(&j->job, &kept->job))
        *kept = *j;
}

static int by_place(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static void carve_jobs(reader *r)
{
    vec places;
    vec_init(&places, sizeof(size_t));
    for (size_t i = 0; i < sizeof job_records / sizeof *job_records; i++) {
        const uint8_t *at;
        for (span rest = r->bytes; (at = find(rest, job_records[i])); rest = span_part(r->bytes, (size_t)(at - r->bytes.at) + GUID, SIZE_MAX))
            *(size_t *)vec_push(&places) = (size_t)(at - r->bytes.at) + GUID;
    }
    vec_sort(&places, by_place);
    for (size_t i = 0; i < places.count; i++) {
        size_t from = *(size_t *)vec_at(&places, i), to = i + 1 < places.count ? *(size_t *)vec_at(&places, i + 1) - GUID : r->bytes.len;
        carved_job j;
        if (to > from && read_job(r, span_part(r->bytes, from, to - from), from, &j))
            keep_job(r, &j);
    }
    vec_done(&places);
}

/* ---- the door ---- */

bool bits_is(span first_bytes)
{
    return span_eq(span_part(first_bytes, GUID, GUID), span_of(queue_file, GUID));
}

static bool is_database(span bytes)
{
    return bytes.len >= 8 && le32(bytes.at + 4) == 0x89ABCDEF;
}

static void find_live(reader *r)
{
    const uint8_t *first = find(r->bytes, queue_part);
    if (!first)
        return;
    r->live_from = (size_t)(first - r->bytes.at) + GUID;
    span rest = span_part(r->bytes, r->live_from, SIZE_MAX);
    const uint8_t *end = find(rest, queue_part);
    r->live_to = end ? r->live_from + (size_t)(end - rest.at) : r->bytes.len;
}

static void link_files(reader *r, carved_job *j)
{
    size_t count = j->ids.len / GUID;
    if (count == 0)
        return;
    j->job.files = arena_array(r->mem, count, sizeof *j->job.files);
    for (size_t i = 0; j->job.files && i < count; i++) {
        const uint64_t *at = map_find(&r->ids, span_part(j->ids, i * GUID, GUID));
        if (!at)
            continue;
        carved_file *f = vec_at(&r->files, (size_t)*at);
        f->taken = true;
        j->job.files[j->job.file_count++] = f->file;
    }
}

static void hand_over(reader *r, bits *out)
{
    out->jobs = r->jobs.count ? arena_array(r->mem, r->jobs.count, sizeof *out->jobs) : NULL;
    for (size_t i = 0; out->jobs && i < r->jobs.count; i++) {
        carved_job *j = vec_at(&r->jobs, i);
        if (!*j->job.command && map_find(&r->with_command, span_str(j->job.id)))
            continue;
        link_files(r, j);
        out->jobs[out->job_count++] = j->job;
    }
    out->files = r->files.count ? arena_array(r->mem, r->files.count, sizeof *out->files) : NULL;
    for (size_t i = 0; out->files && i < r->files.count; i++) {
        const carved_file *f = vec_at(&r->files, i);
        if (!f->taken)
            out->files[out->file_count++] = f->file;
    }
}

status bits_read(arena *mem, span bytes, problems *noted, bits *out)
{
    reader r = { .mem = mem, .noted = noted, .bytes = bytes, .database = is_database(bytes) };
    bool queue = bits_is(bytes);
    vec_init(&r.jobs, sizeof(carved_job));
    vec_init(&r.files, sizeof(carved_file));
    map_init(&r.same_job);
    map_init(&r.same_file);
    map_init(&r.ids);
    map_init(&r.with_command);
    if (queue)
        find_live(&r);
    carve_jobs(&r);
    if (!queue)
        carve_files(&r);
    *out = (bits){ .database = r.database };
    hand_over(&r, out);
    bool found = r.jobs.count || r.files.count;
    vec_done(&r.jobs);
    vec_done(&r.files);
    map_done(&r.same_job);
    map_done(&r.same_file);
    map_done(&r.ids);
    map_done(&r.with_command);
    if (mem->spent)
        return status_fail(STATUS_LIMIT, "the queue takes more memory than it may");
    return queue || found ? status_ok() : status_fail(STATUS_DAMAGED, "no queue of transfers, and no job in it");
}

const char *bits_state_word(uint32_t state)
{
    static const char *const words[] = { "queued", "connecting", "transferring", "suspended", "error", "transient-error", "transferred", "acknowledged", "cancelled" };
    return state < sizeof words / sizeof *words ? words[state] : "other";
}

const char *bits_type_word(uint32_t type)
{
    static const char *const words[] = { "download", "upload", "upload-reply" };
    return type < sizeof words / sizeof *words ? words[type] : "other";
}
