"""A small signed Debian archive for tests: made of real .debs, served on loopback, and breakable in every way."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hallmark.debian.mirror import Mirror
from tests.support.clock import machine_now

SUITES = ("trixie", "trixie-updates", "trixie-security")


def ignore(text: str) -> None:
    """For those who do not care how far a download has come."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key pair made for one test session."""

    home: Path
    keyring: Path

    def clearsign(self, text: str) -> bytes:
        """An InRelease of this text."""
        return self._gpg("--clearsign", stdin=text.encode())

    def _gpg(self, *args: str, stdin: bytes = b"") -> bytes:
        words = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--digest-algo", "SHA256", *args]
        return subprocess.run(words, input=stdin, check=True, capture_output=True, timeout=60).stdout


@contextmanager
def new_key(name: str) -> Iterator[Key]:
    """A fresh signing key; its agent and files are gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="hm-gpg-"))  # a short path: the agent's socket must fit in it
    try:
        key = Key(home=home, keyring=home / f"{name}.gpg")
        key._gpg("--passphrase", "", "--quick-gen-key", f"{name}@hallmark.test", "ed25519", "sign", "never")
        key.keyring.write_bytes(key._gpg("--export"))
        yield key
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, timeout=60)
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Deb:
    """A package to be built: `changelog` and `docs_of` (a link to another's documentation) exclude each other."""

    name: str
    version: str
    changelog: str | None = None
    docs_of: str | None = None
    source: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    native: bool = False
    padding: int = 0

    def control(self) -> str:
        """The control file, which is also a status stanza without its status."""
        lines = [f"Package: {self.name}", f"Version: {self.version}", "Architecture: amd64"]
        lines += [f"Source: {self.source}"] if self.source else []
        lines += ["Maintainer: Hallmark <test@hallmark.test>", *(f"{k}: {v}" for k, v in self.fields.items())]
        return "\n".join([*lines, "Description: made for a test", ""])

    def build(self, target: Path) -> None:
        """Make the .deb with dpkg-deb."""
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            documents = tree / "usr/share/doc"
            documents.mkdir(parents=True)
            (tree / "DEBIAN").mkdir()
            (tree / "DEBIAN/control").write_text(self.control())
            if self.docs_of:
                (documents / self.name).symlink_to(self.docs_of)
            else:
                (documents / self.name).mkdir()
                self._write_documents(documents / self.name)
            tree.chmod(0o755)
            words = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target)]
            subprocess.run(words, check=True, capture_output=True, timeout=60)

    def _write_documents(self, folder: Path) -> None:
        (folder / "padding").write_bytes(b"\0" * self.padding)
        if self.changelog is not None:
            name = "changelog.gz" if self.native else "changelog.Debian.gz"
            (folder / name).write_bytes(gzip.compress(self.changelog.encode()))


def status(*debs: Deb, state: str = "install ok installed") -> str:
    """A dpkg status file in which these packages are installed."""
    return "\n".join(deb.control().replace("\n", f"\nStatus: {state}\n", 1) for deb in debs)


def changelog(source: str, *entries: tuple[str, str]) -> str:
    """A Debian changelog of (version, text), the newest first."""
    tail = " -- Hallmark <test@hallmark.test>  Mon, 02 Nov 2026 10:00:00 +0000\n"
    return "\n".join(
        f"{source} ({version}) trixie; urgency=medium\n\n  * {text}\n\n{tail}" for version, text in entries
    )


class Archive:
    """One directory that serves as main and as security archive; `publish` writes and signs a suite."""

    def __init__(self, root: Path, key: Key) -> None:
        self.root = root
        self.key = key
        self.url = f"file:{root}"
        self.requests: list[str] = []
        self.stall_after: int | None = None

    def publish(self, contents: Mapping[str, tuple[Deb, ...]]) -> None:
        """Write all three suites, empty ones too."""
        for suite in SUITES:
            self.write_suite(suite, contents.get(suite, ()))

    def write_suite(
        self,
        suite: str,
        debs: tuple[Deb, ...] = (),
        *,
        valid_for: timedelta = timedelta(days=7),
        made: timedelta = timedelta(hours=-1),
        codename: str | None = None,
        signed_by: Key | None = None,
    ) -> None:
        """Write one suite's index and sign it."""
        index = "\n".join(self._stanza(deb) for deb in debs).encode()
        release = self._release(codename or suite, index, machine_now() + made, valid_for)
        where = self.root / "dists" / suite
        (where / "main/binary-amd64").mkdir(parents=True, exist_ok=True)
        (where / "main/binary-amd64/Packages").write_bytes(index)
        (where / "main/binary-amd64/Packages.gz").write_bytes(gzip.compress(index, mtime=0))
        (where / "InRelease").write_bytes((signed_by or self.key).clearsign(release))

    def deb_path(self, deb: Deb) -> Path:
        """Where a .deb lies in the archive."""
        return self.root / "pool" / f"{deb.name}_{deb.version.partition(':')[2] or deb.version}_amd64.deb"

    def index_path(self, suite: str) -> Path:
        """Where a suite's signed index lies."""
        return self.root / "dists" / suite / "InRelease"

    def mirror(self, *keys: Key) -> Mirror:
        """This archive as a mirror."""
        return Mirror(main=self.url, security=self.url, keyrings=tuple(key.keyring for key in keys or (self.key,)))

    def _stanza(self, deb: Deb) -> str:
        path = self.deb_path(deb)
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            deb.build(path)
        content = path.read_bytes()
        place = path.relative_to(self.root)
        added = f"Filename: {place}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
        return deb.control() + added

    def _release(self, codename: str, index: bytes, made: datetime, valid_for: timedelta) -> str:
        form = "%a, %d %b %Y %H:%M:%S UTC"
        packed = gzip.compress(index, mtime=0)
        files = [("main/binary-amd64/Packages", index), ("main/binary-amd64/Packages.gz", packed)]
        hashes = "".join(f"\n {hashlib.sha256(data).hexdigest()} {len(data)} {name}" for name, data in files)
        return (
            f"Origin: Debian\nLabel: Debian\nSuite: {codename}\nCodename: {codename}\nDate: {made.strftime(form)}\n"
            f"Valid-Until: {(made + valid_for).strftime(form)}\n"
            f"Architectures: amd64\nComponents: main\nSHA256:{hashes}\n"
        )


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: object, archive: Archive, **kwargs: object) -> None:
        self.archive = archive
        super().__init__(*args, directory=str(archive.root), **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.archive.requests.append(self.path)
        del self.headers["If-Modified-Since"]  # tests change files within one second
        if self.archive.stall_after is not None and self.path.endswith(".deb"):
            self._stall(self.archive.stall_after)
        else:
            super().do_GET()

    def _stall(self, size: int) -> None:
        """Send the first bytes of a file and then nothing for long."""
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:size])
        self.wfile.flush()
        time.sleep(20)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(archive: Archive) -> Iterator[Archive]:
    """Serve an archive on 127.0.0.1 for the time of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, archive=archive))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    archive.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
