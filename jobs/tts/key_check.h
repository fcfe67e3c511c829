/* Does a service take a key? Asked by a call that costs nothing. */
#pragma once
#include "jobs/io/http.h"
#include "jobs/model/service_key.h"

/*
 * *ret_message is a sentence for the user, who frees nothing of it: what the key is good for. The
 * error says what is wrong with it: ERR_REFUSED (the key, its region or its permissions),
 * ERR_RATE_LIMITED or ERR_UPSTREAM (the service could not be asked).
 */
must_check struct err *key_check(struct http *http, const struct conf *conf,
				 const struct service *service, const struct service_key *key,
				 const char **ret_message);
