"""`srcnn upscale --ray` on a real Ray cluster, whose nodes are processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from command import command

pytest.importorskip("ray", reason="needs ray")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Ray's test clusters are for Unix"),
    pytest.mark.filterwarnings("ignore"),  # of Ray about itself
]
FILES = 200
PATIENCE = 300  # seconds; on an idle machine everything takes less than twenty


@pytest.fixture(scope="module")
def cluster():
    """A cluster of one node with two workers."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        # Ray's workers yield to all other processes, which is long on a busy machine.
        patch.setenv("RAY_worker_niceness", "0")
        cluster = Cluster()
        add_node(cluster, include_dashboard=False)
        yield cluster
        cluster.shutdown()


def add_node(cluster, attempts=3, **settings):
    """Ray gives a node 30 seconds to start: few on a machine that is busy with other things."""
    for left in reversed(range(attempts)):
        try:
            return cluster.add_node(num_cpus=2, object_store_memory=80_000_000, **settings)
        except Exception as error:
            if left == 0 or "timed out during startup" not in str(error):
                raise
    raise AssertionError


def make_pictures(folder, count, side=24):
    folder.mkdir()
    random = np.random.default_rng(count)
    for number in range(count):
        pixels = random.integers(0, 256, (side, side + number % 7), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")


@contextmanager
def running(*arguments):
    """`srcnn upscale` as a process, which does not outlive the test."""
    process = subprocess.Popen(
        command("upscale", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def upscale(*arguments):
    """(exit code, the objects on stdout, stderr) of `srcnn upscale --json`."""
    with running(*arguments, "--json") as process:
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def wait_for_files(folder, count, process):
    until = time.monotonic() + PATIENCE
    while len(list(folder.glob("*.png"))) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.01)


def comparable(records):
    """Without what differs from run to run; by input, as a cluster keeps no order."""
    varying = {"seconds", "peak_memory_mb"}
    kept = [{k: v for k, v in record.items() if k not in varying} for record in records]
    return sorted(kept, key=lambda record: record["input"])


def test_a_cluster_gives_what_one_machine_gives(cluster, work, tiny_weights):
    make_pictures(work / "in", 12)
    (work / "in" / "broken.png").write_bytes(b"no picture")
    os.mkfifo(work / "pipe.png")
    options = ("-s", "2", "-m", os.path.relpath(tiny_weights(), work))
    here = upscale("in", "-o", "out", *options)
    there = upscale("in", "-o", "out_ray", *options, "--ray", cluster.address)
    assert here[0] == there[0] == 1
    assert "error: in/broken.png: " in there[2]
    assert here[2] == there[2]
    renamed = json.loads(json.dumps(here[1]).replace("out/", "out_ray/"))
    assert comparable(renamed) == comparable(there[1])
    made = sorted(path.name for path in (work / "out").iterdir())
    assert made == sorted(path.name for path in (work / "out_ray").iterdir())
    for name in made:
        assert (work / "out" / name).read_bytes() == (work / "out_ray" / name).read_bytes()

    # The rest of what there is to say of a file, and the codes.
    on_ray = (*options, "--ray", cluster.address)
    (work / "out_ray" / "003_x2.png").unlink()
    (work / "in" / "broken.png").unlink()
    code, records, err = upscale("in", "-o", "out_ray", "--skip-existing", *on_ray)
    assert (code, err) == (0, "")
    assert sum(record["status"] == "skipped" for record in records) == 11
    assert [r["output"] for r in records if r["status"] == "done"] == ["out_ray/003_x2.png"]

    code, records, err = upscale("in/001.png", "-o", "out_ray/001_x2.png", *on_ray)
    assert code == 4
    assert err == ("error: out_ray/001_x2.png: already exists (use --overwrite to replace it)\n")
    assert [record["status"] for record in records] == ["failed"]
    code, _, err = upscale("pipe.png", "-o", "x.png", *on_ray)
    assert code == 2
    assert "pipes do not lead to other machines" in err
    code, _, err = upscale("in", "-o", "out3", *on_ray, "--device", "cuda")
    assert code == 2
    assert "no node of the cluster has a GPU" in err


def test_ctrl_c_ends_it(cluster, work):
    make_pictures(work / "in", FILES, side=40)
    options = ("-m", "vdsr-20", "-s", "2", "--ray", cluster.address)
    with running("in", "-o", "out", *options) as process:
        wait_for_files(work / "out", 3, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err == "error: interrupted\n"
    made = sorted(path.name for path in (work / "out").iterdir())
    assert len(made) < FILES
    assert all(name.endswith("_x2.png") for name in made)
    time.sleep(1)
    assert sorted(path.name for path in (work / "out").iterdir()) == made, "workers go on"


def test_a_node_that_dies_loses_nothing_and_doubles_nothing(cluster, work):
    make_pictures(work / "in", FILES, side=40)
    second = add_node(cluster)
    options = ("-m", "vdsr-20", "-s", "2", "--ray", cluster.address, "--json")
    with running("in", "-o", "out", *options) as process:
        wait_for_files(work / "out", FILES // 4, process)
        cluster.remove_node(second, allow_graceful=False)
        out, err = process.communicate(timeout=PATIENCE)
    assert "a worker was lost there; others do what it had in hand" in err
    assert process.returncode == 0
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["status"] for record in records] == ["done"] * FILES
    assert len({record["output"] for record in records}) == FILES
    made = sorted((work / "out").iterdir())
    assert [path.name for path in made] == [f"{number:03d}_x2.png" for number in range(FILES)]
    for number, path in enumerate(made):
        with Image.open(path) as image:
            image.load()
            assert image.size == (2 * (40 + number % 7), 80)
