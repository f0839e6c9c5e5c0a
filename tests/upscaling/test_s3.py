"""`srcnn upscale` on S3, as moto's server on this machine plays it."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import OutputError
from srcnn_cli.remote import RemotePath, read_remote, write_remote

pytest.importorskip("moto.server", reason="needs moto[server]")
pytest.importorskip("s3fs", reason="needs s3fs")

pytestmark = pytest.mark.filterwarnings("ignore")  # of botocore and Flask among themselves


@pytest.fixture(scope="module")
def server():
    """Its address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(server, monkeypatch):
    """An empty bucket ``photos``, as boto3 sees it."""
    import boto3
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    bucket = boto3.resource("s3").Bucket("photos")
    bucket.create()
    yield bucket
    bucket.objects.delete()
    bucket.delete()
    s3fs.S3FileSystem.clear_instance_cache()


def png(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (7, 9 + seed, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_folder_of_a_bucket_becomes_another(s3, srcnn, work, tiny_weights):
    (work / "in").mkdir()
    for number in range(3):
        s3.put_object(Key=f"in/{number}.png", Body=png(number))
        (work / "in" / f"{number}.png").write_bytes(png(number))
    s3.put_object(Key="in/broken.png", Body=b"no picture")
    weights = tiny_weights()
    options = ("-s", "2", "-m", weights)
    code, out, err = srcnn("upscale", "s3://photos/in", "-o", "s3://photos/out", *options, "--json")
    assert code == 1
    assert "s3://photos/in/broken.png" in err
    status = {r["input"]: r["status"] for r in map(json.loads, out.splitlines())}
    assert sorted(status.values()) == ["done", "done", "done", "failed"]
    assert srcnn("upscale", "in", "-o", "out", *options)[0] == 0
    for number in range(3):
        made = s3.Object(f"out/{number}_x2.png").get()["Body"].read()
        assert made == (work / "out" / f"{number}_x2.png").read_bytes()

    code, _, err = srcnn(
        "upscale", "s3://photos/in/*.png", "-o", "s3://photos/out", *options, "--skip-existing"
    )
    assert "0 done, 3 skipped, 1 failed" in err


def test_what_is_large_goes_in_parts(s3):
    data = np.random.default_rng(0).bytes(120_000_000)
    path = RemotePath("s3://photos/large.bin")
    write_remote(path, data, overwrite=False)
    assert s3.Object("large.bin").e_tag.strip('"').endswith("-3")  # S3's mark of three parts
    assert read_remote(path, 1 << 30) == data


def test_the_store_itself_refuses_a_name_that_is_taken(s3):
    path = RemotePath("s3://photos/a.bin")
    s3.put_object(Key="a.bin", Body=b"theirs")
    with pytest.raises(OutputError, match="already exists"):
        write_remote(path, b"ours", overwrite=False)  # without asking before
    assert s3.Object("a.bin").get()["Body"].read() == b"theirs"


def test_a_bucket_that_is_not_there_is_said_before_any_work(s3, srcnn, work):
    s3.put_object(Key="in/a.png", Body=png(0))
    s3.put_object(Key="in/b.png", Body=png(1))
    code, out, err = srcnn("upscale", "s3://photos/in", "-o", "s3://photoz/out", "-m", "bicubic")
    assert (code, out) == (4, "")
    assert err == "error: s3://photoz: no such bucket\n"
    code, _, err = srcnn("upscale", "s3://photoz/in", "-m", "bicubic")
    assert code == 3
    assert err.startswith("error: s3://photoz/in: ")
    assert err.count("\n") == 1
