#include "fcgi/routes.h"

#include "tests/unit/check.h"

#define A "0190d3a1-7e4c-7abc-9def-0123456789ab"
#define B "0190D3A1-7E4C-7ABC-9DEF-0123456789AC"

static enum route_match find(const char *method, const char *path, struct request *request,
			     const struct route **ret)
{
	static char allow[ROUTE_ALLOW_SIZE];
	*request = (struct request){ .method = method, .path = path };
	*ret = NULL;
	return route_find(request, ret, allow);
}

static void requests_find_their_handlers(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path;
		handler *run;
	} cases[] = {
		{ "POST", "/api/auth/register", auth_register },
		{ "GET", "/api/auth/me", auth_me },
		{ "HEAD", "/api/auth/me", auth_me },
		{ "GET", "/api/settings/keys", api_keys_list },
		{ "POST", "/api/settings/keys", api_keys_save },
		{ "DELETE", "/api/settings/keys/" A, api_keys_delete },
		{ "GET", "/api/voice-profiles", voice_profiles_list },
		{ "PUT", "/api/voice-profiles/" A, voice_profiles_update },
		{ "POST", "/api/voice-profiles/" A "/assets", voice_assets_create },
		{ "DELETE", "/api/voice-profiles/" A "/assets/" B, voice_assets_delete },
		{ "POST", "/api/workflows/" A "/execute-node", executions_run_node },
		{ "POST", "/api/workflows/" A "/execute", executions_execute },
		{ "GET", "/api/workflows/" A "/executions", executions_list },
		{ "GET", "/api/workflows/" A "/executions/" B, executions_get },
		{ "POST", "/api/workflows/" A "/executions/" B "/cancel", executions_cancel },
		{ "GET", "/api/health", health_live },
		{ "GET", "/api/health/ready", health_ready },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request;
		const struct route *route;
		assert_int_equal(find(cases[i].method, cases[i].path, &request, &route),
				 ROUTE_FOUND);
		assert_ptr_equal(route->run, cases[i].run);
	}
}

static void ids_are_taken_from_the_path(void **state)
{
	(void)state;
	struct request request;
	const struct route *route;
	assert_int_equal(find("GET", "/api/workflows/" A "/executions/" B, &request, &route),
			 ROUTE_FOUND);
	assert_string_equal(request.ids[0], A);
	assert_string_equal(request.ids[1], B);
}

static void what_is_no_path_of_ours_is_unknown(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"",
		"/",
		"/api",
		"/api/",
		"/api/auth",
		"/api/auth/me/",
		"/api/auth/mex",
		"/api/auth/m",
		"/API/auth/me",
		"//api/auth/me",
		"/api/workflows/",
		"/api/workflows/x",
		"/api/workflows/" A "x",
		"/api/workflows/" A "/",
		"/api/workflows/" A "/executions/",
		"/api/workflows/" A "/executions/7",
		"/api/workflows/0190d3a1-7e4c-7abc-9def-0123456789zz",
		"/api/workflows//executions",
		"/api/workflows/:",
		"/api/voice-profiles/" A "/assets/" B "/x",
		"/api/workflows/" A "/" B,
	};
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct request request;
		const struct route *route;
		if (find("GET", paths[i], &request, &route) != ROUTE_UNKNOWN)
			fail_msg("%s", paths[i]);
		assert_null(route);
	}
}

static void a_wrong_method_is_told_the_right_ones(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path, *allow;
	} cases[] = {
		{ "GET", "/api/auth/login", "POST" },
		{ "HEAD", "/api/auth/login", "POST" },
		{ "DELETE", "/api/auth/me", "GET, HEAD" },
		{ "PATCH", "/api/settings/keys", "GET, HEAD, POST" },
		{ "PATCH", "/api/workflows/" A, "GET, HEAD, PUT, DELETE" },
		{ "get", "/api/auth/me", "GET, HEAD" },
		{ "", "/api/auth/me", "GET, HEAD" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request = { .method = cases[i].method, .path = cases[i].path };
		const struct route *route = NULL;
		char allow[ROUTE_ALLOW_SIZE];
		assert_int_equal(route_find(&request, &route, allow), ROUTE_WRONG_METHOD);
		assert_string_equal(allow, cases[i].allow);
	}
}

/* A route is public by intent only. */
static void few_routes_are_public(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path;
		bool is_public;
	} cases[] = {
		{ "POST", "/api/auth/register", true },  { "POST", "/api/auth/login", true },
		{ "GET", "/api/health", true },          { "GET", "/api/health/ready", true },
		{ "GET", "/api/auth/me", false },        { "GET", "/api/settings/keys", false },
		{ "GET", "/api/workflows", false },      { "GET", "/api/storage/play", false },
		{ "GET", "/api/voice-profiles", false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request;
		const struct route *route;
		assert_int_equal(find(cases[i].method, cases[i].path, &request, &route),
				 ROUTE_FOUND);
		assert_int_equal((route->flags & ROUTE_PUBLIC) != 0, cases[i].is_public);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_find_their_handlers),
		cmocka_unit_test(ids_are_taken_from_the_path),
		cmocka_unit_test(what_is_no_path_of_ours_is_unknown),
		cmocka_unit_test(a_wrong_method_is_told_the_right_ones),
		cmocka_unit_test(few_routes_are_public),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
