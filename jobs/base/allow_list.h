/*
 * The exceptions to the guard of outbound calls, as EGRESS_ALLOW lists them: host names
 * ("nas.lan"), domains with all below them (".corp.example"), addresses and blocks of them
 * ("10.1.0.0/16", "fd00::/8"), comma-separated, with blanks around them. The list is used as the
 * text it is.
 */
#pragma once
#include "jobs/base/address.h"
#include "jobs/base/err.h"

/* ERR_INVALID with a sentence about the first entry that is neither. */
must_check struct err *allow_list_check(const char *list);

/* True if `host`, in any case, with or without a dot at its end, is one of the hosts. */
bool allow_list_has_host(const char *list, const char *host);

/* True if one of the blocks has the address. */
bool allow_list_has_address(const char *list, const struct address *a);
