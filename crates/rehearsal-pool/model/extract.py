"""Writes cognito-idp.json beside this file: the parts of Cognito's API model that the pool enforces.

The model is the one botocore ships (data/cognito-idp/2016-04-18/service-2.json, Apache-2.0).
Kept: per operation its input and output shape, its declared errors and whether callers sign it;
per shape its type, members, required members, lengths, ranges, patterns, enums, and what is
secret. Dropped: documentation. Usage:

    python extract.py            # rewrite cognito-idp.json from the installed botocore
    python extract.py --check    # exit 1 if it would change
"""

import json
import pathlib
import sys

import botocore
import botocore.loaders

TARGET = pathlib.Path(__file__).with_name("cognito-idp.json")
SHAPE_KEYS = ("type", "required", "min", "max", "pattern", "enum", "sensitive", "fault")


def shape_name(reference):
    return reference["shape"]


def reduced_shape(shape):
    kept = {key: shape[key] for key in SHAPE_KEYS if key in shape}
    if "members" in shape:
        kept["members"] = {name: shape_name(ref) for name, ref in shape["members"].items()}
    if shape["type"] == "list":
        kept["member"] = shape_name(shape["member"])
    if shape["type"] == "map":
        kept["key"] = shape_name(shape["key"])
        kept["value"] = shape_name(shape["value"])
    return kept


def reduced_operation(operation):
    kept = {"input": shape_name(operation["input"])}
    if "output" in operation:
        kept["output"] = shape_name(operation["output"])
    kept["errors"] = [shape_name(error) for error in operation["errors"]]
    kept["signed"] = operation.get("authtype") != "none"
    return kept


def reachable(shapes, roots):
    seen, waiting = set(), list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        waiting.extend(shape.get("members", {}).values())
        waiting.extend(shape[key] for key in ("member", "key", "value") if key in shape)
    return seen


def extract():
    model = botocore.loaders.Loader().load_service_model("cognito-idp", "service-2")
    shapes = {name: reduced_shape(shape) for name, shape in model["shapes"].items()}
    operations = {
        name: reduced_operation(operation) for name, operation in model["operations"].items()
    }
    roots = {operation["input"] for operation in operations.values()}
    roots |= {operation["output"] for operation in operations.values() if "output" in operation}
    kept = reachable(shapes, roots)
    return {
        "source": f"botocore {botocore.__version__}, cognito-idp/2016-04-18/service-2.json",
        "target_prefix": model["metadata"]["targetPrefix"],
        "operations": dict(sorted(operations.items())),
        "shapes": {name: shapes[name] for name in sorted(kept)},
    }


def one_line_per_entry(document):
    """JSON with one operation or shape a line, so that a new botocore reads well as a diff."""
    parts = []
    for key, value in document.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in value.items())
            parts.append(f"{json.dumps(key)}:{{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    text = one_line_per_entry(extract())
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET.name} differs from botocore {botocore.__version__}", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
