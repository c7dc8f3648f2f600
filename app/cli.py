"""The command line: ``linli analyse | check | import | serve | demo | profiles``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from app.errors import AppError
from app.words import Language, chosen_language, say
from spatial.errors import InfeasibleError, InputError, SpatialError

if TYPE_CHECKING:
    from app.settings import Settings
    from spatial.analysis import Analysis
    from spatial.city.model import City
    from spatial.progress import Progress

__all__ = ["main"]

DONE: Final = 0
BAD_INPUT: Final = 3
NO_DATABASE: Final = 4
NO_ADDRESS: Final = 6
HIGHEST_PORT: Final = 65_535
RULES_CLASH: Final = 5
STOPPED: Final = 130

SHOWN_PROBLEMS: Final = 20
"""Repairs and refusals that `linli check` prints for each layer; --json prints all."""
DEMO_ID: Final = "demo"
DEMO_SIZE: Final = 100
DEMO_SEED: Final = 2026


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = _language(given)
    options = _parser(language).parse_args(given)
    work: Callable[[argparse.Namespace, Language], int] = options.work
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _as_interrupt)  # end like Ctrl-C: nothing half-written
    try:
        return work(options, language)
    except KeyboardInterrupt:
        _tell(say("stopped", language))
        return STOPPED
    except (AppError, SpatialError) as fault:
        _tell(f"{say('failed', language)} {fault.message_zh if language == 'zh' else fault}")
        if isinstance(fault, AppError):
            return NO_DATABASE
        return RULES_CLASH if isinstance(fault, InfeasibleError) else BAD_INPUT
    except OSError as fault:
        _tell(f"{say('failed', language)} {fault}")
        return NO_ADDRESS if options.command in {"serve", "demo"} else BAD_INPUT


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _language(given: Sequence[str]) -> Language:
    """Find --lang before the parser exists, because the parser itself speaks it."""
    for place, word in enumerate(given):
        if word == "--lang" and place + 1 < len(given):
            return chosen_language(given[place + 1])
        if word.startswith("--lang="):
            return chosen_language(word.removeprefix("--lang="))
    return chosen_language()


def _parser(language: Language) -> argparse.ArgumentParser:
    def word(key: str) -> str:
        return say(key, language).replace("%", "%%")

    parser = argparse.ArgumentParser(
        prog="linli",
        description=word("about"),
        epilog=f"{word('codes')}\n{word('other_language')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lang", choices=["zh", "en"], help=word("lang"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, work: Callable[[argparse.Namespace, Language], int]
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=word(name), description=word(name))
        sub.set_defaults(work=work)
        return sub

    analyse = command("analyse", _analyse)
    check = command("check", _check)
    bring = command("import", _import)
    for sub in (analyse, check, bring):
        sub.add_argument("inputs", nargs="+", metavar="INPUT", help=word("inputs"))
        sub.add_argument("--name", help=word("name"))
        sub.add_argument("--crs", dest="source_crs", help=word("source_crs"))
        sub.add_argument("--shifted", choices=["gcj02", "bd09"], help=word("shifted"))
    for sub in (analyse, bring):
        sub.add_argument("--profile", default="national", help=word("profile"))
        sub.add_argument("--year", type=int, help=word("year"))
        sub.add_argument("--by", choices=["distance", "time"], default="distance", help=word("by"))
        sub.add_argument("--walking", default="adult", help=word("walking"))
        sub.add_argument("--seed", type=int, default=0, help=word("seed"))
    analyse.add_argument("--out", required=True, type=Path, metavar="DIR", help=word("out"))
    check.add_argument("--json", action="store_true", help=word("json"))
    check.add_argument("--strict", action="store_true", help=word("strict"))
    bring.add_argument("--id", dest="city_id", help=word("city_id"))
    serve = command("serve", _serve)
    demo = command("demo", _demo)
    for sub in (serve, demo):
        sub.add_argument("--host", default="127.0.0.1", help=word("host"))
        sub.add_argument("--port", type=_port, default=8000, help=word("port"))
    demo.add_argument("--size", type=int, default=DEMO_SIZE, help=word("size"))
    demo.add_argument("--seed", type=int, default=DEMO_SEED, help=word("seed"))
    demo.add_argument("--no-serve", action="store_true", help=word("no_serve"))
    command("profiles", _profiles)
    return parser


def _port(text: str) -> int:
    """Read a port number; argparse says what is wrong with it."""
    number = int(text)
    if not 1 <= number <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text}: 1 – {HIGHEST_PORT}")
    return number


def _tell(text: str) -> None:
    """Write to standard error: standard output is for results that a script reads."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _read(options: argparse.Namespace, progress: Progress) -> City:
    from spatial.city import read_city

    progress("reading", 0.0)
    return read_city(
        options.inputs,
        name=options.name,
        source_crs=options.source_crs,
        shifted=options.shifted,
        progress=lambda _step, share: progress("reading", share),
    )


def _run(city: City, options: argparse.Namespace, progress: Progress) -> Analysis:
    from spatial.analysis import AnalysisParameters, analyse
    from spatial.standards import read_profile

    return analyse(
        city,
        read_profile(options.profile),
        parameters=AnalysisParameters(
            year=options.year or _this_year(),
            walking_profile=options.walking,
            circles_by=options.by,
            seed=options.seed,
        ),
        progress=progress,
    )


def _this_year() -> int:
    return datetime.now(UTC).astimezone().year


def _analyse(options: argparse.Namespace, language: Language) -> int:
    from app.progress_bar import progress_shown
    from spatial.outputs import summary_text, write_analysis

    _refuse_early(options)
    with progress_shown(language) as progress:
        city = _read(options, progress)
        analysis = _run(city, options, progress)
        paths = write_analysis(analysis, options.out, progress=progress)
    print(summary_text(analysis, language=language))
    print(say("written", language))
    for path in paths.values():
        print(f"  {path}")
    return DONE


def _refuse_early(options: argparse.Namespace) -> None:
    """Find a wrong profile, walker or folder before the work, not after it."""
    from spatial.standards import read_profile

    walkers = read_profile(options.profile).rooms["walking"]["profiles"]
    if options.walking not in walkers:
        raise InputError(
            f"No walker `{options.walking}`; there are {', '.join(walkers)}.",
            zh=f"没有步行者“{options.walking}”;可选 {'、'.join(walkers)}。",
        )
    if options.out.exists() and not options.out.is_dir():
        raise InputError(
            f"{options.out} is a file; name a folder for the results.",
            zh=f"{options.out} 是文件;请给出存放结果的文件夹。",
        )


def _check(options: argparse.Namespace, language: Language) -> int:
    from app.progress_bar import progress_shown

    with progress_shown(language) as progress:
        city = _read(options, progress)
    any_refused = any(layer.refusals for layer in city.report.layers)
    refused = BAD_INPUT if options.strict and any_refused else DONE
    if options.json:
        print(json.dumps(city.report.to_dict(), ensure_ascii=False, indent=2))
        return refused
    print(say("zone", language, zone=f"{city.crs.name} ({city.crs.to_string()})"))
    for layer in city.report.layers:
        print(
            say(
                "check_line",
                language,
                layer=layer.layer,
                source=layer.source,
                read=layer.read,
                loaded=layer.loaded,
                repaired=len(layer.repairs),
                refused=len(layer.refusals),
                merged=layer.merged,
            )
        )
        for repair in layer.repairs[:SHOWN_PROBLEMS]:
            area = (
                ""
                if repair.area_before_m2 is None
                else f" ({repair.area_before_m2:.1f} → {repair.area_after_m2 or 0.0:.1f} m²)"
            )
            what = repair.what_zh if language == "zh" else repair.what
            print(say("repair_line", language, row=repair.row, what=what, area=area))
        _more(len(layer.repairs), language)
        for refusal in layer.refusals[:SHOWN_PROBLEMS]:
            why = refusal.why_zh if language == "zh" else f"{refusal.why} {refusal.detail}"
            print(say("refusal_line", language, row=refusal.row, why=why))
        _more(len(layer.refusals), language)
    notes = [note for layer in city.report.layers for note in layer.notes]
    for note in (*notes, *city.report.notes):
        mark = "!" if note.level == "warning" else "-"
        print(f"{mark} {note.text_zh if language == 'zh' else note.text_en}")
    return refused


def _more(count: int, language: Language) -> None:
    if count > SHOWN_PROBLEMS:
        print(say("more", language, count=count - SHOWN_PROBLEMS))


def _import(options: argparse.Namespace, language: Language) -> int:
    from app.progress_bar import progress_shown
    from app.service import opened_store
    from app.settings import Settings

    settings = Settings()
    with opened_store(settings) as store, progress_shown(language) as progress:
        analysis = _run(_read(options, progress), options, progress)
        city_id = store.save_analysis(
            analysis,
            city_id=options.city_id,
            progress=lambda _step, share: progress("store", share),
        )
        _prepare_scenarios(settings, city_id, analysis, progress)
    print(say("stored", language, city=city_id, version=analysis.data_version))
    return DONE


def _prepare_scenarios(
    settings: Settings, city_id: str, analysis: Analysis, progress: Progress
) -> None:
    """Save the state for what-if questions now, so that the first of them need not wait for it."""
    from app.scenarios.bases import Bases

    Bases.of(settings).save(
        city_id, analysis, progress=lambda _step, share: progress("scenarios", share)
    )


def _serve(options: argparse.Namespace, language: Language) -> int:
    from app.service import opened_store, serve
    from app.settings import Settings

    settings = Settings()
    with opened_store(settings):
        serve(settings, **_address(options, language))
    return DONE


def _address(options: argparse.Namespace, language: Language) -> dict[str, Any]:
    """Where to serve, and what to say when the page answers."""
    url = f"http://{options.host}:{options.port}"
    return {
        "host": options.host,
        "port": options.port,
        "ready": lambda: _tell(say("serving", language, url=url)),
    }


def _demo(options: argparse.Namespace, language: Language) -> int:
    from app.progress_bar import progress_shown
    from app.service import opened_store, serve
    from app.settings import Settings
    from data.demo import make_demo_city
    from spatial.analysis import AnalysisParameters, analyse, data_version
    from spatial.standards import read_profile

    default = options.size == DEMO_SIZE and options.seed == DEMO_SEED
    city_id = DEMO_ID if default else f"{DEMO_ID}-{options.size}-{options.seed}"
    settings = Settings()
    parameters = AnalysisParameters(year=_this_year())
    profile = read_profile("national")
    with opened_store(settings) as store:
        with progress_shown(language) as progress:
            progress("demo_city", 0.0)
            city = make_demo_city(neighbourhoods=options.size, seed=options.seed)
            # Nothing is lost and nothing stale: only another engine or year is analysed anew.
            kept = store.has_version(city_id, data_version(city, profile, parameters))
            if not kept:
                analysis = analyse(city, profile, parameters=parameters, progress=progress)
                store.save_analysis(
                    analysis,
                    city_id=city_id,
                    progress=lambda _step, share: progress("store", share),
                )
                _prepare_scenarios(settings, city_id, analysis, progress)
        if kept:
            _tell(say("demo_kept", language))
        if not options.no_serve:
            serve(settings, **_address(options, language))
    return DONE


def _profiles(options: argparse.Namespace, language: Language) -> int:
    from spatial.standards import list_profiles, read_profile

    del options
    for key in list_profiles():
        profile = read_profile(key)
        print(f"{key}\t{profile.zh if language == 'zh' else profile.en}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
