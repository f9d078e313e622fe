/* Inside of the PE reader: whose name stands in a signature. Nothing is checked. */
#pragma once
#include "base/base.h"

/* The common name of the certificate that the first signer of a PKCS #7 message (RFC 2315) names; "" when it cannot be found. */
const char *pe_signer(arena *mem, span pkcs7);
