"""Files that fsspec reaches, in its store in memory; for S3 see upscaling/test_s3.py."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import InputError, OutputError, UsageError
from srcnn_cli.remote import (
    RemotePath,
    existing,
    expand_remote,
    find_remote,
    is_remote,
    parse_location,
    read_remote,
    write_remote,
)

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def store():
    """The files in memory, by their names without the scheme."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def png(width=6, height=5):
    import io

    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_addresses_split_and_join_like_paths():
    path = RemotePath("s3://bucket/in/a b.png")
    assert str(path) == "s3://bucket/in/a b.png"
    assert (path.scheme, path.name, path.stem, path.suffix) == ("s3", "a b.png", "a b", ".png")
    assert str(path.parent) == "s3://bucket/in"
    assert str(path.with_suffix(".jpg")) == "s3://bucket/in/a b.jpg"
    assert str(path.parent / Path("sub") / "c.png") == "s3://bucket/in/sub/c.png"
    assert path.relative_to(RemotePath("s3://bucket")).parts == ("in", "a b.png")
    assert path.absolute() == path
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301 - our own
    assert {path: 1}[RemotePath("s3://bucket/in/a b.png")] == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", Path("a.png")),
        ("/x/a.png", Path("/x/a.png")),
        ("c:/a.png", Path("c:/a.png")),
        ("odd:name.png", Path("odd:name.png")),
        ("s3://b/a.png", RemotePath("s3://b/a.png")),
        ("gs://b", RemotePath("gs://b")),
    ],
)
def test_only_what_looks_like_an_address_is_one(name, expected):
    found = parse_location(name)
    assert found == expected
    assert is_remote(found) == isinstance(expected, RemotePath)


def test_file_addresses_are_local_paths(tmp_path):
    path = tmp_path / "a b.png"
    assert parse_location(path.as_uri()) == path
    with pytest.raises(UsageError, match="other machines"):
        parse_location("file://elsewhere/a.png")


def test_what_is_written_is_read_chunk_by_chunk(store, monkeypatch):
    monkeypatch.setattr("srcnn_cli.remote.CHUNK", 1000)
    data = bytes(range(256)) * 17
    path = RemotePath("memory://b/deep/a.bin")
    write_remote(path, data, overwrite=False)
    asked = []
    whole = store.cat_file
    monkeypatch.setattr(
        type(store),
        "cat_file",
        lambda _, url, start, end: asked.append((start, end)) or whole(url, start=start, end=end),
    )
    assert read_remote(path, 10_000) == data
    assert asked == [(0, 1000), (1000, 2000), (2000, 3000), (3000, 4000), (4000, 4352)]


def test_a_file_is_not_overwritten_unasked(store):
    path = RemotePath("memory://b/a.bin")
    write_remote(path, b"first", overwrite=False)
    with pytest.raises(OutputError, match="already exists"):
        write_remote(path, b"second", overwrite=False)
    assert store.cat_file("memory://b/a.bin") == b"first"
    write_remote(path, b"third", overwrite=True)
    assert store.cat_file("memory://b/a.bin") == b"third"


def test_failures_are_told_in_one_line(store):
    with pytest.raises(InputError, match=r"^memory://b/none\.png: no such file$"):
        read_remote(RemotePath("memory://b/none.png"), 100)
    store.pipe_file("memory://b/in/large.png", b"x" * 101)
    with pytest.raises(InputError, match="101 bytes, too large"):
        read_remote(RemotePath("memory://b/in/large.png"), 100)
    with pytest.raises(InputError, match="is a folder"):
        read_remote(RemotePath("memory://b/in"), 100)
    with pytest.raises(UsageError, match="nowhere://"):
        read_remote(RemotePath("nowhere://b/a.png"), 100)


def test_folders_and_patterns_are_listed(store):
    for name in ("a.png", "b.jpg", ".hidden.png", "sub/c.png", ".cache/d.png"):
        store.pipe_file(f"memory://b/in/{name}", b"x")
    folder = RemotePath("memory://b/in")

    def found(**options):
        return {str(path) for path in find_remote(folder, **options)}

    assert found(recursive=False) == {"memory://b/in/a.png", "memory://b/in/b.jpg"}
    assert found(recursive=True) == found(recursive=False) | {"memory://b/in/sub/c.png"}
    assert expand_remote(RemotePath("memory://b/in/*.png")) == [folder / "a.png"]
    asked = [folder / "a.png", folder / "no.png", RemotePath("memory://b/out/x.png"), Path("a")]
    assert existing(asked) == {folder / "a.png"}


def test_upscale_takes_and_gives_addresses(store, srcnn, work, tiny_weights):
    names = ["a.png", "b.png", "sub/c.png"]
    for number, name in enumerate(names):
        store.pipe_file(f"memory://b/in/{name}", png(6 + number))
        local = work / "in" / name
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_bytes(png(6 + number))
    store.pipe_file("memory://b/in/notes.txt", b"x")
    weights = tiny_weights()
    options = ("-r", "-s", "2", "-m", weights, "--json")
    code, out, _ = srcnn("upscale", "memory://b/in", "-o", "memory://b/out", *options)
    assert code == 0
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["output"] for record in records] == [
        "memory://b/out/a_x2.png",
        "memory://b/out/b_x2.png",
        "memory://b/out/sub/c_x2.png",
    ]
    assert srcnn("upscale", "in", "-o", "out", *options)[0] == 0
    for name in ("a_x2.png", "b_x2.png", "sub/c_x2.png"):
        assert store.cat_file(f"memory://b/out/{name}") == (work / "out" / name).read_bytes()

    again = ("upscale", "memory://b/in/*.png", "-o", "memory://b/out", "-s", "2", "-m", weights)
    code, _, err = srcnn(*again)
    assert code == 1
    assert err.count("already exists") == 2
    store.rm("memory://b/out/b_x2.png")
    code, out, err = srcnn(*again, "--skip-existing")
    assert code == 0
    assert "1 done, 1 skipped" in err
    assert "b_x2.png" in out


def test_results_land_beside_remote_inputs(store, srcnn, work):
    store.pipe_file("memory://b/a.png", png())
    store.pipe_file("memory://b/c.png", png(9))
    options = ("-m", "bicubic", "-s", "2")
    assert srcnn("upscale", "memory://b", *options)[0] == 0
    assert store.exists("memory://b/a_x2.png")
    code, out, _ = srcnn(
        "upscale", "memory://b", *options, "--skip-existing", "--dry-run", "--json"
    )
    assert code == 0
    assert [json.loads(line)["status"] for line in out.splitlines()] == [
        "skipped", "skipped", "not taken", "not taken",
    ]  # fmt: skip
    code, _, err = srcnn("upscale", "memory://b/none.png", *options)
    assert code == 3
    assert err == "error: memory://b/none.png: no such file\n"
