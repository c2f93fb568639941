SUMMARY = "Personalises a screen without telling anyone"
DESCRIPTION = "libsotto scores a signed model against a profile that stays on the device, encrypted, and lets \
out noised counts alone. sottod lends it to front ends and has no network; sotto-upload has, and no keys."
HOMEPAGE = "https://sotto.example/"
SECTION = "libs"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

DEPENDS = "libsodium sqlite3"

inherit externalsrc pkgconfig systemd useradd

# The checkout that this layer is part of. For a release set EXTERNALSRC = "" and give SRC_URI with its checksum.
EXTERNALSRC ?= "${@os.path.abspath(d.getVar('THISDIR') + '/../../../../..')}"
EXTERNALSRC_BUILD ?= "${EXTERNALSRC}"

PACKAGECONFIG ??= "daemon upload"
PACKAGECONFIG[daemon] = ",,inih jansson"
PACKAGECONFIG[web] = ",,libmicrohttpd"
PACKAGECONFIG[upload] = ",,curl"

SOTTO_DAEMONS = "${@bb.utils.contains('PACKAGECONFIG', 'daemon', 'sottod', '', d)} \
    ${@bb.utils.contains('PACKAGECONFIG', 'web', 'sotto-web', '', d)} \
    ${@bb.utils.contains('PACKAGECONFIG', 'upload', 'sotto-upload', '', d)}"

# CC, AR, CFLAGS and LDFLAGS come from the environment and are appended to Sotto's own. Nothing is written into the
# checkout: O= is in the work directory.
EXTRA_OEMAKE = "O=${WORKDIR}/sotto-build OPT= SETUP=0 V=1 PREFIX=${prefix} LIBDIR=${libdir} INCLUDEDIR=${includedir} \
    BINDIR=${bindir} UNITDIR=${systemd_system_unitdir} SYSUSERSDIR=${nonarch_libdir}/sysusers.d \
    TMPFILESDIR=${nonarch_libdir}/tmpfiles.d WITH='${SOTTO_DAEMONS}'"

do_compile() {
    oe_runmake device
}

do_install() {
    oe_runmake DESTDIR=${D} install-device
    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        oe_runmake DESTDIR=${D} install-service
        rm -f ${D}${nonarch_libdir}/sysusers.d/sotto.conf # useradd makes them
        rmdir ${D}${nonarch_libdir}/sysusers.d
    else
        oe_runmake DESTDIR=${D} install-sysv
        mv ${D}${sysconfdir}/init.d/S90sotto ${D}${sysconfdir}/init.d/sotto
    fi
    install -d ${D}${sysconfdir}/sotto
    install -m 0644 ${S}/firmware-config/sotto.conf ${S}/firmware-config/web.conf ${D}${sysconfdir}/sotto/
}

PACKAGES =+ "${PN}-daemons"
FILES:${PN}-daemons = "${bindir} ${datadir}/sotto ${systemd_system_unitdir} ${nonarch_libdir}/tmpfiles.d ${sysconfdir}"
CONFFILES:${PN}-daemons = "${sysconfdir}/sotto/sotto.conf ${sysconfdir}/sotto/web.conf"

SYSTEMD_PACKAGES = "${PN}-daemons"
SYSTEMD_SERVICE:${PN}-daemons = "${@bb.utils.contains('PACKAGECONFIG', 'daemon', 'sottod.service', '', d)} \
    ${@bb.utils.contains('PACKAGECONFIG', 'web', 'sotto-web.service', '', d)} \
    ${@bb.utils.contains('PACKAGECONFIG', 'upload', 'sotto-upload.service', '', d)}"

# As firmware-config/systemd/sysusers.conf has them.
USERADD_PACKAGES = "${PN}-daemons"
GROUPADD_PARAM:${PN}-daemons = "-r sotto-ui; -r sotto-operator; -r sotto-subject; -r sotto; -r sotto-web; -r sotto-upload"
USERADD_PARAM:${PN}-daemons = "-r -g sotto -G sotto-ui,sotto-operator,sotto-subject -d ${localstatedir}/lib/sotto -M -s /sbin/nologin sotto; \
    -r -g sotto-web -G sotto-ui -d /nonexistent -M -s /sbin/nologin sotto-web; \
    -r -g sotto-upload -d /nonexistent -M -s /sbin/nologin sotto-upload"
