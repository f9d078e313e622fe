/* Archives, through libarchive. Only formats that are nothing but packed files; no program is started, nothing is written. */
#include "evidence/walk.h"

#include "base/progress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>

enum { BLOCK = 1 << 18 };

struct archive_level {
    arena self;
    struct archive *archive;
    held *from;
    uint64_t at, told;               /* read up to; of which the progress knows */
    progress *progress;
    bool begun;
    uint8_t block[BLOCK];
};

/* libarchive takes names from and to the locale of the thread; without a UTF-8 one it has no name at all for what is not
 * ASCII. */
static locale_t utf8;
static pthread_once_t made = PTHREAD_ONCE_INIT;
static _Thread_local locale_t before;

static void make_utf8(void)
{
    static const char *const names[] = { "C.UTF-8", "C.utf8", "en_US.UTF-8", "zh_CN.UTF-8" };
    for (size_t i = 0; i < sizeof names / sizeof *names && !utf8; i++)
        utf8 = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
}

void archive_thread_enter(void)
{
    pthread_once(&made, make_utf8);
    before = utf8 ? uselocale(utf8) : (locale_t)0;
}

void archive_thread_leave(void)
{
    if (before)
        uselocale(before);
}

static void tell_progress(archive_level *a)
{
    if (a->at > a->told) {
        progress_add(a->progress, a->at - a->told);
        a->told = a->at;
    }
}

static la_ssize_t read_block(struct archive *archive, void *context, const void **out)
{
    archive_level *a = context;
    int64_t n = held_read(a->from, a->at, a->block, sizeof a->block);
    if (n < 0) {
        archive_set_error(archive, errno, "%s", strerror(errno));
        return ARCHIVE_FATAL;
    }
    a->at += (uint64_t)n;
    tell_progress(a);
    *out = a->block;
    return (la_ssize_t)n;
}

static la_int64_t seek_block(struct archive *archive, void *context, la_int64_t offset, int whence)
{
    archive_level *a = context;
    (void)archive;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)a->at : (int64_t)a->from->size, to;
    if (__builtin_add_overflow(base, offset, &to) || to < 0)
        return ARCHIVE_FATAL;
    a->at = (uint64_t)to < a->from->size ? (uint64_t)to : a->from->size;
    return (la_int64_t)a->at;
}

static la_int64_t skip_block(struct archive *archive, void *context, la_int64_t request)
{
    archive_level *a = context;
    (void)archive;
    if (request < 0)
        return 0;
    uint64_t left = a->from->size - a->at, step = (uint64_t)request < left ? (uint64_t)request : left;
    a->at += step;
    return (la_int64_t)step;
}

static status broken(struct archive *archive)
{
    const char *words = archive_error_string(archive);
    return status_fail(STATUS_DAMAGED, "%s", words ? words : "the archive is damaged");
}

archive_level *archive_level_open(held *from, const char *password, progress *progress, status *why)
{
    arena self;
    arena_init(&self, 0);
    archive_level *a = arena_alloc(&self, sizeof *a);
    a->self = self;
    a->from = held_share(from);
    a->progress = progress;
    struct archive *r = a->archive = archive_read_new();
    if (!r) {
        *why = status_fail(STATUS_LIMIT, "no memory to open the archive");
        archive_level_close(a);
        return NULL;
    }
    archive_read_support_filter_gzip(r);
    archive_read_support_filter_bzip2(r);
    archive_read_support_filter_xz(r);
    archive_read_support_filter_zstd(r);
    archive_read_support_filter_lz4(r);
    archive_read_support_format_zip(r);
    archive_read_support_format_7zip(r);
    archive_read_support_format_rar(r);
    archive_read_support_format_rar5(r);
    archive_read_support_format_tar(r);
    archive_read_support_format_cab(r);
    archive_read_support_format_raw(r);
    if (password)
        archive_read_add_passphrase(r, password);
    archive_read_set_callback_data(r, a);
    archive_read_set_read_callback(r, read_block);
    archive_read_set_seek_callback(r, seek_block);
    archive_read_set_skip_callback(r, skip_block);
    if (archive_read_open1(r) < ARCHIVE_WARN) {
        *why = broken(r);
        archive_level_close(a);
        return NULL;
    }
    return a;
}

bool archive_level_is_raw(const archive_level *a)
{
    return archive_format(a->archive) == ARCHIVE_FORMAT_RAW;
}

archive_step archive_level_next(archive_level *a, archive_member *out, status *why)
{
    struct archive_entry *e;
    int r;
    do
        r = archive_read_next_header(a->archive, &e);
    while (r == ARCHIVE_RETRY);
    if (r == ARCHIVE_EOF)
        return ARCHIVE_END;
    if (r < ARCHIVE_WARN) {
        *why = broken(a->archive);
        if (archive_read_has_encrypted_entries(a->archive) == 1)
            *why = status_fail(STATUS_BAD_INPUT, "encrypted, and cannot be opened: %.160s", why->words);
        return ARCHIVE_BROKEN;
    }
    /* Anything at all is "raw" to libarchive; it is a packed file only when something was unpacked. */
    if (!a->begun && archive_level_is_raw(a) && archive_filter_count(a->archive) < 2) {
        *why = status_fail(STATUS_DAMAGED, "it begins like an archive and is none");
        return ARCHIVE_BROKEN;
    }
    a->begun = true;
    const char *name = archive_entry_pathname(e);
    if (!name)
        name = archive_entry_pathname_utf8(e);
    mode_t type = archive_entry_filetype(e);
    *out = (archive_member){
        .raw_name = name, .raw_len = name ? strlen(name) : 0,
        .link = archive_entry_hardlink(e) || type == AE_IFLNK,
        .directory = type == AE_IFDIR,
        .regular = (type == AE_IFREG || type == 0) && !archive_entry_hardlink(e),
        .encrypted = archive_entry_is_data_encrypted(e) == 1,
        .size_known = archive_entry_size_is_set(e) && archive_entry_size(e) >= 0,
    };
    out->size = out->size_known ? (uint64_t)archive_entry_size(e) : 0;
    return ARCHIVE_MEMBER;
}

int64_t archive_level_read(archive_level *a, void *out, size_t len, status *why)
{
    la_ssize_t n;
    do
        n = archive_read_data(a->archive, out, len);
    while (n == ARCHIVE_RETRY);
    if (n >= 0)
        return n;
    *why = broken(a->archive);
    return -1;
}

void archive_level_close(archive_level *a)
{
    if (a->archive)
        archive_read_free(a->archive);
    if (a->from->size > a->told)
        progress_add(a->progress, a->from->size - a->told);
    held_drop(a->from);
    arena self = a->self;
    arena_done(&self);
}
