/* A case made for tests: `hosts` hosts, each with all there can be of it, and every text of it as hostile as asked. */
#pragma once
#include "model/case.h"

suyuan_case *made_case(arena *mem, uint32_t hosts, const char *hostile);        /* hostile: put into every text; "" for none */
