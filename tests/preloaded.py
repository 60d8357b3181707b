"""A program that has imported all of the gateway and becomes `python -m gateway ...` as often as it is asked to.

Each request forks: the child takes the environment, folder, arguments and output it is given, runs `main`, and ends as
any Python does. `tests.copies` asks. It ends with who started it, and so do the children it still has.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from gateway.__main__ import main


def load() -> None:
    """Everything that a gateway with Telegram bots imports in the end."""
    import gateway.commands.check
    import gateway.commands.db
    import gateway.commands.import_instance_manager
    import gateway.commands.import_multi_instance
    import gateway.commands.instance
    import gateway.commands.limits
    import gateway.commands.migrate
    import gateway.commands.reseal
    import gateway.commands.serve
    import gateway.commands.users
    from gateway.providers.telegram import library

    library.load()
    import gateway.providers.telegram.shared  # noqa: F401  # for the side effect alone, like those above

    gc.collect()
    gc.freeze()


def wait_for_request(requests: socket.socket) -> dict[str, Any] | None:
    """Returns in a child, with what it was asked for, or None when nobody will ask any more."""
    woken, wakes = socket.socketpair()
    for end in (woken, wakes):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    children: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready:
                woken.recv(4096)
                _report(children)
            if requests in ready:
                _, descriptors, _, _ = socket.recv_fds(requests, 1, 2)
                if not descriptors:
                    break
                channel = socket.socket(fileno=descriptors[0])
                request: dict[str, Any] = json.loads(channel.makefile().readline())
                child = os.fork()
                if child == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for each in (requests, woken, wakes, channel, *children.values()):
                        each.close()
                    os.dup2(descriptors[1], 1)
                    os.dup2(descriptors[1], 2)
                    os.close(descriptors[1])
                    return request
                os.close(descriptors[1])
                channel.sendall(b"%d\n" % child)
                children[child] = channel
    for child in children:
        os.kill(child, signal.SIGKILL)
    return None


def _report(children: dict[int, socket.socket]) -> None:
    """Tell those who wait for a child how it ended."""
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        with children.pop(child) as channel:
            try:
                channel.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            except BrokenPipeError:
                continue  # nobody waits for this one any more


def become(request: dict[str, Any]) -> None:
    """What a process is given when it is started."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["gateway", *request["arguments"]]


if __name__ == "__main__":
    load()
    asked = wait_for_request(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        become(asked)
        sys.exit(main(asked["arguments"]))
