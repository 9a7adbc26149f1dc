#!/bin/sed -f
# Doxygen's filter for headers. Their first comment is about the file; what the comment of one line says of several is
# said for each; a struct in memory of the caller may have fields that are nobody's business.
1s|^/[*]|/** @file|
s,^#define WHIMBREL_VERSION_\(MINOR\|PATCH\|STRING\) .*,& /**< See WHIMBREL_VERSION_MAJOR. */,
/fields are none of the caller's business/,/^}/s|^\( \+[a-z][^;]*;\).*|\1 /**< Not the caller's. */|
