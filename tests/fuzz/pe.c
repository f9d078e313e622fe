/* Programs over any bytes, as whole files, and any bytes as a signature. */
#include "format/pe.h"
#include "format/pe_signer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    problems noted;
    pe p;
    arena_init(&mem, 64 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(pe_read(&mem, span_of(data, size), &noted, &p))) {
        char words[24];
        const char *const texts[] = { p.original_name, p.internal_name, p.description, p.company, p.product_name, p.version_text, p.copyright, p.signer, p.pdb,
                                      pe_machine_word(p.machine), pe_version_text(p.file, words) };
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            require(texts[i] && utf8_valid(span_str(texts[i])));
        require(p.signature == PE_SIGNATURE || !*p.signer);
        require(pe_is(span_of(data, size < 4096 ? size : 4096), size));
    }
    const char *signer = pe_signer(&mem, span_of(data, size));
    require(signer && utf8_valid(span_str(signer)));
    arena_done(&mem);
    return 0;
}
