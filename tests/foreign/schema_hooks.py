"""What schemathesis has to be told about types of its own accord unknown to it."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    """One item of a batch, on a line."""
    return (json.dumps(value) + "\n").encode()
