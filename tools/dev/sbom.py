#!/usr/bin/python3
"""sbom: a bill of materials: Sotto, and the libraries it is linked with in the versions pkg-config finds.

    tools/dev/sbom.py spdx|cyclonedx NAME VERSION [--file PATH]... LIBRARY...

Writes SPDX 2.3 or CycloneDX 1.6 (JSON) to standard output. NAME is libsotto or sotto-tools, LIBRARY a name of
pkg-config (PKG_CONFIG=..., for another processor's); --file adds the SHA-256 of what is shipped. The same
input gives the same bytes: the time is SOURCE_DATE_EPOCH (or that of the last commit), identifiers are
derived from the content. Ends 1 when a library is not found or its licence is not known here.
"""

import argparse
import datetime
import hashlib
import json
import os
import subprocess
import sys
import uuid

HOME = "https://sotto.example/"  # namespaces of documents: names, nothing is fetched from there
# pkg-config's name: what people call it, its licence, CPE vendor:product, where it comes from.
KNOWN = {
    "libsodium": ("libsodium", "ISC", "libsodium:libsodium", "https://libsodium.org/"),
    "sqlite3": ("SQLite", "blessing", "sqlite:sqlite", "https://sqlite.org/"),
    "openblas": ("OpenBLAS", "BSD-3-Clause", "openblas_project:openblas", "https://www.openblas.net/"),
    "liblzma": ("XZ Utils", None, "tukaani:xz", "https://tukaani.org/xz/"),
    "libzstd": ("Zstandard", "BSD-3-Clause OR GPL-2.0-only", "facebook:zstandard", "https://facebook.github.io/zstd/"),
    "inih": ("inih", "BSD-3-Clause", "inih_project:inih", "https://github.com/benhoyt/inih"),
    "jansson": ("Jansson", "MIT", "jansson_project:jansson", "https://github.com/akheron/jansson"),
    "libmicrohttpd": ("GNU libmicrohttpd", "LGPL-2.1-or-later", "gnu:libmicrohttpd", "https://www.gnu.org/software/libmicrohttpd/"),
    "libcurl": ("libcurl", "curl", "haxx:libcurl", "https://curl.se/"),
    "tss2-esys": ("TPM2 Software Stack", "BSD-2-Clause", "tpm2_software_stack_project:tpm2_software_stack", "https://github.com/tpm2-software/tpm2-tss"),
}
PUBLIC_DOMAIN = "LicenseRef-public-domain"


def pkg_config(*words):
    run = subprocess.run([os.environ.get("PKG_CONFIG", "pkg-config"), *words], capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else None


def when():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        run = subprocess.run(["git", "log", "-1", "--format=%ct"], capture_output=True, text=True)
        epoch = run.stdout.strip() or "0"
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def library(name):
    version = pkg_config("--modversion", name)
    if version is None:
        sys.exit(f"sbom: pkg-config does not find {name}")
    if name not in KNOWN:
        sys.exit(f"sbom: the licence of {name} is not known: add it to tools/dev/sbom.py")
    title, licence, cpe, url = KNOWN[name]
    if name == "liblzma":  # in the public domain up to 5.4
        licence = "0BSD" if tuple(map(int, version.split(".")[:2])) >= (5, 6) else PUBLIC_DOMAIN
    return {"id": name, "title": title, "version": version, "licence": licence, "url": url,
            "cpe": f"cpe:2.3:a:{cpe}:{version}:*:*:*:*:*:*:*", "purl": f"pkg:generic/{name}@{version}"}


def spdx(ours, parts, files, identity):
    def package(part, supplier):
        out = {
            "SPDXID": f"SPDXRef-Package-{part['id']}", "name": part["title"], "versionInfo": part["version"],
            "supplier": supplier, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": part["licence"], "licenseDeclared": part["licence"], "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part["purl"]}],
        }
        if "cpe" in part:
            out["homepage"] = part["url"]
            out["externalRefs"].insert(0, {"referenceCategory": "SECURITY", "referenceType": "cpe23Type",
                                           "referenceLocator": part["cpe"]})
        return out

    me = f"SPDXRef-Package-{ours['id']}"
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": me}]
    relations += [{"spdxElementId": me, "relationshipType": "DYNAMIC_LINK", "relatedSpdxElement": f"SPDXRef-Package-{p['id']}"}
                  for p in parts]
    relations += [{"spdxElementId": f"SPDXRef-File-{i}", "relationshipType": "GENERATED_FROM", "relatedSpdxElement": me}
                  for i in range(len(files))]
    out = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{ours['id']}-{ours['version']}", "documentNamespace": f"{HOME}spdx/{ours['id']}-{ours['version']}-{identity}",
        "creationInfo": {"created": when(), "creators": ["Organization: the Sotto authors", f"Tool: sotto-sbom-{ours['version']}"]},
        "packages": [package(ours, "Organization: the Sotto authors")] + [package(p, "NOASSERTION") for p in parts],
        "files": [{"SPDXID": f"SPDXRef-File-{i}", "fileName": f"./{name}", "licenseConcluded": ours["licence"],
                   "copyrightText": "NOASSERTION", "checksums": [
                       {"algorithm": "SHA1", "checksumValue": sha1}, {"algorithm": "SHA256", "checksumValue": sha256}]}
                  for i, (name, sha1, sha256) in enumerate(files)],
        "relationships": relations,
    }
    if any(p["licence"] == PUBLIC_DOMAIN for p in parts):
        out["hasExtractedLicensingInfos"] = [{"licenseId": PUBLIC_DOMAIN, "name": "public domain",
                                              "extractedText": "The authors have put it into the public domain."}]
    return out


def cyclonedx(ours, parts, files, identity):
    def licences(licence):
        if licence == PUBLIC_DOMAIN:
            return [{"license": {"name": "public domain"}}]
        return [{"expression": licence}] if " " in licence else [{"license": {"id": licence}}]

    def component(part, kind):
        out = {"type": kind, "bom-ref": part["purl"], "name": part["title"], "version": part["version"],
               "licenses": licences(part["licence"]), "purl": part["purl"]}
        if "cpe" in part:
            out |= {"cpe": part["cpe"], "externalReferences": [{"type": "website", "url": part["url"]}]}
        return out

    me = component(ours, "library" if ours["id"].startswith("lib") else "application")
    shipped = [{"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}]}
               for name, _, sha256 in files]
    if shipped:
        me["components"] = shipped
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identity}", "version": 1,
        "metadata": {"timestamp": when(), "tools": {"components": [{"type": "application", "name": "sotto-sbom", "version": ours["version"]}]},
                     "component": me, "supplier": {"name": "the Sotto authors"}},
        "components": [component(p, "library") for p in parts],
        "dependencies": [{"ref": me["bom-ref"], "dependsOn": [p["purl"] for p in parts]}] + [{"ref": p["purl"]} for p in parts],
    }


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("form", choices=["spdx", "cyclonedx"])
    parser.add_argument("name")
    parser.add_argument("version")
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("libraries", nargs="+")
    asked = parser.parse_args()
    ours = {"id": asked.name, "title": asked.name, "version": asked.version, "licence": "Apache-2.0",
            "purl": f"pkg:generic/{asked.name}@{asked.version}"}
    parts = [library(name) for name in dict.fromkeys(asked.libraries)]
    files = []
    for path in asked.file:
        with open(path, "rb") as file:
            content = file.read()
        files.append((os.path.basename(path), hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest()))
    identity = uuid.uuid5(uuid.NAMESPACE_URL, HOME + json.dumps([ours, parts, files, when()], sort_keys=True))
    make = {"spdx": spdx, "cyclonedx": cyclonedx}[asked.form]
    json.dump(make(ours, parts, files, identity), sys.stdout, indent=2)
    print()


main()
