"""Stands for the pairing process: a program that says what the store's name tells it to, over its pipes.

`SAYS` maps a store's name to what is said; `die` ends the process; any other name is a failure of that name. What the
program is told is appended to the file named by its first argument, each line behind its process id.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

Said = dict[str, str] | str

SAYS: dict[str, list[Said]] = {
    "links": [{"say": "scan", "qr_code": "one"}, {"say": "scan", "qr_code": "two"}, {"say": "linked"}],
    "shows": [{"say": "scan", "qr_code": "one"}],
    "links once asked for a code": [{"say": "scan", "qr_code": "one"}],
    "dies": [{"say": "scan", "qr_code": "one"}, "die"],
    "babbles": ["what?"],
}
CODES = {"491511111111": {"pairing_code": "ABCD-EFGH"}, "491522222222": {"error": "too many"}}
STORES: dict[str, str] = {}


def answer(wish: dict[str, str]) -> list[Said]:
    if wish["say"] == "give_code":
        if wish["phone"] not in CODES:
            return ["die"]
        after = SAYS["links"][1:] if STORES[wish["id"]] == "links once asked for a code" else []
        return [{"say": "type", **CODES[wish["phone"]]}, *after]
    if wish["say"] == "give_up":
        return []
    STORES[wish["id"]] = wish["store_name"]
    return SAYS.get(wish["store_name"], [{"say": "failed", "reason": wish["store_name"]}])


def main() -> None:
    for text in sys.stdin:
        with Path(sys.argv[1]).open("a", encoding="utf-8") as heard:
            heard.write(f"{os.getpid()} {text}")
        wish = json.loads(text)
        for said in answer(wish):
            if said == "die":
                os._exit(1)
            print(said if isinstance(said, str) else json.dumps({**said, "id": wish["id"]}), flush=True)


if __name__ == "__main__":
    main()
