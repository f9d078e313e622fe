/* The portable writers, for the test that holds the fast ones to them. Everybody else takes base/utf16.h. */
#pragma once
#include "base/utf16.h"

void utf16_utf8_plain(span units, buf *out);
void utf16_json_plain(span units, buf *out);
void utf16_xml_plain(span units, buf *out);
