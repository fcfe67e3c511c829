/*
 * The moments at which something is killed. A point is a name of FAULT_POINT in the sources: what is done (a statement by
 * its name in sql/queries, a transition of the queue by its file in jobs/queue/lua, a call to the storage or a provider),
 * and whether before or after. `victim` says what is killed then:
 *   itself           the process that comes to the point: a runner, a responder, or voiceoverctl
 *   redis            Redis, which keeps its data; the process waits at the point until it is back
 *   redis-emptied    FLUSHALL, under the same conditions
 *   redis-lost       Redis, and its data with it
 *   postgres         PostgreSQL with all its processes
 * and `nudge` what makes somebody come to a point that traffic alone does not lead to (see site.js). Points named "any"
 * are moments left to chance.
 */
import assert from 'node:assert/strict';

const both = (what) => [`${what}.before`, `${what}.after`];
const at = (victim, names, nudge) => names.map((name) => ({ victim, name, nudge }));

const RESPONDER = [
	...both('request.route'),
	'request.answer.after',
	...['execution_create', 'execution_keep', 'idempotency_claim', 'idempotency_answer', 'execution_cancel'].flatMap((query) => both(`db.${query}`)),
	...both('queue.add'),
	...both('db.commit'),
];
const RUNNER = [
	...both('queue.fetch'),
	...both('db.execution_claim'),
	'run.start.before',
	...['step_start', 'step_finish', 'step_progress'].flatMap((query) => both(`db.${query}`)),
	'step.run.after',
	...['segment_plan', 'segment_take', 'segment_store', 'segment_starts'].flatMap((query) => both(`db.${query}`)),
	'lease.take.after',
	...both('provider.speak'),
	'lease.return.before',
	...both('s3.PUT'),
	...both('db.execution_finish'),
	'run.end.after',
	...both('queue.finish'),
];
const KEEPER = [...both('db.execution_renew'), ...both('queue.extend'), ...both('queue.recover'), ...both('db.execution_overdue')];
const SCHEDULES = ['schedule_due', 'schedule_fired'].flatMap((query) => both(`db.${query}`));
const SWEEPS = ['idempotency_sweep', 'execution_sweep'].flatMap((query) => both(`db.${query}`));
const SERVERS = [
	'queue.add.before',
	'queue.add.after',
	'queue.fetch.after',
	'db.execution_claim.after',
	'provider.speak.before',
	'provider.speak.after',
	's3.PUT.after',
	'db.execution_finish.before',
	'queue.finish.before',
	'queue.finish.after',
];
const DATABASE = [
	...['execution_create', 'idempotency_answer', 'execution_claim', 'step_start', 'step_finish'].map((query) => `db.${query}.before`),
	...['segment_plan', 'segment_take', 'segment_store', 'execution_finish'].map((query) => `db.${query}.before`),
	'provider.speak.before',
	'provider.speak.after',
	'queue.fetch.after',
	'db.commit.before',
];

export const POINTS = [
	...at('itself', [...RESPONDER, ...RUNNER, ...KEEPER]),
	...at('itself', SCHEDULES, 'schedule'),
	...at('itself', SWEEPS, 'restart'),
	...at('itself', [...both('db.execution_give_back'), ...both('queue.give_back')], 'stop'),
	...at('itself', both('queue.restore'), 'forget'),
	...at('itself', [...both('db.step_outputs'), ...both('provider.history')], 'crash'),
	...at('itself', ['db.execution_reopen.after', 'queue.retry_failed.after'], 'retry'),
	...at('redis', SERVERS),
	...at('redis-emptied', SERVERS),
	...at('redis-lost', SERVERS),
	...at('postgres', DATABASE),
	...at('postgres', ['db.schedule_fired.before'], 'schedule'),
	...['runner', 'responder', 'redis', 'redis-emptied', 'redis-lost', 'postgres'].map((victim) => ({ victim, name: 'any' })),
];

/* Where a runner may die inside a long text. */
const INSIDE = [
	...['step_start', 'step_finish', 'step_progress', 'segment_plan', 'segment_take', 'segment_store', 'segment_starts'].flatMap((query) => both(`db.${query}`)),
	'lease.take.after',
	...both('provider.speak'),
	...both('provider.history'),
	'lease.return.before',
	...both('s3.PUT'),
	'step.run.after',
];
export const LONG_POINTS = [...at('itself', INSIDE), { victim: 'runner', name: 'any' }];

/* A few of each kind, for a test that has a minute. */
const FEW = [
	'request.route.after',
	'db.execution_create.after',
	'queue.add.before',
	'queue.fetch.after',
	'db.execution_claim.after',
	'provider.speak.after',
	'db.segment_store.before',
	's3.PUT.after',
	'db.execution_finish.after',
	'queue.finish.before',
	'redis at provider.speak.before',
	'redis-emptied at queue.fetch.after',
	'redis-lost at db.execution_finish.before',
	'postgres at db.step_finish.before',
	'postgres at provider.speak.after',
];

/* What stands in the table. */
export function titleOf({ victim, name }) {
	if (name === 'any') return `${victim}, at any moment`;
	return victim === 'itself' ? name : `${victim} at ${name}`;
}

export const FEW_POINTS = FEW.map((title) => POINTS.find((point) => titleOf(point) === title) ?? assert.fail(`no point is called ${title}`));
