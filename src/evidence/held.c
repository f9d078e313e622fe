#include "evidence/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A member that is larger, or comes when so much is held already, goes to a temporary file. */
enum { MEMBER_IN_MEMORY = 32 << 20, ALL_IN_MEMORY = 64 << 20 };

held *held_new(evidence_walk *w)
{
    arena self;
    arena_init(&self, 0);
    held *h = arena_alloc(&self, sizeof *h);
    h->self = self;
    h->walk = w;
    h->users = 1;
    h->fd = -1;
    buf_init(&h->bytes, MEMBER_IN_MEMORY);
    return h;
}

held *held_share(held *h)
{
    atomic_fetch_add(&h->users, 1);
    return h;
}

void held_drop(held *h)
{
    if (!h || atomic_fetch_sub(&h->users, 1) != 1)
        return;
    if (h->fd >= 0)
        close(h->fd);
    buf_done(&h->bytes);
    atomic_fetch_sub(&h->walk->in_memory, h->counted);
    arena self = h->self;
    arena_done(&self);
}

static status write_all(int fd, span bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_fail(STATUS_IO, "temporary file: %s", strerror(errno));
        bytes = span_part(bytes, (size_t)n, SIZE_MAX);
    }
    return status_ok();
}

static int temporary_file(void)
{
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/var/tmp";
    int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    char path[4096];                 /* a file system without O_TMPFILE */
    int len = snprintf(path, sizeof path, "%s/suyuan-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static status move_to_file(held *h)
{
    h->fd = temporary_file();
    if (h->fd < 0)
        return status_fail(STATUS_IO, "temporary file: %s", strerror(errno));
    status s = write_all(h->fd, buf_bytes(&h->bytes));
    buf_done(&h->bytes);
    atomic_fetch_sub(&h->walk->in_memory, h->counted);
    h->counted = 0;
    return s;
}

static bool fits_in_memory(held *h, size_t more)
{
    if (h->bytes.len + more > MEMBER_IN_MEMORY)
        return false;
    if (h->bytes.len + more <= h->counted)
        return true;
    /* What the buffer may grow to is counted before it grows. */
    uint64_t room = h->counted ? 2 * h->counted : 1 << 20;
    while (room < h->bytes.len + more)
        room *= 2;
    uint64_t want = room - h->counted;
    if (atomic_fetch_add(&h->walk->in_memory, want) + want > ALL_IN_MEMORY) {
        atomic_fetch_sub(&h->walk->in_memory, want);
        return false;
    }
    h->counted = room;
    return true;
}

status held_put(held *h, span bytes)
{
    if (h->fd < 0 && !fits_in_memory(h, bytes.len)) {
        status s = move_to_file(h);
        if (!status_is_ok(s))
            return s;
    }
    h->size += bytes.len;
    if (h->fd >= 0)
        return write_all(h->fd, bytes);
    buf_span(&h->bytes, bytes);
    return status_ok();
}

int64_t held_read(held *h, uint64_t offset, void *out, size_t len)
{
    if (offset >= h->size)
        return 0;
    if (len > h->size - offset)
        len = (size_t)(h->size - offset);
    if (h->fd < 0) {
        memcpy(out, h->bytes.at + offset, len);
        return (int64_t)len;
    }
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(h->fd, (uint8_t *)out + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;                   /* it has become shorter meanwhile */
        done += (size_t)n;
    }
    return (int64_t)done;
}

static int64_t read_source(void *context, uint64_t offset, void *out, size_t len)
{
    return held_read(context, offset, out, len);
}

evtx_source held_source(held *h)
{
    return (evtx_source){ .context = h, .read = read_source, .size = h->size };
}

status held_hash(held *h, char out[65])
{
    uint8_t block[1 << 16], hash[32];
    sha256 *sum = sha256_begin();
    int64_t n;
    uint64_t at = 0;
    while ((n = held_read(h, at, block, sizeof block)) > 0) {
        sha256_add(sum, span_of(block, (size_t)n));
        at += (uint64_t)n;
    }
    int why = errno;
    sha256_end(sum, hash);
    if (n < 0)
        return status_fail(STATUS_IO, "%s", strerror(why));
    if (at < h->size)
        return status_fail(STATUS_IO, "it became shorter while it was read");
    hex_of(span_of(hash, sizeof hash), out);
    return status_ok();
}
