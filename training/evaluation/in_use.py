"""Whole jobs with a model: `python -m training.evaluation.in_use --data DATA --meshes suzanne.obj --panoramas 24 --textures 24`.

Runs the jobs, by default with the Auto preset, in turn over the meshes (those given and three made here), and classifies eight
views around each panorama and four sides of each mesh with DATA/classifier.pt. DATA/in_use/<model>/ holds jobs and predictions,
job by job, so it can be stopped and started again; DATA/in_use.md, .json and .png are the table, the same in numbers, and every
result with its prompt.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.models.catalog import BUILTIN_FOLDER
from engine.protocol.job import Mesh
from engine.protocol.params import PRESETS
from engine.spaces.views import ring

from ..world.captions import Facts
from .classifier.network import NONE, Classifier
from .classifier.shards import right_answer
from .figures import Figure, table
from .jobs import MODEL, SIDES, Caches, add_line, do_job, job_prompts, job_views, lines_of
from .meshes import meshes
from .metrics import agreement
from .sampler import fingerprint
from .sheets import Note, contact_sheet

AROUND = ring(8, elevation=0, fov=80)
QUESTIONS = {"panorama": ("scene", "time", "weather"), "texture": ("noun", "colour", "modifier")}


def classified(folder: Path, kind: str, facts: Facts, prompt: str, classifier: Classifier) -> dict:
    """The answers of the classifier for each view; a strip of the views is saved in the folder of the job."""
    views = job_views(folder, AROUND if kind == "panorama" else SIDES)
    predicted = classifier.predict(views)
    Image.fromarray(np.concatenate(list(views[:4, ::2, ::2]), axis=1)).save(folder / "views.png")
    answers = {question: predicted.answers[question] for question in QUESTIONS[kind]}
    return {"job": folder.name, "kind": kind, "prompt": prompt, "facts": asdict(facts), "answers": answers}


def run(arguments: argparse.Namespace, home: Path) -> list[dict]:
    """All jobs that are not classified yet; the lines of all."""
    classifier, caches = Classifier.load(arguments.data / "classifier.pt"), Caches()
    log = home / "jobs.jsonl"
    done = {entry["job"] for entry in lines_of(log)}
    shapes: dict[str, Mesh] = {}
    for kind, count in (("panorama", arguments.panoramas), ("texture", arguments.textures)):
        for number, (facts, prompt) in enumerate(job_prompts(kind, count, arguments.seed)):
            name = f"{kind}_{number:02d}"
            if name in done:
                continue
            if kind == "texture" and not shapes:
                shapes = meshes(arguments.meshes)
            mesh_name = list(shapes)[number % len(shapes)] if kind == "texture" else ""
            report = do_job(
                home / name,
                kind,
                prompt,
                arguments.seed + number,
                caches,
                shapes.get(mesh_name),
                model=arguments.model,
                preset=arguments.preset,
                precision=arguments.precision,
            )
            entry = classified(home / name, kind, facts, prompt, classifier)
            entry |= {"mesh": mesh_name, "seconds": report["seconds"]["total"], "notices": report["notices"]}
            entry["threads"] = arguments.threads
            add_line(log, entry)
            subject = entry["answers"]["noun" if kind == "texture" else "scene"]
            print(f"{name} {entry['seconds']:.0f} s: {prompt!r} {mesh_name} -> {', '.join(subject)}", flush=True)
    return lines_of(log)


def rows(entries: list[dict]) -> list[Figure]:
    """The rows of the table; shares are over views unless noted."""
    found = []
    for kind, subject, name in (("panorama", "scene", "panoramas: scene"), ("texture", "noun", "textures: noun")):
        mine = [entry for entry in entries if entry["kind"] == kind]
        if not mine:
            continue
        found.append(right(f"{name} right", mine, subject, 75))
        for question in QUESTIONS[kind][1:]:
            found.append(right(f"… {question} right, where one was asked for", mine, question))
        by_job = [entry["answers"][subject] for entry in mine]
        if kind == "panorama":
            same = 100 * float(np.mean([agreement(answers) == 1 for answers in by_job]))
            found.append(Figure("… the same scene all around", same, "% of panoramas", ">=", 90, count=len(mine)))
        each = 100 * float(np.mean([agreement(answers) for answers in by_job]))
        found.append(Figure("… views with the most frequent answer of their job", each, count=sum(map(len, by_job))))
        seconds = [entry["seconds"] for entry in mine]
        found.append(Figure("… median time", float(np.median(seconds)), "s", "<=", 60 if kind == "panorama" else 90,
                            count=len(mine), note=f"threads: {max(entry['threads'] for entry in mine)}"))  # fmt: skip
    return found


def right(name: str, entries: list[dict], question: str, target: float | None = None) -> Figure:
    """Share of views with the answer of the prompt in per cent, over jobs whose prompt gives one."""
    hits = []
    for entry in entries:
        wanted = right_answer(Facts(**entry["facts"]), question)
        if wanted and wanted != NONE:
            hits += [answer == wanted for answer in entry["answers"][question]]
    value = 100 * float(np.mean(hits)) if hits else float("nan")
    return Figure(name, value, "%", ">=" if target else "", target or float("nan"), count=len(hits))


def show(file: Path, home: Path, entries: list[dict]) -> Path:
    """Every result: four views of each, the prompt, and what the classifier answered where it is not that."""
    pictures, notes = [], []
    for entry in sorted(entries, key=lambda entry: entry["job"]):
        question = QUESTIONS[entry["kind"]][0]
        wanted = right_answer(Facts(**entry["facts"]), question)
        wrong = sorted({answer for answer in entry["answers"][question] if answer != wanted})
        pictures.append(np.asarray(Image.open(home / entry["job"] / "views.png").convert("RGB")))
        notes.append([Note(entry["prompt"]), *([Note("classifier: " + ", ".join(wrong), True)] if wrong else [])])
    return contact_sheet(file, pictures, notes, columns=3, width=512, lines=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--meshes", type=Path, nargs="*", default=[], help="Suzanne and others: mesh.npz, OBJ, GLB or PLY")
    parser.add_argument("--panoramas", type=int, default=24)
    parser.add_argument("--textures", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=MODEL, help="as in the panel; the Auto preset is the built-in model's")
    parser.add_argument("--preset", default="auto", choices=PRESETS)
    parser.add_argument("--precision", default="auto", help="numbers that the networks compute in, as in the engine's parameters")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = BUILTIN_FOLDER if arguments.model == MODEL else Path(arguments.model)
    settings = (arguments.seed, [file.name for file in arguments.meshes], arguments.preset, arguments.precision)
    home = arguments.data / "in_use" / fingerprint(folder, *settings)
    home.mkdir(parents=True, exist_ok=True)
    entries = run(arguments, home)
    found = rows(entries)
    (arguments.data / "in_use.md").write_text(table(found) + "\n")
    (arguments.data / "in_use.json").write_text(json.dumps([figure._asdict() for figure in found], indent=1))
    show(arguments.data / "in_use.png", home, entries)
    print(f"{home}\n\n{table(found)}")


if __name__ == "__main__":
    main()
