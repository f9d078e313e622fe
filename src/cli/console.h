/* What is printed for a person. Everything that this program prints to a terminal goes through here, because every name in
 * evidence may have been chosen by the attacker.
 *
 * Shapes    Text is UTF-8. Control characters, bytes that are no UTF-8, and characters that reorder or hide text
 *           (bidirectional overrides, zero-width ones, line separators, tags) are written as \x1b or \u202e.
 * Fails     A write that fails is kept by the stream; console_ended tells. */
#pragma once
#include "base/span.h"
#include <stdio.h>

/* One line: the whole of it is escaped, line ends too, and a line end follows. A progress bar makes way for it. */
void console_say(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Several lines, from our own writers: line ends and tabs stay as they are, all else is escaped. */
void console_text(FILE *to, const char *utf8);
void console_escape(FILE *to, span utf8, bool keep_lines);

bool console_is_terminal(FILE *to);
/* Flushes standard output. False when something could not be written, after saying so unless the reader just left. */
bool console_ended(void);

/* Used by the progress bar: one line on standard error that other lines push aside. */
void console_bar(const char *line);         /* NULL takes it away */
