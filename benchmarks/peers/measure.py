"""Runs a command and prints its wall-clock seconds and peak resident megabytes as JSON.

The peak is the largest of any one process of the command, as the operating system accounts for it.
"""

import json
import resource
import subprocess
import sys
import time

started = time.perf_counter()
finished = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.perf_counter() - started
megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
if finished.returncode != 0:
    sys.stderr.write(finished.stderr.decode(errors="replace"))
    sys.exit(finished.returncode)
print(json.dumps({"seconds": seconds, "megabytes": megabytes}))
