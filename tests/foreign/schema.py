"""Has schemathesis test a control plane against the document that it serves.

usage: schema.py URL [--examples N]

It is left out that a stream never ends and that a wait takes the time that it is told to.
"""

import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--examples", default="10")
    arguments = parser.parse_args()
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [
            program,
            "--config-file",
            HERE / "schemathesis.toml",
            "run",
            arguments.url + "/v1/openapi.json",
            "--max-examples",
            arguments.examples,
            "--exclude-path-regex",
            "/(stream|waits)$",
            "--no-color",
            "--no-shrink",
            "--output-truncate",
            "false",
            "--warnings",
            "off",
        ],
        cwd=HERE.parent.parent / "target",
        env=dict(os.environ, SCHEMATHESIS_HOOKS="schema_hooks", PYTHONPATH=str(HERE)),
        check=False,
    )
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
