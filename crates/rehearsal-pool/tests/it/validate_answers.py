"""Validates recorded answers against the output shapes of the API model that botocore ships.

Reads lines {"operation", "error", "body"}: an answer's every member must be in the operation's
output shape, of the shape's type, length, range, pattern and enum; required members must be
there; an error must be one the operation declares or one of the protocol's own. Prints each
finding; exits 1 if there are any.
"""

import json
import sys

import botocore.loaders
import regexes

MODEL = botocore.loaders.Loader().load_service_model("cognito-idp", "service-2")
SHAPES = MODEL["shapes"]
# Errors of the protocol, which no operation declares.
PROTOCOL_ERRORS = {
    "SerializationException",
    "UnknownOperationException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "TooManyRequestsException",
    # Constraints of the model are refused with it whatever the operation declares.
    "InvalidParameterException",
}
NUMBERS = {"integer": int, "long": int, "timestamp": (int, float)}


def findings(shape_name, value, path):
    shape = SHAPES[shape_name]
    kind = shape["type"]
    if kind == "structure":
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        for name in shape.get("required", []):
            if value.get(name) is None:
                yield f"{path} lacks {name}"
        for name, member in value.items():
            if name not in shape["members"]:
                yield f"{path} has the unknown member {name}"
            elif member is None:
                yield f"{path}.{name} is null"
            else:
                yield from findings(shape["members"][name]["shape"], member, f"{path}.{name}")
        return
    if kind == "list":
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        yield from length(shape, len(value), path)
        for place, item in enumerate(value):
            yield from findings(shape["member"]["shape"], item, f"{path}[{place}]")
        return
    if kind == "map":
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        for name, member in value.items():
            yield from findings(shape["key"]["shape"], name, f"{path} key")
            yield from findings(shape["value"]["shape"], member, f"{path}.{name}")
        return
    if kind in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, NUMBERS[kind]):
            yield f"{path} is no {kind}"
        elif kind != "timestamp":
            yield from length(shape, value, path)
        return
    if kind == "boolean":
        if not isinstance(value, bool):
            yield f"{path} is no boolean"
        return
    if not isinstance(value, str):
        yield f"{path} is no text"
        return
    if "enum" in shape:
        if value not in shape["enum"]:
            yield f"{path} has a value outside its enum"
        return
    # The service's own attribute names are longer than the model lets a custom one be
    # (phone_number_verified; the prefix custom:).
    if shape_name != "CustomAttributeNameType":
        yield from length(shape, len(value), path)
    # The model's pattern has no blanks; the guide's own samples of this text do.
    if shape_name == "CompletionMessageType":
        return
    if "pattern" in shape and not regexes.matches(shape["pattern"], value):
        yield f"{path} does not match {shape['pattern']}"


def length(shape, size, path):
    if size < shape.get("min", size):
        yield f"{path} is below its minimum {shape['min']}"
    if size > shape.get("max", size):
        yield f"{path} is above its maximum {shape['max']}"


def check(record):
    operation = MODEL["operations"].get(record["operation"])
    if record["error"]:
        declared = {error["shape"] for error in operation["errors"]} if operation else set()
        if record["error"] not in declared | PROTOCOL_ERRORS:
            yield f"the error {record['error']} is not declared"
        return
    if operation is None:
        yield "no such operation"
    elif "output" in operation:
        yield from findings(operation["output"]["shape"], record["body"], "answer")
    elif record["body"] not in ({}, None):
        yield "an operation without output answers with something"


def main():
    found = 0
    answers = 0
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            record = json.loads(line)
            answers += 1
            for finding in check(record):
                found += 1
                print(f"{record['operation']}: {finding}")
    print(f"{answers} answers, {found} findings")
    return 1 if found or not answers else 0


if __name__ == "__main__":
    sys.exit(main())
