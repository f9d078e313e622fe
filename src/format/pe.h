/* Windows programs (PE: .exe, .dll, .sys): what they say of themselves.
 *
 * Format    Microsoft, "PE format"; VS_VERSIONINFO.
 * Shapes    The numbers of `file` and `product` are those of VS_FIXEDFILEINFO: the texts beside them may say anything. Texts are
 *           UTF-8, "" when not given, of the first language that has any.
 * Owns      Texts live in `mem`.
 * Hostile   Every offset, size and count; resources are walked three levels deep, PE_RESOURCES entries in all.
 * Fails     STATUS_DAMAGED when there is no PE header. Resources or a signature that do not fit are noted ("pe.resource",
 *           "pe.version", "pe.signature").
 * A signature is only seen here, and its signer's name as the file gives it: nobody checked it. */
#pragma once
#include "base/base.h"

#define PE_RESOURCES 65536u

typedef struct { uint16_t part[4]; } pe_version;                         /* 6, 1, 7601, 23689 */
typedef enum { PE_UNSIGNED, PE_SIGNATURE } pe_signature;                 /* PE_UNSIGNED: none inside; a catalogue may still sign it */

typedef struct {
    uint16_t machine;                /* 0x14c, 0x8664, 0xaa64, ... */
    bool wide;                       /* PE32+ */
    bool dll, driver;                /* driver: subsystem native */
    uint16_t subsystem;
    uint32_t link_time;              /* as stored: Unix seconds, or a hash in reproducible builds */
    bool reproducible;               /* a debug entry says that link_time is none */
    uint32_t image_size, checksum;
    uint64_t end;                    /* of the last section; bytes behind it and the signature were appended */
    bool has_version;
    pe_version file, product;
    const char *original_name, *internal_name, *description, *company, *product_name, *version_text, *copyright;
    pe_signature signature;
    const char *signer;              /* common name of the certificate that signs; "" when not read */
    const char *pdb;                 /* path of its symbols; "" */
} pe;

bool   pe_is(span first_bytes, uint64_t size);
status pe_read(arena *mem, span bytes, problems *noted, pe *out);
int    pe_version_compare(pe_version a, pe_version b);
const char *pe_version_text(pe_version v, char out[24]);                 /* "6.1.7601.23689" */
const char *pe_machine_word(uint16_t machine);                           /* "x86", "x64", "arm64", "arm", "ia64", "other" */
