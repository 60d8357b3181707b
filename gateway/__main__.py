"""`python -m gateway`: serve, migrate, user, instance, limits, db, check, ... Parses arguments, calls commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from gateway import __version__
from gateway.domain.errors import GatewayError
from gateway.domain.usage_limits import COUNTERS
from gateway.kit.stdio import keep_stdout_to_ourselves
from gateway.settings import Settings, SettingsError

# What takes long to import (asyncio, the logs) is imported after `_prepare_process`, or `serve` would import it twice.

GO_ENVIRONMENT = {"NEONIZE_BOT_TAG": "off"}
"""neonize marks every private message as a bot's unless it is told not to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 refused, 2 wrong settings or arguments."""
    options = _parser().parse_args(arguments)
    if options.command == "version":
        print(__version__)
        return 0
    try:
        settings = Settings.from_env(os.environ)
        if options.command == "serve":
            _prepare_process()
        from gateway.kit import log as logs
        from gateway.kit.logbook import Logbook

        # Before anything may be logged: until then, structlog would print tracebacks with the values of all variables.
        level = settings.log_level if options.command == "serve" else "warning"
        options.book = Logbook() if options.command == "serve" else None
        logs.configure(level=level, json=settings.log_json, book=options.book)
        work: Coroutine[Any, Any, int] = options.run(settings, options)
        return _run(work)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except GatewayError as error:
        print(error.sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _prepare_process() -> None:
    """What has to hold before anything is loaded. Go reads the environment a process began with, so some of it cannot
    be set later: this begins the process anew, once, with what neonize has to find.
    """
    if not GO_ENVIRONMENT.keys() <= os.environ.keys():
        os.environ.update({name: value for name, value in GO_ENVIRONMENT.items() if name not in os.environ})
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves, with our arguments
    keep_stdout_to_ourselves()


def _run(work: Coroutine[Any, Any, int]) -> int:
    import asyncio

    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.kit.memory import loading_for_good

    with loading_for_good():
        from gateway.commands.serve import serve

    return await serve(settings, options.book)


async def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from gateway.commands.migrate import run

    return await run(settings)


async def _user(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.commands import users

    return await users.run(settings, options)


async def _instance(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.commands import instance

    return await instance.run(settings, options)


async def _db(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.commands import db

    return await db.run(settings, options)


async def _import_multi_instance(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.commands import import_multi_instance

    return await import_multi_instance.run(settings, options)


async def _import_instance_manager(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.commands import import_instance_manager

    return await import_instance_manager.run(settings, options)


async def _limits(settings: Settings, options: argparse.Namespace) -> int:
    from gateway.commands import limits

    return await limits.run(settings, options)


async def _reseal(settings: Settings, _: argparse.Namespace) -> int:
    from gateway.commands.reseal import run

    return await run(settings)


async def _check(settings: Settings, _: argparse.Namespace) -> int:
    from gateway.commands.check import run

    return await run(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway", description="The messaging gateway.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="migrate the database and run the gateway").set_defaults(run=_serve)
    commands.add_parser("migrate", help="bring the database to this version's tables").set_defaults(run=_migrate)
    commands.add_parser("check", help="look at settings, database and libraries; say what is missing").set_defaults(
        run=_check
    )
    commands.add_parser("reseal", help="after a new first ENCRYPTION_KEYS: seal everything with it").set_defaults(
        run=_reseal
    )
    commands.add_parser("version", help="print the version")
    user = commands.add_parser("user", help="let people in and out")
    user.set_defaults(run=_user)
    deeds = user.add_subparsers(dest="deed", required=True, metavar="DEED")
    add = deeds.add_parser("add", help="let somebody in; prints their API key, and their password if generated")
    add.add_argument("email")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    add.add_argument("--first-name", default="")
    add.add_argument("--last-name", default="")
    add.add_argument("--role", choices=("admin", "owner", "member"))
    add.add_argument("--tenant", help="id of an existing tenant to join; without it a new one is made")
    deeds.add_parser("list", help="everybody")
    for deed, help_text in (
        ("disable", "shut somebody out at once"),
        ("enable", "let them in again"),
        ("rotate-key", "a new primary API key; the old one ends at once"),
    ):
        deeds.add_parser(deed, help=help_text).add_argument("email")
    password = deeds.add_parser("set-password", help="another password; every login token ends")
    password.add_argument("email")
    password.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    _add_instance(commands)
    _add_limits(commands)
    _add_db(commands)
    _add_import(commands)
    return parser


def _add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    import_ = commands.add_parser(
        "import-multi-instance", help="take over the SQLite file of a WhatsApp Multi-Instance API; no gateway may run"
    )
    import_.set_defaults(run=_import_multi_instance)
    import_.add_argument("file", help="it is only read")
    import_.add_argument("--dry-run", action="store_true", help="say what it would do, and change nothing")
    import_.add_argument("--tenant", metavar="ID", help="everybody joins this one; else each user gets their own")
    manager = commands.add_parser(
        "import-instance-manager", help="take over the PostgreSQL database of an Instance Manager; no gateway may run"
    )
    manager.set_defaults(run=_import_instance_manager)
    manager.add_argument("url", help="postgresql://user:password@host/name; it is only read")
    manager.add_argument("--schema", metavar="NAME", help="where its tables are; default: public")
    manager.add_argument("--dry-run", action="store_true", help="say what it would do, and change nothing")
    whose = manager.add_mutually_exclusive_group()
    whose.add_argument("--tenant", metavar="ID", help="its companies join this one; default: the first administrator's")
    whose.add_argument("--tenant-per-company", action="store_true", help="each company becomes a tenant with an owner")


def _add_db(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    db = commands.add_parser("db", help="copy the database to another one, back it up, restore it")
    db.set_defaults(run=_db)
    deeds = db.add_subparsers(dest="deed", required=True, metavar="DEED")
    copy = deeds.add_parser("copy", help="everything into another, empty database; no gateway may be running on either")
    copy.add_argument("--to", metavar="URL", required=True, help="postgresql://user:password@host/name, sqlite:///path")
    backup = deeds.add_parser("backup", help="database and linked devices into one sealed file; a gateway may run")
    restore = deeds.add_parser("restore", help="such a file into an empty database; no gateway may be running")
    for each in (backup, restore):
        each.description = "What ENCRYPTION_KEYS seal stays sealed, and they are not in the file: keep them apart."
        each.add_argument("file")
        each.add_argument("--passphrase-file", metavar="FILE", help="else GATEWAY_EXPORT_PASSPHRASE, else asked for")


def _add_limits(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    limits = commands.add_parser("limits", help="how much instances may do; a running gateway notices in seconds")
    limits.set_defaults(run=_limits)
    deeds = limits.add_subparsers(dest="deed", required=True, metavar="DEED")
    for deed, help_text in (
        ("show", "an owner's own limits"),
        ("set", "change those that are named; 0 is no limit"),
        ("remove", "take them away; the next wider ones hold"),
    ):
        one = deeds.add_parser(deed, help=help_text)
        whose = one.add_mutually_exclusive_group()
        whose.add_argument("--instance", metavar="ID", help="of this instance; without it and --user: of everybody")
        whose.add_argument("--user", metavar="ID", help="of each instance of this user")
        if deed == "set":
            for name in COUNTERS:
                one.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N")
            one.add_argument("--window-hours", type=int, metavar="N", help="counts the UTC days that began within it")


def _add_instance(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    instance = commands.add_parser("instance", help="move instances between gateways")
    instance.set_defaults(run=_instance)
    deeds = instance.add_subparsers(dest="deed", required=True, metavar="DEED")
    deeds.add_parser("list", help="every instance, with its state")
    export = deeds.add_parser("export", help="into one sealed file; it is stopped here; no gateway may be running")
    export.add_argument("id")
    export.add_argument("--to", metavar="FILE", help="default: <id>.gwexport in this folder")
    import_ = deeds.add_parser("import", help="from such a file; no gateway may be running")
    import_.add_argument("file")
    import_.add_argument("--user", metavar="EMAIL", required=True, help="who shall own it")
    import_.add_argument("--tenant", help="refuse unless that user is in this tenant (id)")
    import_.add_argument("--new-id", action="store_true", help="give it another id")
    for each in (export, import_):
        each.add_argument("--passphrase-file", metavar="FILE", help="else GATEWAY_EXPORT_PASSPHRASE, else asked for")
    deeds.add_parser("release", help="let an exported instance be started here again").add_argument("id")


if __name__ == "__main__":
    sys.exit(main())
