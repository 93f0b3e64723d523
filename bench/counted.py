"""The `bindery` command as it is, and a last line with how many chunks its draft voice spoke.

    python -m bench.counted convert BOOK --engine draft --json

What a command says of itself is what it found in the store; this is what the speaker was made to do.
"""

from __future__ import annotations

import json
import sys

from flows.cli import app
from flows.settings import Settings
from flows.speakers import Engine, Hardware, embedded_service


def main() -> int:
    """Run the command; the last line goes to standard output."""
    status = app(sys.argv[1:], standalone_mode=False)
    settings = Settings.read()
    service = embedded_service(Engine.DRAFT, settings.weights, Hardware(), settings.segments)
    print(json.dumps({"spoken": service.figures().chunks}))
    return int(status or 0)


if __name__ == "__main__":
    raise SystemExit(main())
