"""Lists hives as libhivex reads them, one JSON object a hive, as registry.py takes it:  registry_hivex.py HIVE...
{"hive":, "error": null or words, "keys": [[path as names, last write in 100 ns, [[name, type, hex or null], ...]], ...]}."""
import json
import sys

import hivex


def keys_of(path):
    h = hivex.Hivex(path)
    keys, todo = [], [(h.root(), [])]
    while todo:
        node, names = todo.pop()
        values = []
        for value in h.node_values(node):
            try:
                kind, data = h.value_value(value)
                values.append([h.value_key(value), kind & 0xFFFFFFFF, data.hex()])
            except RuntimeError:                            # it has the value, and not its bytes
                values.append([h.value_key(value), h.value_type(value)[0] & 0xFFFFFFFF, None])
        keys.append([names, h.node_timestamp(node), values])
        todo += [(child, names + [h.node_name(child)]) for child in h.node_children(node)]
    return keys


for hive in sys.argv[1:]:
    try:
        found, error = keys_of(hive), None
    except RuntimeError as why:
        found, error = [], str(why)
    print(json.dumps({"hive": hive, "error": error, "keys": found}), flush=True)
