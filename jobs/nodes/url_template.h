/* URLs with templates: what comes from upstream may fill in an address, but not turn it. */
#pragma once
#include "jobs/base/err.h"

#include <json-c/json.h>

/*
 * `text` without blanks around it and with its templates replaced as by input_fill. A template may
 * be the whole URL, or stand anywhere in one; but where it stands in the host, what replaces it can
 * only be a part of a host or port: ERR_INVALID where it would bring a path, or a user name. The
 * caller frees *ret.
 */
must_check struct err *url_template_fill(const char *text, struct json_object *inputs, char **ret);
