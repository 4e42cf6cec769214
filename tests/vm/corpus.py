# SPDX-License-Identifier: BSD-3-Clause
"""Hostile archives, byte by byte: what an archive of unknown origin may try.

Others call inputs().  Nothing here writes a file or raises.
"""

import gzip
import hashlib
import io
import json
import random
import tarfile
from dataclasses import dataclass

REFUSED, ADDED, EITHER = "refused", "added", "either"
FILE, HARD, LINK, CHAR, BLOCK, DIRECTORY, FIFO = "0123456"
_BLOCK = 512


@dataclass(frozen=True)
class Input:
    """A file for `chosctl os add`, the kind of its SOURCE, and what must become of it."""

    name: str
    data: bytes
    expected: str
    kind: str = "tar"
    options: tuple = ()


def header(name, kind=FILE, size=0, link="", mode=0o755, dev=(0, 0), uid=0, magic=b"ustar\x0000") -> bytes:
    """A block of a tar archive.  `name` and `link` are cut at 100 bytes; they may hold anything."""
    def octal(value, digits):
        return b"%0*o\0" % (digits, value)

    def raw(text):
        return (text if isinstance(text, bytes) else text.encode())[:100].ljust(100, b"\0")
    block = raw(name) + octal(mode, 7) + octal(uid, 7) + octal(0, 7) + octal(size, 11) + octal(1600000000, 11)
    block += b" " * 8 + kind.encode() + raw(link) + magic + b"\0" * 64 + octal(dev[0], 7) + octal(dev[1], 7)
    block = block.ljust(_BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _BLOCK)


def records(fields) -> bytes:
    """PAX fields, each with its own length in front."""
    out = b""
    for key, value in fields:
        body = b" " + key.encode() + b"=" + (value if isinstance(value, bytes) else value.encode()) + b"\n"
        size = len(body) + 1
        while len(str(size)) + len(body) != size:
            size += 1
        out += str(size).encode() + body
    return out


def entry(name, kind=FILE, data=b"", link="", pax=None, gnu=False, size=None, **more) -> bytes:
    """An entry; long names go into PAX fields, or into GNU's entries before it."""
    out = b""
    fields = list(pax or [])
    for key, text, letter in (("path", name, "L"), ("linkpath", link, "K")):
        long = text if isinstance(text, bytes) else text.encode()
        if len(long) > 100 and gnu:
            out += header("././@LongLink", letter, len(long) + 1) + padded(long + b"\0")
        elif len(long) > 100:
            fields.append((key, long))
    if fields:
        body = records(fields)
        out += header("PaxHeaders/x", "x", len(body)) + padded(body)
    return out + header(name, kind, len(data) if size is None else size, link, **more) + padded(data)


def tar(*entries, end=True) -> bytes:
    return b"".join(entries) + (b"\0" * 1024 if end else b"")


def tree(busybox: bytes) -> bytes:
    """The entries of a tree that is fit for use."""
    out = [entry(name, DIRECTORY) for name in ("bin", "etc", "lib", "usr", "var", "tmp", "root")]
    out += [entry("bin/busybox", data=busybox), entry("bin/sh", LINK, link="busybox", mode=0o777),
            entry("etc/os-release", data=b'PRETTY_NAME="made"\n', mode=0o644)]
    return b"".join(out)


def layout(*layers, lie=None, media="tar", plain=None, extra=()) -> bytes:
    """An OCI layout in a tar archive.  lie: changes its parts before they are written."""
    blobs = {}

    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"digest": "sha256:" + digest, "size": len(data)}
    kind = "application/vnd.oci.image."
    described = [{"mediaType": kind + "layer.v1." + media, **blob(layer)} for layer in layers]
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [
        "sha256:" + hashlib.sha256(layer).hexdigest() for layer in plain or layers]}}
    manifest = {"schemaVersion": 2, "layers": described,
                "config": {"mediaType": kind + "config.v1+json", **blob(json.dumps(config).encode())}}
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": kind + "manifest.v1+json", **blob(json.dumps(manifest).encode())}]}
    if lie:
        lie(blobs, index)
    return tar(entry("oci-layout", data=b'{"imageLayoutVersion":"1.0.0"}'),
               entry("index.json", data=json.dumps(index).encode()),
               *[entry("blobs/sha256/" + digest, data=data) for digest, data in blobs.items()], *extra)


def _paths(canary):
    deep = "/".join(f"d{i:02}" + "x" * 247 for i in range(17))
    for gnu in (False, True):
        form = "gnu" if gnu else "pax"
        for length in (4093, 4094, 4095, 4096, 4097, 8192, 65536):
            name = ("d" * 200 + "/") * (length // 201) + "f" * (length % 201)
            yield (f"name-of-{length}-{form}", tar(entry(name, data=b"x", gnu=gnu)),
                   REFUSED if length > 4094 else EITHER)
        yield f"past-path-max-{form}", tar(
            entry("s", LINK, link=canary, gnu=gnu), entry(deep + "/x", HARD, link="s", gnu=gnu),
            entry(deep + "/x/file", data=b"out", mode=0o4755, gnu=gnu)), REFUSED
        for length in (254, 255, 256, 1000):
            yield (f"component-of-{length}-{form}", tar(entry("etc/" + "n" * length, data=b"x", gnu=gnu)),
                   ADDED if length <= 255 else REFUSED)
    for name in ("../x", "a/../../x", canary + "/x", "/x", "..", ".", "./", "", "etc/..", "//x", "etc//../x"):
        good = name in (".", "./")
        yield (f"name-{name.replace('/', '_')}", tar(entry(name, DIRECTORY if good else FILE)),
               ADDED if good else REFUSED)
    for depth in (255, 256, 257, 2000):
        yield f"depth-{depth}", tar(entry("d/" * depth + "f", data=b"x")), REFUSED if depth > 255 else ADDED
    yield "nul-in-pax-path", tar(entry("etc/x", data=b"x", pax=[("path", b"etc/x\0/../../../y")])), EITHER


def _links(canary):
    program = canary + "/program"
    yield "hard-link-to-absolute-link-with-data", tar(
        entry("l", LINK, link=program), entry("h", HARD, b"A" * 10, "l", mode=0o6755, pax=[("comment", "x")])), REFUSED
    for target in (program, canary, "/", ".", "..", "../../..", "h", "nowhere", "etc", "bin/sh", ""):
        yield f"hard-link-to-{target.replace('/', '_')}", tar(entry("h", HARD, link=target)), REFUSED
    for target in (canary, "../../../..", "/proc/self/root", "/proc/1/root" + canary, ".", "./."):
        yield f"file-behind-link-to-{target.replace('/', '_')}", tar(
            entry("w", LINK, link=target), entry("w/new", data=b"x", mode=0o4755)), REFUSED
    chain = [entry(f"l{i}", LINK, link=f"l{i + 1}") for i in range(50)]
    yield "link-chain", tar(*chain, entry("l50", LINK, link=canary), entry("l0/new", data=b"x")), REFUSED
    yield "hard-link-chain-to-link", tar(
        entry("a", LINK, link=program), entry("b", HARD, link="a"), entry("c", HARD, b"x", "b")), REFUSED
    yield "link-to-itself", tar(entry("l", LINK, link="l"), entry("l/x", data=b"x")), REFUSED
    yield "through-a-file", tar(entry("f", data=b"x"), entry("f/x", data=b"x")), REFUSED
    yield "directory-over-link", tar(entry("w", LINK, link=canary), entry("w", DIRECTORY, mode=0o777)), REFUSED
    yield "link-then-file-then-link", tar(
        entry("a", LINK, link=program), entry("a", data=b"x"), entry("b", HARD, b"y", "a")), EITHER
    yield "file-then-link-then-hard", tar(
        entry("a", data=b"x"), entry("a", LINK, link=program), entry("b", HARD, b"y", "a")), REFUSED
    yield "root-becomes-a-link", tar(entry(".", LINK, link=canary), entry("x", data=b"x"), end=True), REFUSED
    yield "directory-becomes-a-link", tar(
        entry("d", DIRECTORY), entry("d", LINK, link=canary), entry("d/x", data=b"x")), REFUSED
    yield "mode-of-a-link", tar(entry("l", LINK, link=program, mode=0o6777)), ADDED


def _kinds(_canary):
    for kind, name in ((CHAR, "char"), (BLOCK, "block")):
        one = tar(entry("etc/dev", kind, dev=(1, 3), mode=0o666))
        yield f"device-{name}", one, REFUSED
        yield f"device-{name}-dropped", one, ADDED, ("--drop-devices",)
    yield "fifo", tar(entry("etc/fifo", FIFO)), ADDED
    for kind in "789AEMNSVZ\xff":
        yield f"type-{ord(kind):02x}", tar(entry("etc/odd", kind if kind < "\x80" else "~", b"x" * 600)), EITHER
    yield "setuid", tar(entry("etc/s", data=b"x", mode=0o7777), entry("etc/d", DIRECTORY, mode=0o7777)), EITHER
    for attribute in ("security.capability", "trusted.overlay.opaque", "security.selinux", "system.posix_acl_access",
                      "user.x", "user." + "n" * 300, "", "user.", "no-namespace"):
        for size in (1, 70000):
            yield (f"xattr-{attribute[:30] or 'none'}-{size}", tar(entry(
                "etc/x", data=b"x", pax=[("SCHILY.xattr." + attribute, b"\x01" * size)])), EITHER)
    pairs = ("etc/Ab", "etc/aB", "etc/AB", "etc/ab")
    yield "case-pairs", tar(*[entry(name, data=name.encode()) for name in pairs]), ADDED
    names = [b"etc/" + bytes([c]) for c in range(1, 256) if c not in b"./"]
    yield "names-of-bytes", tar(*[entry(name, data=b"x") for name in names]), ADDED
    yield "owners", tar(entry("etc/x", data=b"x", uid=0o7777777),
                        entry("etc/y", data=b"x", pax=[("uid", "-1")])), EITHER


def _fields(canary):
    for value in ("0", "1", "99999999999999999999", "-1", "x", str(2**63), str(2**62), ""):
        yield f"pax-size-{value}", tar(entry("etc/x", data=b"x" * 700, pax=[("size", value)])), EITHER
    yield "pax-path-leads-out", tar(entry("etc/x", data=b"x", pax=[("path", "../../x")])), REFUSED
    yield "pax-path-absolute", tar(entry("etc/x", data=b"x", pax=[("path", canary + "/new")])), REFUSED
    yield "pax-linkpath", tar(entry("h", HARD, link="bin/busybox", pax=[("linkpath", canary + "/program")])), REFUSED
    yield "pax-path-twice", tar(entry("etc/x", data=b"x", pax=[("path", "etc/y"), ("path", "../../../y")])), EITHER
    yield "pax-huge", tar(entry("etc/x", data=b"x", pax=[("comment", b"c" * (8 << 20))])), EITHER
    many = [(f"SCHILY.xattr.user.n{i}", "v") for i in range(5000)]
    yield "pax-many", tar(entry("etc/x", data=b"x", pax=many)), EITHER
    body = records([("path", "etc/y")])
    nested = (header("p", "x", len(body)) + padded(body)) * 1000
    yield "pax-nested", nested + tar(entry("etc/x", data=b"x")), EITHER
    body = records([("comment", "0123456789abcdef"), ("path", canary + "/new")])
    yield "pax-global-path", header("g", "g", len(body)) + padded(body) + tar(entry("etc/x", data=b"x")), EITHER
    for bad in (b"5 path=etc/y\n", b"999999 path=x\n", b"11 path=../x", b"-1 a=b\n", b"\0" * 20, b"17 =etc/x\n"):
        yield (f"pax-broken-{bad[:9].hex()}",
               header("p", "x", len(bad)) + padded(bad) + tar(entry("etc/x", data=b"x")), EITHER)
    yield "long-name-without-entry", header("././@LongLink", "L", 600) + padded(b"n" * 600), REFUSED
    yield ("long-names-nested",
           (header("././@LongLink", "L", 6) + padded(b"etc/y\0")) * 500 + tar(entry("etc/x")), EITHER)
    yield "long-link-leads-out", tar(entry("etc/h", HARD, link=canary + "/program" + "/" * 100, gnu=True)), REFUSED
    yield "long-name-of-4-gib", header("././@LongLink", "L", (1 << 32) - 1) + padded(b"n" * 600), REFUSED
    for map_ in ("0,1", "0,99999999999999", "5,1,2,1", "-1,5", "a,b", "," * 9999, "4611686018427387904,1"):
        yield (f"sparse-{map_[:12]}", tar(entry("etc/x", data=b"x" * 20, pax=[
            ("GNU.sparse.major", "0"), ("GNU.sparse.minor", "1"), ("GNU.sparse.name", "etc/hole"),
            ("GNU.sparse.size", "1000"), ("GNU.sparse.map", map_)])), EITHER)
    yield "sparse-name-leads-out", tar(entry("etc/x", data=b"x", pax=[
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "../../../x"),
        ("GNU.sparse.realsize", "5")])), EITHER
    yield "sparse-claims-more", tar(entry("etc/x", data=b"0\n", pax=[
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", str(1 << 60))])), REFUSED
    yield "charset", tar(entry("etc/x", data=b"x", pax=[("hdrcharset", "BINARY"), ("path", b"etc/\xff\xfe")]),
                         entry("etc/y", data=b"x", pax=[("hdrcharset", "UTF-7"), ("path", "etc/+AC4ALg-")])), EITHER
    gconv = b"gconv-modules: module UTF-8// INTERNAL evil 1\n"
    yield "gconv-of-its-own", tar(
        entry("usr/lib/x86_64-linux-gnu/gconv/gconv-modules", data=gconv),
        entry("usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache", data=b"\x20\x03\x01\x20" + b"\0" * 200),
        entry("etc/x", data=b"x", pax=[("path", "etc/\u00fc")])), ADDED


def _forms(busybox):
    whole = tar(tree(busybox), entry("etc/x", data=b"x" * 5000))
    for cut in (1, 511, 512, 513, 2000, len(whole) // 2, len(whole) - 3000):
        yield f"cut-at-{cut}", whole[:cut], REFUSED
    packed = gzip.compress(whole, 1, mtime=0)
    yield "gzip-cut", packed[:-2000], REFUSED
    yield "gzip-in-gzip", gzip.compress(packed, mtime=0), EITHER
    bomb = tree(busybox) + header("etc/z", size=64 << 20) + b"\0" * (64 << 20)
    yield "gzip-bomb", gzip.compress(bomb, 1), REFUSED, ("--max-size", "32M")
    yield "duplicates", tar(tree(busybox), *[entry("etc/same", data=str(i).encode()) for i in range(500)]), ADDED
    yield "kinds-of-one-name", tar(tree(busybox), entry("k", DIRECTORY), entry("k", data=b"x"), entry("k", FIFO),
                                   entry("k", LINK, link="etc"), entry("k", data=b"y")), EITHER
    yield "no-end", tree(busybox), EITHER
    yield "nothing", b"", REFUSED
    yield "zeros", b"\0" * 10240, REFUSED
    yield "checksum", whole[:148] + b"000000\0 " + whole[156:], REFUSED
    zipped = io.BytesIO()
    with tarfile.open(fileobj=zipped, mode="w:xz") as archive:
        archive.addfile(tarfile.TarInfo("../x"))
    yield "xz-leads-out", zipped.getvalue(), REFUSED
    for magic in (b"LRZI", b"\x89LZO\x00\r\n\x1a\n", b"GRZipII\x00\x02\x04:)", b"070701", b"PK\x03\x04", b"!<arch>\n",
                  b"MSCF\0\0\0\0", b"Rar!\x1a\x07\x00", b"#mtree\n", b"-lh5-"):
        yield f"program-or-format-{magic[:4].hex()}", magic + whole, REFUSED


def _images(canary, busybox):
    base = tar(tree(busybox))

    def two(*upper):
        return layout(base, tar(*upper))
    yield "oci-sound", two(entry("etc/x", data=b"x")), ADDED
    for name in ("../x", canary + "/x", "../.wh.canary", canary + "/.wh.program"):
        yield f"oci-name-{name.replace('/', '_')}", two(entry(name, data=b"x")), REFUSED
    way = tar(entry("w", LINK, link=canary), entry("in", LINK, link="etc"))
    for name in ("w/.wh.program", "w/.wh..wh..opq", "w/new", "in/.wh.os-release", "in/.wh..wh..opq"):
        yield f"oci-behind-{name.replace('/', '_')}", layout(base, way, tar(entry(name, data=b"x"))), REFUSED
    for name in (".wh.", ".wh..", ".wh...", "etc/.wh..", "etc/.wh...", ".wh..wh.x", ".wh.a/b", ".wh..wh..opq/x"):
        yield f"oci-whiteout-{name.replace('/', '_')}", two(entry(name)), REFUSED
    yield "oci-whiteout-of-all", two(entry(".wh..wh..opq")), REFUSED
    yield "oci-whiteouts", two(entry("etc/.wh.none"), entry("none/.wh..wh..opq"), entry(".wh.tmp")), ADDED
    yield "oci-hard-link-below", layout(base, tar(entry("l", LINK, link=canary + "/program")),
                                        tar(entry("h", HARD, b"x", "l", mode=0o6755))), REFUSED
    yield "oci-link-replaced-by-directory", layout(
        base, way, tar(entry("w", DIRECTORY), entry("w/x", data=b"x"))), ADDED
    yield "oci-directory-replaced-by-link", layout(
        base, tar(entry("d/x", data=b"x")), tar(entry("d", LINK, link=canary)), tar(entry("d/x", data=b"x"))), REFUSED
    device = tar(entry("etc/dev", CHAR, dev=(1, 3)))
    yield "oci-device", layout(base, device), REFUSED
    yield "oci-device-dropped", layout(base, device), ADDED, ("--drop-devices",)
    packed = gzip.compress(device, mtime=0)
    benign = tar(entry("etc/x", data=b"x"))
    start = b"\x1f\x8b\x08\x24\0\0\0\0\0\xff" + (500 + len(benign)).to_bytes(2, "little")
    both = header(start, DIRECTORY) + benign + packed[10:]
    for media in ("tar", "tar+gzip"):
        yield f"oci-polyglot-{media}", layout(base, both, media=media), REFUSED
    yield "oci-gzip-said-to-be-plain", layout(gzip.compress(base, mtime=0), plain=[base]), REFUSED
    yield "oci-plain-said-to-be-gzip", layout(base, media="tar+gzip"), REFUSED
    yield "oci-bomb", layout(gzip.compress(base + b"\0" * (64 << 20), 1), media="tar+gzip",
                             plain=[base + b"\0" * (64 << 20)]), REFUSED, ("--max-size", "8M")
    yield "oci-diff-id-lies", layout(base, plain=[b"other"]), REFUSED

    def other_content(blobs, _index):
        digest = next(iter(blobs))
        blobs[digest] = tar(tree(busybox), entry("etc/other", data=b"x"))

    def lying_digest(_blobs, index):
        index["manifests"][0]["digest"] = "sha256:../../../../../../etc/passwd"

    def circle(blobs, index):
        index["manifests"][0] = {"mediaType": "application/vnd.oci.image.index.v1+json", "size": 2,
                                 "digest": "sha256:" + "0" * 64}
        blobs["0" * 64] = json.dumps(index).encode()

    def huge(_blobs, index):
        index["x"] = "x" * (8 << 20)
    for lie in (other_content, lying_digest, circle, huge):
        yield f"oci-{lie.__name__}", layout(base, lie=lie), REFUSED
    yield "oci-index-is-a-link", layout(base, extra=(entry("index.json", LINK, link=canary + "/program"),)), REFUSED
    yield "oci-of-nothing", tar(entry("oci-layout")), REFUSED


def _random(generator, canary, count):
    """Archives of a few entries each, of names that get in each other's way."""
    usual = ["a", "b", "c"]
    odd = ["..", ".", "etc", "bin", "A", ".wh.a", ".wh..wh..opq", "\u00fc", "x" * 255, "-rf", " "]
    targets = [canary, canary + "/program", "/", "..", ".", "../..", "a", "b", "a/b", "etc/os-release",
               "/proc/self/root", ""]
    kinds = [FILE, FILE, HARD, LINK, LINK, DIRECTORY, DIRECTORY, FIFO, CHAR, "A", "B", "C"]
    fields = ["path", "linkpath", "size", "comment", "uid", "SCHILY.xattr.user.x"]
    choose = generator.choice
    for number in range(count):
        entries = []
        for _ in range(generator.randint(1, 12)):
            parts = usual if generator.random() < .7 else usual + odd
            name = "/".join(generator.choices(parts, k=generator.randint(1, 3)))
            kind = choose(kinds)
            pax = [(choose(fields), choose([*targets, "0", "7", "-1"]))] if generator.random() < .15 else None
            data = b"x" * choose([0, 1, 511, 512, 5000]) if kind in (FILE, HARD) else b""
            link = choose(targets) if kind in (HARD, LINK) else ""
            entries.append(entry(name, kind, data, link, pax, choose([True, False]),
                                 mode=choose([0, 0o755, 0o6777])))
        yield number, entries


def inputs(seed: int, canary: str, busybox: bytes, randoms: int = 60) -> list:
    """All of them; the seed decides on some that are made at random.

    canary: absolute path of a directory that no input may change; it has a file `program`.
    """
    base = tree(busybox)
    made = []
    for group in (_paths, _links, _kinds, _fields):
        made += [("tar", name, base + data, *more) for name, data, *more in group(canary)]
    made += [("tar", *one) for one in _forms(busybox)]
    made += [("oci", *one) for one in _images(canary, busybox)]
    for number, entries in _random(random.Random(seed), canary, randoms):
        if number % 3:
            made.append(("tar", f"random-{number}", base + tar(*entries), EITHER))
        else:
            half = len(entries) // 2
            layers = [tar(base), tar(*entries[:half]), tar(*entries[half:])]
            made.append(("oci", f"random-{number}", layout(*layers), EITHER))
    return [Input(name, data, expected, kind, *options) for kind, name, data, expected, *options in made]
