"""list - the faults that script/chaos knows; list.py FAULTS ends with 1 if one of them is not among them."""

import sys

import plan

try:
    for kind in plan.choose(sys.argv[1] if len(sys.argv) > 1 else "all"):
        print(f"{kind.group:9} {kind.name:20} {kind.meaning}")
except ValueError as error:
    print(f"script/chaos: {error}; --list shows all", file=sys.stderr)
    sys.exit(1)
