"""The share of sentences that the table maps to an accepted concept: `python -m training.world.words.measure`.

The odd lines of each list were used to tune the table, the even ones were not.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.models.rewriting import bare, load_lexicon, look_up, subject_of

from .make import TABLE

PROMPTS = Path(__file__).resolve().parents[3] / "tests" / "models" / "prompts"
FILES = {"place": "places.tsv", "surface": "surfaces.tsv"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="also print every sentence that leads elsewhere")
    arguments = parser.parse_args()
    lexicon = load_lexicon(TABLE.parent, json.loads((TABLE.parent / "vocabulary.json").read_text(encoding="utf-8")))
    for kind, name in FILES.items():
        right, asked = {"odd": 0, "even": 0}, {"odd": 0, "even": 0}
        for number, line in enumerate((PROMPTS / name).read_text(encoding="utf-8").splitlines(), 1):
            names, sentence = line.split("\t")
            accepted = {
                concept for concept, ways in lexicon.ways[kind].items() if {concept, *map(bare, ways)} & set(names.split())
            }
            meaning, word = subject_of(list(look_up(sentence, kind, lexicon)), kind)
            hit = meaning is not None and meaning.concept in accepted
            half = "odd" if number % 2 else "even"
            right[half] += hit
            asked[half] += 1
            if arguments.misses and not hit:
                print(f"{kind} {number}: {meaning.concept if meaning else 'nothing'} for {word!r}, not {names}: {sentence}")
        print(f"{kind}: " + ", ".join(f"{right[half]} of {asked[half]} {half} lines" for half in right))


if __name__ == "__main__":
    main()
