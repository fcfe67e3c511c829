/* /api/usage and /api/settings/budget: what speech costs, and what it may. */
#include "jobs/model/usage.h"
#include "fcgi/query.h"
#include "fcgi/routes.h"
#include "fcgi/validate.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_DAYS = 366, DAY_S = 24 * 60 * 60, DAY_SIZE = sizeof("2026-01-31") };

static const int64_t max_budget = 1000000000000; /* characters a month */

static char *day_text(time_t at)
{
	char text[DAY_SIZE];
	struct tm day;
	gmtime_r(&at, &day);
	strftime(text, sizeof(text), "%Y-%m-%d", &day);
	return mem_strdup(text);
}

/* Reads YYYY-MM-DD; false for what is no day. */
static bool read_day(const char *text, time_t *ret)
{
	static const char pattern[] = "dddd-dd-dd";
	for (size_t i = 0; i < sizeof(pattern); i++)
		if (pattern[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != pattern[i])
			return false;
	struct tm day = { .tm_year = (int)strtol(text, NULL, 10) - 1900,
			  .tm_mon = (int)strtol(text + 5, NULL, 10) - 1,
			  .tm_mday = (int)strtol(text + 8, NULL, 10) };
	*ret = timegm(&day);
	cleanup(cleanup_free) char *same = day_text(*ret); /* a 31st of June has become another */
	return !strcmp(text, same);
}

/* The day that a parameter names, or the default where it is absent. */
static char *take_day(struct validation *v, const struct request *request, const char *name,
		      time_t otherwise, time_t *ret)
{
	char *text = query_get(request->query, name);
	*ret = otherwise;
	if (!text)
		return day_text(otherwise);
	if (!read_day(text, ret))
		validate_fault(v, name, "%s must be a day like 2026-01-31", name);
	return text;
}

struct err *usage_get(struct app *app, struct request *request, struct response *response)
{
	time_t now = time(NULL), from, to;
	struct tm today;
	gmtime_r(&now, &today);
	time_t first = now - (time_t)(today.tm_mday - 1) * DAY_S; /* of this month */
	cleanup(cleanup_validation) struct validation v = VALIDATION(NULL);
	cleanup(cleanup_free) char *from_text = take_day(&v, request, "from", first, &from);
	cleanup(cleanup_free) char *to_text = take_day(&v, request, "to", now, &to);
	TRY(validate_result(&v));
	if (strcmp(from_text, to_text) > 0)
		validate_fault(&v, "to", "to must not be before from");
	else if ((to - from) / DAY_S >= MAX_DAYS)
		validate_fault(&v, "from", "At most %d days can be asked for", MAX_DAYS);
	TRY(validate_result(&v));
	char *json = NULL;
	TRY(usage_report(app->db, request->user_id, from_text, to_text, &json));
	response_json(response, 200, json);
	return NULL;
}

struct err *budget_show(struct app *app, struct request *request, struct response *response)
{
	char *json = NULL;
	TRY(budget_get(app->db, request->user_id, &json));
	response_json(response, 200, json);
	return NULL;
}

struct err *budget_save(struct app *app, struct request *request, struct response *response)
{
	static const char field[] = "monthlyCharacters";
	cleanup(cleanup_validation) struct validation v = VALIDATION(request->body);
	struct json_object *value = js_get(request->body, field);
	char characters[24] = "";
	int64_t number = json_object_get_int64(value);
	if (!json_object_object_get_ex(request->body, field, NULL))
		validate_fault(&v, field,
			       "monthlyCharacters is required: a number, or null for no budget");
	else if (value &&
		 (!json_object_is_type(value, json_type_int) || number < 0 || number > max_budget))
		validate_fault(&v, field,
			       "monthlyCharacters must be a whole number from 0 to %lld, or null",
			       (long long)max_budget);
	TRY(validate_result(&v));
	snprintf(characters, sizeof(characters), "%lld", (long long)number);
	char *json = NULL;
	TRY(budget_put(app->db, request->user_id, value ? characters : NULL, &json));
	response_json(response, 200, json);
	return NULL;
}
