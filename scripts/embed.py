#!/usr/bin/env python3
"""Makes one C file out of the bytes of others: embed.py OUTPUT.c SYMBOL FILE...

The result defines `const embedded_file SYMBOL[]`, in order of file name, and `const size_t SYMBOL_count`. A file is named by
its path below the folder that all of them have in common."""
import os
import sys


def main():
    output, symbol, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    common = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    names = {path: os.path.relpath(path, common).replace(os.sep, '/') for path in paths}
    paths.sort(key=names.get)
    lines = ['#include "base/embedded.h"', '']
    rows = []
    for number, path in enumerate(paths):
        with open(path, 'rb') as file:
            data = file.read()
        lines.append(f'static const uint8_t bytes_{number}[] = {{')
        for at in range(0, len(data), 24):
            lines.append(''.join(f'{byte},' for byte in data[at:at + 24]))
        lines.append('0};')         # never an empty array; the length below leaves it out
        rows.append(f'    {{ "{names[path]}", {{ bytes_{number}, {len(data)} }} }},')
    lines += [f'extern const embedded_file {symbol}[];', f'extern const size_t {symbol}_count;',
              f'const embedded_file {symbol}[] = {{'] + rows + ['    { 0 },', '};',
              f'const size_t {symbol}_count = {len(rows)};']
    with open(output, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
