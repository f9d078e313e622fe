#!/usr/bin/env python3
"""Makes one C file out of the bytes of others: embed.py OUTPUT.c SYMBOL FILE...

The result defines `const embedded_file SYMBOL[]`, in order of file name, and `const size_t SYMBOL_count`."""
import os
import sys


def main():
    output, symbol, paths = sys.argv[1], sys.argv[2], sorted(sys.argv[3:], key=os.path.basename)
    lines = ['#include "base/embedded.h"', '']
    rows = []
    for number, path in enumerate(paths):
        with open(path, 'rb') as file:
            data = file.read()
        lines.append(f'static const uint8_t bytes_{number}[] = {{')
        for at in range(0, len(data), 24):
            lines.append(''.join(f'{byte},' for byte in data[at:at + 24]))
        lines.append('0};')         # never an empty array; the length below leaves it out
        rows.append(f'    {{ "{os.path.basename(path)}", {{ bytes_{number}, {len(data)} }} }},')
    lines += [f'extern const embedded_file {symbol}[];', f'extern const size_t {symbol}_count;',
              f'const embedded_file {symbol}[] = {{'] + rows + ['    { 0 },', '};',
              f'const size_t {symbol}_count = {len(rows)};']
    with open(output, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
