/* The digest reader over any bytes, as they are and as the text within a digest. What it accepts it writes again: the same
 * lines, and the digest that is made of them tells the same. */
#include "digest/digest.h"

#include <stdlib.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lines_of(digest *d, buf *out)
{
    buf_init(out, 2 * DIGEST_BYTES);
    if (!status_is_ok(digest_lines(d, out)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    digest *d, *again;
    if (status_is_ok(digest_read(span_of(data, size), &d)))
        digest_free(d);

    buf packed, text, text_again;
    buf_init(&packed, ZSTD_compressBound(size));
    buf_room(&packed, ZSTD_compressBound(size));
    packed.len = ZSTD_compress(packed.at, packed.room, data, size, 1);
    if (status_is_ok(digest_read(buf_bytes(&packed), &d))) {
        lines_of(d, &text);
        if (!span_eq(buf_bytes(&text), span_of(data, size)))
            abort();
        again = digest_new(digest_heading(d));
        digest_merge(again, d);
        digest_merge(again, d);
        lines_of(again, &text_again);
        if (!span_eq(buf_bytes(&text), buf_bytes(&text_again)))
            abort();
        buf_done(&text);
        buf_done(&text_again);
        digest_free(again);
        digest_free(d);
    }
    buf_done(&packed);
    return 0;
}
