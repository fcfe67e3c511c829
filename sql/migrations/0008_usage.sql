-- What speech costs a user, and what it may. What is bought counts from the statement that stores it on
-- (segment_store). Before it buys, a text reserves all that it is going to; its reservation shrinks as its
-- segments are stored, is renewed while it is at work, and expires soon after a crash. A text that goes on after
-- one takes its old reservation over, since that has the same id.

DROP FUNCTION speech_reserve(uuid, uuid, bigint);

-- Reserves characters of the user's budget for a step of a run, if the budget has room for them. The lock comes first:
-- what others reserved while it was waited for is seen by the statements behind it. Answers {id, left, resetsAt}:
-- the id is null where there is no budget, or no room; then `left` says what there is room for.
CREATE FUNCTION speech_reserve(owner uuid, run uuid, step text, wanted bigint, seconds double precision) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
	reservation uuid := md5(run || ' ' || step)::uuid;
	budget bigint;
	room bigint;
BEGIN
	SELECT b.monthly_characters INTO budget FROM speech_budgets b WHERE b.user_id = owner FOR UPDATE;
	IF budget IS NULL THEN
		RETURN json_build_object('id', NULL, 'left', NULL);
	END IF;
	DELETE FROM speech_reservations r WHERE r.user_id = owner AND (r.expires_at <= now() OR r.id = reservation);
	room := greatest(0, budget - speech_used(owner));
	IF wanted > room THEN
		RETURN json_build_object('id', NULL, 'left', room, 'budget', budget,
			'resetsAt', budget_json(owner) ->> 'resetsAt');
	END IF;
	INSERT INTO speech_reservations VALUES (reservation, owner, wanted, now() + make_interval(secs => seconds));
	RETURN json_build_object('id', reservation, 'left', room - wanted);
END $$;
