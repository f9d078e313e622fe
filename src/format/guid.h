/* GUIDs as Windows writes them: three little-endian numbers and eight bytes.  "{4F27F2DE-14E2-430B-A549-7CD48CBC8245}" */
#pragma once
#include "base/span.h"

#define GUID_TEXT 39

const char *guid_text(span guid16, char out[GUID_TEXT]);     /* "" when it is not 16 bytes */
