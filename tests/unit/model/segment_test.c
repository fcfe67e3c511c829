#include "jobs/model/segment.h"

#include "jobs/base/digest.h"
#include "jobs/model/usage.h"
#include "tests/unit/model/fixture.h"

static char user[ID_SIZE], other[ID_SIZE];
static const struct segment_terms terms = { "elevenlabs", "v", "m", "mp3", NULL };
static const struct segment_step nowhere = { NULL, "speak", 0 };

static int users_start(void **state)
{
	database_start(state);
	new_user(user);
	new_user(other);
	return 0;
}

/* A run of a user's, with its first claim; `run` keeps the id. */
static struct segment_owner run_of(const char *user_id, char run[static ID_SIZE])
{
	return (struct segment_owner){ user_id, id_new(run), "1", NULL };
}

/* A hash that no other test has. */
static char *new_hash(char hash[static DIGEST_HEX_SIZE])
{
	char id[ID_SIZE];
	uint8_t bytes[DIGEST_SIZE];
	id_new(id);
	digest_sha256(id, strlen(id), bytes);
	return digest_hex(bytes, hash);
}

#define PIECE "{\"n\":%d,\"id\":\"%s\",\"hash\":\"%s\",\"text\":\"Hi.\",\"characters\":3}"

/* The first segment of `pieces`, of which there are `count`. */
static struct segment first_of(const struct segment_owner *owner, const char *pieces, int count)
{
	struct segment_plan plan = { 0 };
	assert_ok(segment_plan(db, owner, &terms, &nowhere, pieces, &plan));
	struct segment segment = plan.segments[0];
	for (int i = 1; i < count; i++)
		segment_clear(&plan.segments[i]);
	free(plan.segments);
	return segment;
}

/* The segment of a piece with that hash, which is not the only one of its text. */
static struct segment planned(const struct segment_owner *owner, const char *hash)
{
	char id[ID_SIZE], other_id[ID_SIZE], other_hash[DIGEST_HEX_SIZE];
	cleanup(cleanup_free) char *pieces = NULL;
	assert_true(asprintf(&pieces, "[" PIECE "," PIECE "]", 1, id_new(id), hash, 2,
			     id_new(other_id), new_hash(other_hash)) > 0);
	return first_of(owner, pieces, 2);
}

/* The segment of a text of one piece. */
static struct segment planned_alone(const struct segment_owner *owner, const char *hash)
{
	char id[ID_SIZE];
	cleanup(cleanup_free) char *pieces = NULL;
	assert_true(asprintf(&pieces, "[" PIECE "]", 1, id_new(id), hash) > 0);
	return first_of(owner, pieces, 1);
}

static enum segment_state taken(const struct segment_owner *owner, struct segment *s)
{
	enum segment_state state = SEGMENT_BUSY;
	int64_t age_ms = -1;
	assert_ok(segment_take(db, owner, s, &state, &age_ms));
	if (state == SEGMENT_UNCERTAIN)
		assert_true(age_ms >= 0);
	return state;
}

static void store(const struct segment_owner *owner, const struct segment *s, const char *key)
{
	const struct segment_purchase purchase = { .provider = terms.provider,
						   .audio_key = key,
						   .duration_sec = 1.5,
						   .billed_characters = -1 };
	assert_ok(segment_store(db, owner, s->id, &purchase));
}

/* As if its holder had been silent for longer than the lease. */
static void let_lease_run_out(const struct segment *s)
{
	free(postgres_server_ask(&server,
				 "UPDATE segments SET held_until = now() - interval '1 s' "
				 "WHERE id = '%s'",
				 s->id));
}

static void is_bought_once_and_found_again(void **state)
{
	(void)state;
	char run[ID_SIZE], later[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner first = run_of(user, run), second = run_of(user, later);
	cleanup(segment_clear) struct segment s = planned(&first, new_hash(hash));
	assert_false(s.stored);
	assert_int_equal(taken(&first, &s), SEGMENT_TAKEN);
	store(&first, &s, "voice-segments/a.mp3");

	cleanup(segment_clear) struct segment again = planned(&second, hash);
	assert_string_equal(again.id, s.id);
	assert_true(again.stored);
	assert_string_equal(again.audio_key, "voice-segments/a.mp3");
	assert_string_equal(again.run_id, run);
	assert_int_equal(taken(&second, &again), SEGMENT_STORED);
}

static void is_nobody_elses(void **state)
{
	(void)state;
	char run[ID_SIZE], strangers[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner mine = run_of(user, run), theirs = run_of(other, strangers);
	cleanup(segment_clear) struct segment s = planned(&mine, new_hash(hash));
	assert_int_equal(taken(&mine, &s), SEGMENT_TAKEN);
	store(&mine, &s, "voice-segments/b.mp3");
	cleanup(segment_clear) struct segment same = planned(&theirs, hash);
	assert_string_not_equal(same.id, s.id);
	assert_false(same.stored);
}

static void is_held_by_one_until_the_lease_runs_out(void **state)
{
	(void)state;
	char run[ID_SIZE], rival[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner holder = run_of(user, run), waiter = run_of(user, rival);
	cleanup(segment_clear) struct segment s = planned(&holder, new_hash(hash));
	assert_int_equal(taken(&holder, &s), SEGMENT_TAKEN);
	assert_int_equal(taken(&waiter, &s), SEGMENT_BUSY);
	let_lease_run_out(&s);
	cleanup(cleanup_free) char *ids = NULL;
	assert_true(asprintf(&ids, "[\"%s\"]", s.id) > 0);
	assert_ok(segment_hold(db, &holder, ids));
	assert_int_equal(taken(&waiter, &s), SEGMENT_BUSY);
	let_lease_run_out(&s);
	assert_ok(segment_hold(db, &waiter, ids)); /* is not its to hold */
	assert_ok(segment_hold(db, &holder, "[]"));
	assert_int_equal(taken(&waiter, &s), SEGMENT_UNCERTAIN);
	assert_int_equal(taken(&holder, &s), SEGMENT_BUSY);
}

static void is_taken_by_its_plan_where_it_is_alone(void **state)
{
	(void)state;
	char run[ID_SIZE], later[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner first = run_of(user, run), second = run_of(user, later);
	cleanup(segment_clear) struct segment s = planned_alone(&first, new_hash(hash));
	assert_true(s.taken);
	assert_string_equal(s.run_id, run);
	assert_int_equal(taken(&second, &s), SEGMENT_BUSY);
	cleanup(segment_clear) struct segment again = planned_alone(&first, hash);
	assert_false(again.taken);
	assert_ok(segment_release(db, &first, s.id, false));
	cleanup(segment_clear) struct segment found = planned_alone(&second, hash);
	assert_false(found.taken);
	assert_int_equal(taken(&second, &found), SEGMENT_TAKEN);
}

static void is_not_taken_before_it_is_reserved(void **state)
{
	(void)state;
	char run[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner owner = run_of(user, run);
	cleanup(cleanup_free) char *json = NULL, *none = NULL;
	assert_ok(budget_put(db, user, "1000", &json));
	cleanup(segment_clear) struct segment s = planned_alone(&owner, new_hash(hash));
	assert_false(s.taken);
	assert_ok(budget_put(db, user, NULL, &none));
	cleanup(segment_clear) struct segment free_again = planned_alone(&owner, new_hash(hash));
	assert_true(free_again.taken);
}

static void is_uncertain_for_the_next_claim_of_the_same_run(void **state)
{
	(void)state;
	char run[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner died = run_of(user, run);
	struct segment_owner next = died;
	next.claim = "2";
	cleanup(segment_clear) struct segment s = planned(&died, new_hash(hash));
	assert_int_equal(taken(&died, &s), SEGMENT_TAKEN);
	assert_int_equal(taken(&next, &s), SEGMENT_UNCERTAIN);
	assert_int_equal(taken(&died, &s), SEGMENT_BUSY); /* a claim that is over takes nothing */
}

static void is_given_back_with_what_is_known_of_it(void **state)
{
	(void)state;
	static const struct {
		bool uncertain;
		enum segment_state then;
	} cases[] = { { false, SEGMENT_TAKEN }, { true, SEGMENT_UNCERTAIN } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		char run[ID_SIZE], later[ID_SIZE], hash[DIGEST_HEX_SIZE];
		const struct segment_owner first = run_of(user, run), second = run_of(user, later);
		cleanup(segment_clear) struct segment s = planned(&first, new_hash(hash));
		assert_int_equal(taken(&first, &s), SEGMENT_TAKEN);
		assert_ok(segment_release(db, &second, s.id, false)); /* is not its to give */
		assert_int_equal(taken(&second, &s), SEGMENT_BUSY);
		assert_ok(segment_release(db, &first, s.id, cases[i].uncertain));
		assert_int_equal(taken(&second, &s), cases[i].then);
	}
}

static void is_bought_anew_where_its_audio_is_gone(void **state)
{
	(void)state;
	char run[ID_SIZE], later[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner first = run_of(user, run), second = run_of(user, later);
	cleanup(segment_clear) struct segment s = planned(&first, new_hash(hash));
	assert_int_equal(taken(&first, &s), SEGMENT_TAKEN);
	store(&first, &s, "voice-segments/c.mp3");
	cleanup(segment_clear) struct segment found = planned(&second, hash);
	assert_ok(segment_lost(db, other, &found)); /* is not theirs to say */
	assert_int_equal(taken(&second, &found), SEGMENT_STORED);
	assert_ok(segment_lost(db, user, &found));
	assert_int_equal(taken(&second, &found), SEGMENT_TAKEN);
}

static void is_superseded_for_later_runs_alone(void **state)
{
	(void)state;
	char run[ID_SIZE], later[ID_SIZE], hash[DIGEST_HEX_SIZE];
	const struct segment_owner first = run_of(user, run);
	cleanup(segment_clear) struct segment s = planned(&first, new_hash(hash));
	cleanup(cleanup_free) char *hashes = NULL;
	assert_true(asprintf(&hashes, "[\"%s\"]", hash) > 0);
	assert_int_equal(taken(&first, &s), SEGMENT_TAKEN);
	store(&first, &s, "voice-segments/d.mp3");

	assert_ok(segment_supersede(db, &first, hashes)); /* what it has bought itself stays */
	cleanup(segment_clear) struct segment own = planned(&first, hash);
	assert_string_equal(own.id, s.id);

	const struct segment_owner second = run_of(user, later);
	assert_ok(segment_supersede(db, &second, hashes));
	cleanup(segment_clear) struct segment fresh = planned(&second, hash);
	assert_string_not_equal(fresh.id, s.id);
	assert_false(fresh.stored);
}

static void is_counted_by_the_estimate_once(void **state)
{
	(void)state;
	char run[ID_SIZE], known[DIGEST_HEX_SIZE], missing[DIGEST_HEX_SIZE];
	const struct segment_owner owner = run_of(user, run);
	cleanup(segment_clear) struct segment s = planned(&owner, new_hash(known));
	assert_int_equal(taken(&owner, &s), SEGMENT_TAKEN);
	store(&owner, &s, "voice-segments/e.mp3");
	cleanup(cleanup_free) char *pieces = NULL;
	static const char text[] = "[{\"hash\":\"%s\",\"characters\":3,\"seconds\":9},"
				   "{\"hash\":\"%s\",\"characters\":5,\"seconds\":2},"
				   "{\"hash\":\"%s\",\"characters\":5,\"seconds\":2}]";
	new_hash(missing);
	assert_true(asprintf(&pieces, text, known, missing, missing) > 0);
	struct segment_estimate estimate = { 0 };
	assert_ok(segment_estimate(db, user, pieces, &estimate));
	assert_int_equal(estimate.billed, 5);
	assert_float_equal(estimate.seconds, 1.5 + 2 + 2, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_bought_once_and_found_again),
		cmocka_unit_test(is_nobody_elses),
		cmocka_unit_test(is_held_by_one_until_the_lease_runs_out),
		cmocka_unit_test(is_taken_by_its_plan_where_it_is_alone),
		cmocka_unit_test(is_not_taken_before_it_is_reserved),
		cmocka_unit_test(is_uncertain_for_the_next_claim_of_the_same_run),
		cmocka_unit_test(is_given_back_with_what_is_known_of_it),
		cmocka_unit_test(is_bought_anew_where_its_audio_is_gone),
		cmocka_unit_test(is_superseded_for_later_runs_alone),
		cmocka_unit_test(is_counted_by_the_estimate_once),
	};
	return cmocka_run_group_tests(tests, users_start, database_stop);
}
