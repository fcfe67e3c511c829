/*
 * Measures what a voiceover costs on its whole way: see `tools/bench help`.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { node } from '../api/client.js';
import { killAll, start } from './children.js';
import { wrk } from './load.js';
import { onStack } from './on_stack.js';
import { cpuTime, proportionalSize, threadsTime } from './processes.js';
import { Report } from './report.js';
import { startStorage } from './storage.js';

const ROUNDS = 3;
const SECONDS = 4;
const USERS = 8;
const WORKFLOWS = 1000; /* of each user and round: each text is spoken once */
const LOOK_MS = 200;
const POOL = 4;
const GOALS = { runner: 1, others: 2, rate: 500 };
const TEXT = 'A sentence that is spoken anew by each execution.';
const OTHERS = ['responders', 'nginx', 'postgres', 'redis'];

async function speakers(stack) {
	const all = [];
	for (let i = 0; i < USERS; i++) {
		const user = await stack.speaker({ key: `key-of-user-${i}-0123456789abcdef` });
		user.spoken = await user.workflow([node('speak', 'voice.tts', { voiceProfileId: user.profile.id, text: TEXT })]);
		all.push(user);
	}
	return all;
}

/* Paths that execute workflows which differ in their texts, one of each user in turn. */
async function executePaths(stack, users, round) {
	const copies = await Promise.all(users.map(({ spoken }) => stack.sql(`INSERT INTO workflows (id, user_id, name, nodes, edges)
		SELECT gen_random_uuid(), user_id, name, replace(nodes::text, '${TEXT}', '${TEXT} ${round} ' || n)::json, edges
		FROM workflows, generate_series(1, ${WORKFLOWS}) n WHERE id = '${spoken}' RETURNING id`)));
	const ids = copies.map((text) => text.split('\n').filter((line) => line.length === 36));
	return Array.from({ length: WORKFLOWS * users.length }, (_, i) => `/api/workflows/${ids[i % users.length][Math.floor(i / users.length)]}/execute`);
}

/* Microseconds that each part has spent so far. */
function spent({ info }, { provider, storage }) {
	const { pids } = info;
	return {
		runner: threadsTime(pids.runner),
		responders: cpuTime(pids.pool),
		nginx: cpuTime(pids.nginx),
		postgres: cpuTime(pids.postgres),
		redis: threadsTime(pids.redis),
		provider: threadsTime(provider.pid),
		storage: cpuTime(storage.pid),
	};
}

/* One round: executions as fast as they are answered, until the last of them has ended. */
async function measure(stack, standIns, users, round) {
	const paths = await executePaths(stack, users, round);
	const earlier = Number(await stack.sql('SELECT count(*) FROM executions'));
	await stack.sql('VACUUM ANALYZE');
	const before = spent(stack, standIns), begin = performance.now();
	const { requests } = await wrk({ url: stack.info.url, seconds: SECONDS, paths, method: 'POST', body: {}, token: users.map(({ token }) => token).join() });
	while (Number(await stack.sql('SELECT count(*) FROM executions WHERE completed_at IS NULL')) > 0) await sleep(LOOK_MS);
	const seconds = (performance.now() - begin) / 1000, after = spent(stack, standIns);
	const [all, bad] = (await stack.sql("SELECT count(*), count(*) FILTER (WHERE status <> 'COMPLETED') FROM executions")).split('|').map(Number);
	const count = all - earlier;
	assert.ok(requests <= paths.length, 'there are too few workflows');
	assert.equal(bad, 0, 'an execution failed');
	assert.ok(count >= requests, 'an execution was lost');
	const cpu = Object.fromEntries(Object.keys(before).map((part) => [part, (after[part] - before[part]) / 1000 / count]));
	return { rate: count / seconds, cpu, memory: proportionalSize(stack.info.pids.runner).pss / 1024 };
}

async function bench(stack, standIns) {
	const users = await speakers(stack), rounds = [];
	/* The first round, whose tables are as empty as they never will be again, does not count. */
	for (let round = 0; round <= ROUNDS; round++) {
		process.stderr.write(`round ${round} of ${ROUNDS}\n`);
		rounds.push(await measure(stack, standIns, users, round));
	}
	rounds.shift();
	const report = new Report();
	report.add('voiceovers', 'a second', rounds.map(({ rate }) => rate), { min: GOALS.rate, beside: 'the load, the provider and the storage on the same cores' });
	report.add('CPU of the runner', 'ms each', rounds.map(({ cpu }) => cpu.runner), { max: GOALS.runner });
	report.add('CPU of everything else of ours', 'ms each', rounds.map(({ cpu }) => OTHERS.reduce((sum, part) => sum + cpu[part], 0)), { max: GOALS.others });
	for (const part of OTHERS) report.add(`  of ${part}`, 'ms each', rounds.map(({ cpu }) => cpu[part]));
	for (const part of ['provider', 'storage']) report.add(`CPU of the ${part}'s stand-in`, 'ms each', rounds.map(({ cpu }) => cpu[part]));
	report.add('PSS of the runner', 'MB', rounds.map(({ memory }) => memory));
	return report;
}

/* An nginx of its own is the storage, and the provider does next to nothing: a simulator would take more than all else. */
const provider = await start('node', 'tests/bench/audio-server.js'), storage = await startStorage();
try {
	await onStack({ pool: POOL, env: { ...storage.env, LOG_LEVEL: 'warn', ELEVENLABS_BASE_URL: provider.said.url.slice(0, -1), PROVIDER_CONCURRENCY: '50' } }, (stack) => bench(stack, { provider, storage }));
} finally {
	killAll();
	await storage.stop();
}
