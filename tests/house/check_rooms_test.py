"""check-rooms finds each kind of breach, and nothing in a house that keeps its rules."""
import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.abspath(sys.argv.pop(1))
ARCHITECTURE = """
| room | what lives there | may use |
|---|---|---|
| `src/base` | memory | |
| `src/model` | types | base |
| `src/cli` | verbs | base, model |
| `range` | evidence | base |
"""


class CheckRooms(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.put('docs/architecture.md', ARCHITECTURE)
        self.put('src/base/a.h', '#pragma once\n#include <stdlib.h>\nvoid *base_take(void);\n')
        self.put('src/base/a.c', '#include "base/a.h"\nvoid *base_take(void) { return malloc(1); }\n')
        self.put('src/model/m.c', '#include "base/a.h"\n/* strcpy(a, b) is "banned" */\nint m = sizeof "free(x)";\n')
        self.put('src/cli/c.c', '#include "model/m.h"\nint c(void) { return arena_free(1) + s->free(2); }\n')
        self.put('range/r.c', '#include "base/a.h"\n#include "range/r.h"\n')

    def tearDown(self):
        self.root.cleanup()

    def put(self, path, text):
        path = os.path.join(self.root.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def breaches(self):
        result = subprocess.run([sys.executable, CHECK, self.root.name], capture_output=True, text=True)
        self.assertEqual(result.stderr, '')
        self.assertEqual(result.returncode, 1 if result.stdout else 0)
        return result.stdout.splitlines()

    def test_a_house_that_keeps_its_rules_is_silent(self):
        self.assertEqual(self.breaches(), [])

    def test_an_include_against_the_direction(self):
        self.put('src/base/b.c', '#include <stdio.h>\n#  include "model/m.h"\n')
        self.assertEqual(self.breaches(), ['src/base/b.c:2: base may not use model'])

    def test_a_room_that_the_table_does_not_give(self):
        self.put('range/b.c', '#include "model/m.h"\n#include "../src/cli/c.h"\n')
        self.assertEqual(self.breaches(), ['range/b.c:1: range may not use model', 'range/b.c:2: "../src/cli/c.h" names no room'])

    def test_a_library_linked_against_the_direction(self):
        self.put('src/base/meson.build', "x = library('base', dependencies: [cli_dep, base_dep, crypto_dep])\n")
        self.assertEqual(self.breaches(), ['src/base/meson.build: base may not be linked with cli'])

    def test_a_banned_call(self):
        self.put('src/base/b.c', 'int f(char *a)\n{\n    return atoi (a);\n}\n')
        self.put('tests/unit/t.c', 'void f(char *a) { strcpy(a, "x"); }\n')
        self.assertEqual(self.breaches(), ['src/base/b.c:3: atoi is banned', 'tests/unit/t.c:1: strcpy is banned'])

    def test_memory_taken_outside_base(self):
        self.put('src/model/b.c', 'void f(void *p) { free(p); p = realloc(p, 2); }\n')
        self.put('src/model/c.c', '#include "base/memory.h"\n')
        self.put('tests/unit/t.c', 'void f(void *p) { free(p); }\n')
        self.assertEqual(self.breaches(), ['src/model/b.c:1: free outside base', 'src/model/b.c:1: realloc outside base',
                                           'src/model/c.c:1: memory is taken in base alone: use its arena, buf, vec or map'])

    def test_a_room_without_a_line_in_the_table(self):
        self.put('src/attic/a.c', '')
        self.assertEqual(self.breaches(), ['src/attic: this room is not in the table of docs/architecture.md'])

    def test_a_folder_of_somebodys_machine(self):
        self.put('README.md', 'See /ho' 'me/me/suyuan, and https://example.org/ho' 'me/x.\n')
        self.assertEqual(self.breaches(), ['README.md:1: names a folder of a machine: /ho' 'me/me'])

    def test_a_merge_left_half_done(self):
        self.put('docs/a.md', 'one\n<<<<<' '<< ours\ntwo\n')
        self.assertEqual(self.breaches(), ['docs/a.md: a merge was left half done'])

    def test_a_header_that_can_be_read_twice(self):
        self.put('src/base/b.h', 'int b;\n')
        self.assertEqual(self.breaches(), ['src/base/b.h: without #pragma once'])


if __name__ == '__main__':
    unittest.main()
