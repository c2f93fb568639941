SUMMARY = "Sotto on a device: the library and its daemons"

inherit packagegroup

RDEPENDS:${PN} = "sotto sotto-daemons"
