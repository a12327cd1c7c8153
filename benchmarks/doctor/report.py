"""placeholder"""

import json
from pathlib import Path


def publish(records, cells, seconds, quick, part, output):
    (output or Path("/tmp/bench-part.json")).write_text(json.dumps(records, indent=0, default=str))
    print(len(records), seconds)
