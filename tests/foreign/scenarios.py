"""Holds scenarios against their JSON Schema, with a validator that nobody here wrote.

usage: scenarios.py SCHEMA GOOD BAD

Every file of the folder GOOD has to be valid, and none of the folder BAD.
"""

import argparse
import json
import pathlib
import sys
import tomllib

import jsonschema_rs


def read(path):
    """A TOML file as JSON: times are texts."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return json.loads(json.dumps(data, default=lambda time: time.isoformat()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("schema", type=pathlib.Path)
    parser.add_argument("good", type=pathlib.Path)
    parser.add_argument("bad", type=pathlib.Path)
    arguments = parser.parse_args()
    schema = json.loads(arguments.schema.read_text(encoding="utf-8"))
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.Draft202012Validator(schema)
    wrong = []
    good = sorted(arguments.good.glob("*.toml"))
    bad = sorted(arguments.bad.glob("*.toml"))
    for path in good:
        errors = [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(read(path))]
        if errors:
            wrong.append(f"{path.name} is refused: {'; '.join(errors)}")
    for path in bad:
        if validator.is_valid(read(path)):
            wrong.append(f"{path.name} is taken")
    if not good or not bad:
        wrong.append("there is nothing to look at")
    print("\n".join(wrong) or f"{len(good)} are valid and {len(bad)} are not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
