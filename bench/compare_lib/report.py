"""The table of rows, and the page that keeps it."""

import datetime

from compare_lib import machine
from compare_lib.criteria import speed_ratio, time_ratio, verdict
from compare_lib.figures import summarize
from compare_lib.models import note
from compare_lib.peer_build import SOURCES

HEAD = ("workload", "carat", "llama.cpp", "carat to it", "ik_llama.cpp", "carat to it", "share of peak", "quiet",
        "must hold", "held", "aim", "reached")


def amount(value, kind):
    if kind in ("start", "first_start"):
        return f"{value:.2f} s"
    if kind == "resident":
        return f"{value / 1e9:.2f} GB"
    return f"{value:.1f}" if value >= 20 else f"{value:.2f}"


def _cells_of_peer(row, summaries, peer):
    """What it did, and how many times better carat was."""
    if peer not in summaries:
        return "", ""
    cell = amount(summaries[peer].median, row.kind)
    if row.kind in ("start", "first_start"):
        rest = [f"{way.partition('-')[2]} {amount(s.median, row.kind)}" for way, s in summaries.items()
                if way.startswith(peer + "-")]
        ways = [way for way in summaries if way.startswith(peer)]
        return f"{cell} ({', '.join(rest)})" if rest else cell, f"{1 / time_ratio(summaries, ways):.2f}x"
    if row.kind == "resident":
        return cell, f"{summaries[peer].median / summaries['carat'].median:.2f}x"
    ratio = f"{speed_ratio(summaries, peer):.2f}x"
    if row.kind == "busy":
        return beside_busy(summaries, peer), ratio
    return cell, ratio


def beside_busy(summaries, engine):
    alone = summaries[engine].median
    parts = [f"{s.median:.1f} ({100 * s.median / alone:.0f} %)" for label, s in summaries.items()
             if label.startswith(engine + "+")]
    return " / ".join(parts) + f" of {alone:.1f}"


def cells(row, summaries, processor, big_layers):
    """One line of the table, as texts."""
    carat = summaries["carat"]
    said = [text for text in (row.note, note(row.model, big_layers)) if text]
    title = f"{row.title} ({'; '.join(said)})" if said else row.title
    own = beside_busy(summaries, "carat") if row.kind == "busy" else amount(carat.median, row.kind)
    share = f"{100 * carat.share:.0f} % of {carat.peak:.0f}" if carat.peak else ""
    quiet = "" if row.kind == "resident" else "/".join(str(s.n_quiet) for s in summaries.values())
    must, aim = ("; ".join(c.text() for c in criteria) for criteria in (row.must, row.aim))
    peers = (*_cells_of_peer(row, summaries, "llama"), *_cells_of_peer(row, summaries, "ik"))
    held, reached = (verdict(criteria, summaries, processor) for criteria in (row.must, row.aim))
    return (title, own, *peers, share, quiet, must, held, aim, reached)


def markdown_table(lines):
    out = ["| " + " | ".join(HEAD) + " |", "| " + " | ".join("---" for _ in HEAD) + " |"]
    return "\n".join(out + ["| " + " | ".join(line) + " |" for line in lines])


def details(measured):
    """A line for everything that was measured."""
    out = ["| row | engine | median | least | most | quiet of all | peak | others |", "|" + " --- |" * 8]
    for row, result in measured:
        for label, repetitions in result["found"].items():
            s = summarize(repetitions)
            values = " | ".join(amount(v, row.kind) for v in (s.median, s.least, s.most))
            peak = f"{s.peak:.1f}" if s.peak else ""
            rest = f"{s.n_quiet} of {s.n} | {peak} | {100 * s.others:.1f} %"
            out.append(f"| {row.name} | {label} | {values} | {rest} |")
    return "\n".join(out)


LEGEND = """Tokens/s unless said; medians over the quiet repetitions (others below 5 % of the machine; over all where
none was: the column "quiet" counts them, carat's first). "share of peak" is carat's, of the peak that probes had just
before and just after each repetition: GB/s of reading in generation, Gop/s in prompts, counted as `docs/cli.md` says of
`carat bench`. "-" in "held": could not be judged."""


def page(measured, processor, command, big_layers, threads):
    """The dated page for bench/results/."""
    lines = [cells(row, {label: summarize(r) for label, r in result["found"].items()}, processor, big_layers)
             for row, result in measured]
    today = datetime.date.today()
    commands = "\n".join("\n    ".join([f"{row.name}:", *result["commands"]]) for row, result in measured)
    measured_on = sorted({result["date"][:10] for _, result in measured})
    carats = sorted({result["carat"][:12] for _, result in measured})
    peers = "; ".join(source.title for source in SOURCES.values())
    return f"""# {today.day} {today:%B %Y}: carat beside its peers

Processor: {processor.text()}; {machine.system()}. {threads} threads. Measured on {', '.join(measured_on)} by
`{command}`; carat binary SHA-256 {', '.join(carats)}….
Peers: {peers}, built for this processor from their source packages.
llama.cpp read, repacked, malloc with huge pages (its fastest way); ik_llama.cpp read, in huge pages, not repacked
(repacked, its logits are not finite on Gemma 4); flash attention, K/V f16.

{markdown_table(lines)}

{LEGEND}

## All figures

{details(measured)}

## Commands

`bench/compare` ran them in turns; names of peers' requests are those of `bench/peers/peer_bench.cc`.

```
{commands}
```
"""
