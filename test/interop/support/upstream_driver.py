"""Drives any release of upstream's `omlmd` through its Python API: the first has no command line.

Reads one JSON request from stdin and prints one JSON answer as the last line of stdout.
"""

import json
import sys

from omlmd.helpers import Helper


def answer(request):
    helper = Helper()
    verb = request.pop("verb")
    if verb == "push":
        fields = request.pop("fields")
        helper.push(request["target"], request["path"], **fields)
        return None
    if verb == "pull":
        helper.pull(request["target"], request["outdir"], request["media_types"])
        return None
    if verb == "get_config":
        return helper.get_config(request["target"])
    if verb == "crawl":
        return helper.crawl(request["targets"])
    raise ValueError(verb)


print("\n" + json.dumps(answer(json.load(sys.stdin))))
