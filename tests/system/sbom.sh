#!/bin/bash
# sbom: the bills of materials are what SPDX 2.3 and CycloneDX 1.6 ask for, name every library that the
# programs are linked with, and come out the same twice. With SBOM_SCHEMAS=DIR (spdx-schema.json,
# bom-1.6.schema.json, spdx.schema.json, jsf-0.82.schema.json) they are held against the schemas too.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

if grep -q -- '-fsanitize\|--coverage' "$O/flags" 2>/dev/null; then
    skip "bills of materials: they were looked at in the plain build"
    finish
fi
libraries=(libsodium sqlite3 openblas liblzma libzstd inih jansson)
bill() { SOURCE_DATE_EPOCH=1700000000 tools/dev/sbom.py "$@"; }
made() {
    bill spdx sotto-tools 0.1.0 --file "$O/sotto" "${libraries[@]}" >"$tmp/spdx.json" &&
        bill cyclonedx sotto-tools 0.1.0 --file "$O/sotto" "${libraries[@]}" >"$tmp/cdx.json"
}
cat >"$tmp/judge.py" <<'END'
import json, re, subprocess, sys

form, path, program, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
bill = json.load(open(path))
sha256 = subprocess.run(["sha256sum", program], capture_output=True, text=True).stdout.split()[0]
version = {n: subprocess.run(["pkg-config", "--modversion", n], capture_output=True, text=True).stdout.strip() for n in names}


def must(condition, what):
    if not condition:
        sys.exit(f"{form}: {what}")


if form == "spdx":
    must((bill["spdxVersion"], bill["dataLicense"], bill["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"), "head")
    must(re.fullmatch(r"[a-z]+://\S+[^#]", bill["documentNamespace"]), "namespace")
    must(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["creationInfo"]["created"]), "time")
    must(all(re.match(r"(Tool|Person|Organization): ", c) for c in bill["creationInfo"]["creators"]), "creators")
    things = bill["packages"] + bill["files"]
    ids = [t["SPDXID"] for t in things] + ["SPDXRef-DOCUMENT"]
    must(len(set(ids)) == len(ids) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids), "ids")
    known = {i["licenseId"] for i in bill.get("hasExtractedLicensingInfos", [])}
    for p in bill["packages"]:
        must({"name", "versionInfo", "downloadLocation", "licenseDeclared", "supplier"} <= p.keys(), f"fields of {p}")
        must(not p["licenseDeclared"].startswith("LicenseRef") or p["licenseDeclared"] in known, f"licence of {p['name']}")
    for r in bill["relationships"]:
        must({r["spdxElementId"], r["relatedSpdxElement"]} <= set(ids), f"relationship {r}")
    linked = {r["relatedSpdxElement"] for r in bill["relationships"] if r["relationshipType"] == "DYNAMIC_LINK"}
    must(linked == {f"SPDXRef-Package-{n}" for n in names}, "libraries")
    must(any(r["relationshipType"] == "DESCRIBES" for r in bill["relationships"]), "DESCRIBES")
    for p in bill["packages"][1:]:
        must(p["versionInfo"] == version[p["SPDXID"].removeprefix("SPDXRef-Package-")], f"version of {p['name']}")
    must(any(c["checksumValue"] == sha256 for c in bill["files"][0]["checksums"]), "checksum")
else:
    must((bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1), "head")
    must(re.fullmatch(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", bill["serialNumber"]), "serial number")
    refs = [bill["metadata"]["component"]["bom-ref"]] + [c["bom-ref"] for c in bill["components"]]
    must(len(set(refs)) == len(refs), "references")
    must({d["ref"] for d in bill["dependencies"]} == set(refs), "dependencies")
    must(all(c["type"] == "library" and c["licenses"] and c["version"] for c in bill["components"]), "components")
    must({(c["purl"]) for c in bill["components"]} == {f"pkg:generic/{n}@{v}" for n, v in version.items()}, "libraries")
    must(bill["metadata"]["component"]["components"][0]["hashes"][0] == {"alg": "SHA-256", "content": sha256}, "checksum")
END
judged() { python3 "$tmp/judge.py" "$1" "$2" "$O/sotto" "${libraries[@]}"; }
broken() { sed "$2" "$tmp/$1.json" >"$tmp/broken.json" && ! cmp -s "$tmp/$1.json" "$tmp/broken.json" && judged "${1/cdx/cyclonedx}" "$tmp/broken.json"; }
cat >"$tmp/schema.py" <<'END'
import glob, json, sys
import jsonschema

folder, schema, bill = sys.argv[1:]
store = {}
for path in glob.glob(folder + "/*.schema.json"):
    text = json.load(open(path))
    store["http://cyclonedx.org/schema/" + path.split("/")[-1]] = text
schema = json.load(open(f"{folder}/{schema}"))
jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver.from_schema(schema, store=store)).validate(json.load(open(bill)))
END
twice() { bill spdx sotto-tools 0.1.0 --file "$O/sotto" "${libraries[@]}" | cmp - "$tmp/spdx.json"; }
# The make target's bill of the tools has every library that a program needs, libc's own apart.
whole() {
    MAKEFLAGS=${SOTTO_MAKE_VARS:-} make -s O="$O" CC="$CC" SETUP=0 sbom || return 1
    readelf -d "$O"/sotto "$O"/sotto-* "$O"/sottod 2>/dev/null | sed -n 's/.*NEEDED.*\[lib\([a-z0-9]*\)[-.].*/\1/p' | sort -u |
        grep -vxE 'c|m|pthread|gcc_s|ld|dl|rt|sotto' >"$tmp/needed"
    [ "$(wc -l <"$tmp/needed")" -ge 5 ] || return 1
    local name
    while read -r name; do
        grep -qE "\"pkg:generic/(lib)?$name@" "$O/sbom/sotto-tools.cdx.json" || { echo "lib$name is in no bill" && return 1; }
    done <"$tmp/needed"
}

check "both are made" made
check "SPDX 2.3 has what it must have" judged spdx "$tmp/spdx.json"
check "CycloneDX 1.6 too" judged cyclonedx "$tmp/cdx.json"
refuse "a wrong version would be noticed" 1 'version' broken spdx 's/"versionInfo": "1\.0\.[0-9]*"/"versionInfo": "9"/'
refuse "a dependency that hangs in the air would be noticed" 1 'dependencies' broken cdx '0,/"ref": "pkg:generic\/libsodium/s//"ref": "pkg:generic\/libsoda/'
check "the same input gives the same bytes" twice
refuse "a library that is not there is named" 1 'does not find libnothing' bill spdx sotto-tools 0.1.0 libnothing
if [ -d "${SBOM_SCHEMAS:-}" ]; then
    check "SPDX's schema accepts it" python3 "$tmp/schema.py" "$SBOM_SCHEMAS" spdx-schema.json "$tmp/spdx.json"
    check "CycloneDX's schema accepts it" python3 "$tmp/schema.py" "$SBOM_SCHEMAS" bom-1.6.schema.json "$tmp/cdx.json"
fi
check "make sbom names every library that the tools need" whole
finish
