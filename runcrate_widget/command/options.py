"""What can be asked for on the command line. Nothing here imports the client: `--help` is quick."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from runcrate_widget.typed import extra_of, nearest

from .codes import MEANINGS, WRONG

PROGRAM = "runcrate-widget"

#: What nobody may read: what is an argument stands in the list of processes, and in the shell's history.
NO_KEY = (
    "The API key is never an argument: it would stand in the list of processes and in the shell's history. "
    "Set RUNCRATE_API_KEY in the environment instead (and if you have just typed it here, take it out of "
    "the history, or make a new one)."
)
_KEY = re.compile(r"rc_live_\S*")

_ABOUT = """\
Generate videos with the Runcrate API, on the same library as the notebooks. The key is read from the
environment: RUNCRATE_API_KEY.
"""
_EXAMPLES = f"""\
{MEANINGS}
examples:
  runcrate-widget generate "a fox" --model "Veo 3.0" --takes 2 -o fox.mp4
  runcrate-widget batch prompts.csv --model "Veo 3.0" --dry-run
  runcrate-widget library fox --rating 4 --paths
"""


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations, which another version may read differently, and repeats no key."""

    def __init__(self, **how: Any) -> None:
        super().__init__(
            **{"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter, **how}
        )

    #: Whether words may stand before, between and after the options.
    mixed = False
    _within = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._within:
            return super().parse_known_args(args, namespace)
        self._within = True  # with words in between, it comes here again
        way = self.parse_known_intermixed_args if self.mixed else super().parse_known_args
        found, odd = way(args, namespace)
        if odd:  # said by this command, not by the whole program, which has other options
            near = nearest(odd[0], self._option_string_actions) if odd[0].startswith("-") else ""
            self.error(f"unrecognized: {' '.join(odd)}.{near}")
        return found, odd

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG, f"{self.prog}: {_KEY.sub('rc_live_…', message)}\n")


class _Refuse(argparse.Action):
    """`--api-key` and the like."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.exit(WRONG, f"{parser.prog}: {NO_KEY}\n")


def parser() -> Parser:
    """The whole of it."""
    from runcrate_widget import __version__

    whole = Parser(prog=PROGRAM, description=_ABOUT, epilog=_EXAMPLES)
    whole.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _never_a_key(whole)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for name, about, options in _COMMANDS:
        one = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        options(one)
        _shared(one)
    commands.add_parser("demo", help="the demo backend alone, until Ctrl+C", add_help=False)
    return whole


def _generate(one: Parser) -> None:
    one.add_argument("prompt", help="what the video shows")
    _parameters(one)
    one.add_argument(
        "--take", type=int, default=1, metavar="N", help="the first take: another video of the same (1)"
    )
    one.add_argument(
        "-i", "--image", metavar="FILE", help="a JPEG, PNG or WebP to begin with, or its https URL"
    )
    one.add_argument(
        "--extra",
        type=_extra,
        action="append",
        metavar="KEY=VALUE",
        help="""a further field of the API: seed=7 (or several as JSON: '{"seed": 7}')""",
    )
    _output(one, "a file (several videos are numbered: fox-1.mp4), or a folder that is there, or new/")
    _asking(one)
    _limits(one)


def _batch(one: Parser) -> None:
    one.add_argument(
        "file",
        help="CSV (columns: parameters, and your own) or JSON lines; a name in .txt: a prompt a line; - is "
        "standard input",
    )
    _parameters(one)
    _output(one, "a folder, which is made")
    one.add_argument("-y", "--yes", action="store_true", help="send it without asking")
    one.add_argument("--dry-run", action="store_true", help="show the plan, and send nothing")
    _asking(one)
    one.add_argument("--max-concurrent", type=int, metavar="N", help="with the service at a time (4)")
    _limits(one)


def _parameters(one: Parser) -> None:
    one.add_argument("-m", "--model", metavar="NAME", action="append", help="a name or an id*")
    one.add_argument(
        "-d", "--duration", type=int, metavar="SECONDS", action="append", help="whole seconds* (6)"
    )
    one.add_argument("-a", "--aspect-ratio", metavar="RATIO", action="append", help="16:9 or 9:16*")
    one.add_argument("-t", "--takes", type=int, default=1, metavar="N", help="how many videos of each (1)")
    one.epilog = "* given more than once: a video with each of them"


def _output(one: Parser, what: str) -> None:
    one.add_argument("-o", "--output", metavar="PATH", help=what)
    one.add_argument("-f", "--force", action="store_true", help="overwrite what is there")


def _asking(one: Parser) -> None:
    one.add_argument("--owner", metavar="NAME", help="who is recorded as the one who asks")
    one.add_argument(
        "--no-carry",
        dest="carry",
        action="store_false",
        help="send nothing: write it down, and leave it to a carrier; this needs no key",
    )


def _limits(one: Parser) -> None:
    one.add_argument(
        "--price", type=_price, action="append", metavar="MODEL=DOLLARS", help="dollars a second of a model"
    )
    one.add_argument("--max-cost", type=float, metavar="DOLLARS", help="send nothing if it would cost more")
    one.add_argument("--max-seconds", type=float, metavar="SECONDS", help="send nothing if it were longer")


def _jobs(one: Parser) -> None:
    one.add_argument(
        "-n", "--number", type=_count, default=10, metavar="N", help="how many that are done (10)"
    )


def _resume(one: Parser) -> None:
    del one  # has what all have


def _get(one: Parser) -> None:
    one.mixed = True
    one.add_argument("id", nargs="+", help="vid_…, or a key of the library")
    _output(one, "a file (several videos are numbered), or a folder that is there, or new/")


def _settle(one: Parser) -> None:
    one.add_argument("key", help="the job, as `jobs` names it")
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("--id", metavar="VID", help="the dashboard has it: its id there; go on with it")
    what.add_argument("--resend", action="store_true", help="send it again: billed twice if it was taken")
    what.add_argument("--give-up", action="store_true", help="the dashboard does not have it")


def _library(one: Parser) -> None:
    one.mixed = True
    one.add_argument("words", nargs="*", help="words of the prompt, the model, the note, the tags or the id")
    _filters(one)
    one.add_argument("-n", "--number", type=_count, metavar="N", help="at most so many")
    one.add_argument(
        "--paths", action="store_true", help="the files alone, one a line; fetched from a bucket first"
    )


def _export(one: Parser) -> None:
    one.mixed = True
    one.add_argument("folder", help="a new or empty folder, or one that was exported before")
    one.add_argument("words", nargs="*", help="words of the prompt, the model, the note, the tags or the id")
    _filters(one)
    one.add_argument(
        "--format", default="videofolder", metavar="NAME", help="videofolder (the default), csv or parquet"
    )
    one.add_argument("--link", action="store_true", help="hard links to the library's files, not copies")


def _filters(one: Parser) -> None:
    one.add_argument("-m", "--model", metavar="NAME", help="a name or an id")
    one.add_argument("--status", help="completed, failed, unconfirmed, …")
    one.add_argument("--since", type=_moment, metavar="TIME", help="2026-11-25, or 2026-11-25T14:00")
    one.add_argument("--until", type=_moment, metavar="TIME", help="a day means its beginning")
    choice = one.add_mutually_exclusive_group()
    choice.add_argument("--kept", action="store_const", const=True, help="that were kept")
    choice.add_argument(
        "--rejected", dest="kept", action="store_const", const=False, help="that were rejected"
    )
    one.add_argument("--rating", type=int, metavar="N", help="rated so high, or higher: 1 to 5")
    one.add_argument("--tag", help="with this tag")
    one.add_argument("--owner", metavar="NAME", help="that NAME asked for")
    one.add_argument("--hidden", action="store_true", help="also what was put away or deleted")


def _choose(one: Parser) -> None:
    one.mixed = True
    one.add_argument("id", nargs="+", help="vid_…, or a key of the library")
    kept = one.add_mutually_exclusive_group()
    kept.add_argument("--keep", dest="kept", action="store_const", const=True, help="it is kept")
    kept.add_argument("--reject", dest="kept", action="store_const", const=False, help="it is rejected")
    kept.add_argument("--undecided", action="store_true", help="neither")
    one.add_argument("--rating", type=int, metavar="N", help="1 to 5; 0 takes it away")
    one.add_argument("--tag", action="append", metavar="WORD", help="adds a tag; may be given more than once")
    one.add_argument("--untag", action="append", metavar="WORD", help="takes a tag away")
    one.add_argument("--note", metavar="TEXT", help="in place of the one that is there")


def _models(one: Parser) -> None:
    del one


def _carry(one: Parser) -> None:
    one.add_argument("folder", nargs="?", metavar="LIBRARY", help="as --library")
    one.add_argument("--max-concurrent", type=int, metavar="N", help="with the service at a time (4)")
    _limits(one)
    one.add_argument(
        "--limit-period",
        type=_period,
        metavar="TIME",
        help="the limits count the library's last 12h, 7d, …: also what was sent before this began",
    )
    one.add_argument(
        "--until-done",
        action="store_true",
        help="end when nothing is left (0), or when the key, the credits or a limit stop it (3)",
    )


_COMMANDS = (
    ("generate", "make the videos of one prompt; run again, it gives what is there", _generate),
    ("batch", "make the videos of a file; it shows the plan and its cost, and asks", _batch),
    ("jobs", "list what is unfinished, and the latest", _jobs),
    ("resume", "go on with what the service has", _resume),
    ("get", "fetch videos by their ids", _get),
    ("settle", "say what becomes of a job that is unconfirmed", _settle),
    ("library", "list the videos that match", _library),
    ("choose", "keep, reject, rate or tag videos, or note something", _choose),
    ("library export", "give the videos that match to other programs, as a folder", _export),
    ("models", "list the models", _models),
    ("carry", "send what others have left to a carrier, for as long as it runs", _carry),
)


def _shared(one: Parser) -> None:
    where = one.add_argument_group("where")
    where.add_argument(
        "--library",
        metavar="FOLDER_OR_URL",
        help="of the videos: a folder, or s3://bucket/team (RUNCRATE_LIBRARY, else runcrate_videos)",
    )
    where.add_argument("--base-url", metavar="URL", help="the service (RUNCRATE_BASE_URL)")
    where.add_argument("--demo", action="store_true", help="no key, no cost (RUNCRATE_DEMO=1)")
    where.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    _never_a_key(one)


def _never_a_key(one: Parser) -> None:
    names = ("--api-key", "--apikey", "--api_key", "--key", "--token")
    one.add_argument(*names, action=_Refuse, nargs="?", help=argparse.SUPPRESS)


def holds_key(words: Sequence[str], key: str) -> bool:
    """Whether the key, or another one, is among the arguments."""
    return any(_KEY.search(word) or (len(key) >= 8 and key in word) for word in words)


def _extra(text: str) -> dict[str, Any]:
    try:
        return extra_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _price(text: str) -> tuple[str, float]:
    model, sign, dollars = text.rpartition("=")
    try:
        price = float(dollars.strip().lstrip("$"))
    except ValueError:
        price = -1.0
    if not sign or not model.strip() or not 0 <= price < float("inf"):
        raise argparse.ArgumentTypeError(f'{text!r} is no price: "Veo 3.0=0.40", dollars a second')
    return model.strip(), price


def _period(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)\s*([hd])", text.strip().casefold())
    if found is None or not 0 < int(found[1]) < 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: 12h, 7d")
    return timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1))


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number, 0 or more")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day (2026-11-25) or time (2026-11-25T14:00)"
        ) from None
