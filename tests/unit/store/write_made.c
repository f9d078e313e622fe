/* Writes a made case's case.json to standard output, for the test that holds it against the schema: write_made HOSTS [TEXT] */
#include "made_case.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    arena mem;
    arena_init(&mem, 0);
    suyuan_case *c = made_case(&mem, (uint32_t)strtoul(argv[1], NULL, 10), argc > 2 ? argv[2] : "");
    buf out;
    buf_init(&out, STORE_BYTES);
    bool ok = status_is_ok(store_json(c, 132500000000000000ull, &out)) && fwrite(out.at, 1, out.len, stdout) == out.len;
    buf_done(&out);
    arena_done(&mem);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}
