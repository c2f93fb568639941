"""rights_cases: what tests/system/rights.sh does with a running sottod, and what it looks at.

rights_cases.py visit FOLDER PROFILE ITEM...   says yes to all, does something with each item
rights_cases.py receipts FOLDER PROFILE OUT    writes the profile's receipts of consent to OUT.NUMBER
rights_cases.py export FOLDER PROFILE OUT      takes the export away in pieces
rights_cases.py off FOLDER [SWITCH...]         a session's standing tells exactly these switches
rights_cases.py valid FILE                     the export fits tools/sotto/export.schema.json
rights_cases.py holds FILE TEXT...             and names each of these; `lacks`: none of them
rights_cases.py keypair OUT                    an X25519 pair: OUT.pub in hexadecimal, OUT.key
rights_cases.py unseal FILE PAIR OUT           opens a sealed export
rights_cases.py rows VAULT                     how many records of profiles there are
"""
import ctypes
import ctypes.util
import json
import sqlite3
import sys

from rpc import Client

words = sys.argv[2:]


def visit():
    folder, profile, *items = words
    client = Client(folder + "/ui.sock")
    session = client.ask("session.begin", profile=profile)["session"]
    for purpose in ("store", "personalise", "measure"):
        client.ask("consent.set", session=session, purpose=purpose, state="granted")
    for item in items:
        assert client.ask("event", session=session, item=item, type="purchase")["stored"]
    client.ask("session.end", session=session)


def receipts():
    folder, profile, out = words
    client = Client(folder + "/subject.sock")
    for receipt in client.ask("consent_receipts", profile=profile)["receipts"]:
        with open(f"{out}.{receipt['number']}", "wb") as file:
            file.write(bytes.fromhex(receipt["bytes"]))


def export():
    folder, profile, out = words
    client = Client(folder + "/subject.sock")
    data, size = b"", 1
    while len(data) < size:
        piece = client.ask("export", profile=profile, offset=len(data))
        size = piece["size"]
        data += bytes.fromhex(piece["bytes"])
    with open(out, "wb") as file:
        file.write(data)


def off():
    folder, *switches = words
    client = Client(folder + "/ui.sock")
    session = client.ask("session.begin")["session"]
    now = client.ask("standing", session=session)["off"]
    assert now == switches, now


def valid():
    import jsonschema  # noqa: only here, so that the rest runs without it
    with open("tools/sotto/export.schema.json", encoding="utf-8") as schema, open(words[0], encoding="utf-8") as file:
        jsonschema.validate(json.load(file), json.load(schema))


def texts():
    with open(words[0], encoding="utf-8") as file:
        for fact in json.load(file)["facts"]:
            yield from (value for value in fact.values() if isinstance(value, str))


def holds():
    told = set(texts())
    assert told.issuperset(words[1:]), sorted(told)


def lacks():
    told = set(texts())
    assert told.isdisjoint(words[1:]), sorted(told)


def sodium():
    library = ctypes.CDLL(ctypes.util.find_library("sodium"))
    assert library.sodium_init() >= 0
    return library


def keypair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    assert sodium().crypto_box_keypair(public, secret) == 0
    with open(words[0] + ".pub", "w", encoding="ascii") as file:
        file.write(public.raw.hex())
    with open(words[0] + ".key", "wb") as file:
        file.write(public.raw + secret.raw)


def unseal():
    with open(words[0], "rb") as file:
        sealed = file.read()
    with open(words[1] + ".key", "rb") as file:
        pair = file.read()
    out = ctypes.create_string_buffer(max(len(sealed) - 48, 1))
    assert sodium().crypto_box_seal_open(out, sealed, ctypes.c_ulonglong(len(sealed)), pair[:32], pair[32:]) == 0
    with open(words[2], "wb") as file:
        file.write(out.raw)


def rows():
    """Classes of what is sealed under a profile's key; src/FORMAT.md, section 3."""
    table = sqlite3.connect(words[0])
    print(sum(1 for (key,) in table.execute("SELECT k FROM b") if key >> 56 in (5, 6, 8, 9, 10, 11)))


globals()[sys.argv[1]]()
