################################################################################
#
# sotto
#
################################################################################

SOTTO_VERSION = 0.1.0
# The checkout that this tree is part of. For a release give SOTTO_SITE and
# SOTTO_SITE_METHOD, and the tarball's sha256 in sotto.hash.
SOTTO_SITE = $(BR2_EXTERNAL_SOTTO_PATH)/../..
SOTTO_SITE_METHOD = local
SOTTO_LICENSE = Apache-2.0
SOTTO_LICENSE_FILES = LICENSE
SOTTO_CPE_ID_VENDOR = sotto
SOTTO_INSTALL_STAGING = YES
SOTTO_DEPENDENCIES = host-pkgconf libsodium sqlite
SOTTO_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude=/build --exclude=/out

ifeq ($(BR2_PACKAGE_SOTTO_DAEMON),y)
SOTTO_DEPENDENCIES += inih jansson
SOTTO_DAEMONS += sottod
endif

ifeq ($(BR2_PACKAGE_SOTTO_WEB),y)
SOTTO_DEPENDENCIES += libmicrohttpd
SOTTO_DAEMONS += sotto-web
endif

ifeq ($(BR2_PACKAGE_SOTTO_UPLOAD),y)
SOTTO_DEPENDENCIES += libcurl
SOTTO_DAEMONS += sotto-upload
endif

# Flags are appended to Sotto's own by its Makefile. OPT is left to Buildroot.
SOTTO_MAKE_OPTS = \
	$(TARGET_CONFIGURE_OPTS) \
	O=build OPT= PREFIX=/usr SETUP=0 \
	WITH="$(SOTTO_DAEMONS)"

define SOTTO_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(SOTTO_MAKE_OPTS) -C $(@D) device
endef

define SOTTO_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(SOTTO_MAKE_OPTS) -C $(@D) \
		DESTDIR=$(STAGING_DIR) install-lib
endef

define SOTTO_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(SOTTO_MAKE_OPTS) -C $(@D) \
		DESTDIR=$(TARGET_DIR) install-device
endef

ifneq ($(SOTTO_DAEMONS),)
define SOTTO_INSTALL_INIT_SYSTEMD
	$(TARGET_MAKE_ENV) $(MAKE) $(SOTTO_MAKE_OPTS) -C $(@D) \
		DESTDIR=$(TARGET_DIR) install-service
endef

define SOTTO_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(SOTTO_PKGDIR)/S90sotto \
		$(TARGET_DIR)/etc/init.d/S90sotto
endef

# As firmware-config/systemd/sysusers.conf has them.
define SOTTO_USERS
	- -1 sotto-ui -1 - - - - Sotto: screens
	- -1 sotto-operator -1 - - - - Sotto: the operator
	- -1 sotto-subject -1 - - - - Sotto: the person
	sotto -1 sotto -1 * /var/lib/sotto - sotto-ui,sotto-operator,sotto-subject Sotto: the engine
	sotto-web -1 sotto-web -1 * - - sotto-ui Sotto: the door for browsers
	sotto-upload -1 sotto-upload -1 * - - - Sotto: the sender of reports
endef
endif

$(eval $(generic-package))
