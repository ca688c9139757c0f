"""Runs the real binary on one case and keeps its answers in a file, so that a run that was ended goes on where it was.

An answer is kept with the binary's digest: another build starts anew. It knows the report's JSON (docs/reference/investigation-report.md)
and no data set. CPU seconds and peak memory are the child's, from GNU time, because a
child of Python itself starts with Python's peak.
"""

import hashlib
import json
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import bench


class Engine:
    def __init__(self, binary, keep):
        self.binary, self.keep, self.lock = binary, keep, threading.Lock()
        self.build = hashlib.sha256(binary.read_bytes()).hexdigest()[:12]
        self.time = bench.program("time", "time")
        self.answers = {}
        if keep and keep.exists():
            for line in keep.read_text().splitlines():
                answer = json.loads(line)
                if answer["build"] == self.build:
                    self.answers[answer["id"]] = answer

    def run(self, cases, workers, deadline=None):
        """Answers of `cases` by id. After `deadline` (monotonic seconds) no further case is begun."""
        def one(case):
            if case["id"] not in self.answers and (deadline is None or time.monotonic() < deadline):
                self.note(self.ask(case))

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, cases))
        return {c["id"]: self.answers[c["id"]] for c in cases if c["id"] in self.answers}

    def note(self, answer):
        with self.lock:
            self.answers[answer["id"]] = answer
            if self.keep:
                with open(self.keep, "a", encoding="utf-8") as file:
                    file.write(json.dumps(answer) + "\n")

    def ask(self, case):
        if case.get("prepare"):
            case["prepare"]()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile("r") as cost:
            began = time.monotonic()
            command = [self.time, "--quiet", "-f", "%U %S %M", "-o", cost.name, self.binary, "investigate", "--output", "json", *case["arguments"]]
            child = subprocess.run(command, stdout=out, stderr=err, check=False)
            user, system, memory = cost.read().split()[-3:]
            answer = {"id": case["id"], "build": self.build, "seconds": round(time.monotonic() - began, 3),
                      "cpu_seconds": round(float(user) + float(system), 3), "memory_mb": round(int(memory) / 1024, 1)}
            if child.returncode:
                err.seek(0)
                return {**answer, "failed": err.read()[-400:].decode(errors="replace")}
            out.seek(0)
            report = json.load(out)
        return {**answer, "verdict": report["verdict"], "none": report["none"]["likelihood"],
                "causes": [[c["component"], c["likelihood"]] for c in report["causes"]]}
