/*
 * Measures the API on this machine, beside the least that could answer it: see `tools/bench help`.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { BARE_PATH, startBare } from './bare.js';
import { pgbench, wrk } from './load.js';
import { MANY, UPLOADS, overManyRequests, overUploads } from './memory.js';
import { onStack } from './on_stack.js';
import { childrenOf, cpuTime, proportionalSize, withOneOf } from './processes.js';
import { Report } from './report.js';

const POOL = 4;
const ROUNDS = 6;
const SECONDS = 2;
const PROFILES = 20;
const OTHER_USERS = 5000;
const LIST = '/api/voice-profiles';
const PROFILE = { name: 'A voice of mine', provider: 'elevenlabs', providerVoiceId: 'simvoice0000000001', language: 'en' };
const GOALS = { cpuRatio: 1.25, pssMb: 4, growthKb: 64, uploadMb: 2 };

function say(text) {
	process.stderr.write(`${text}\n`);
}

/* The statement of the list, with its parameter as a variable of pgbench. */
async function listStatement() {
	const sql = await readFile(new URL('../../sql/queries/voice_profiles.sql', import.meta.url), 'utf8');
	const [, statement] = sql.match(/^-- name: voice_profile_list\b.*\n([^]*?)\n\n/m);
	return statement.replaceAll('$1', ':user_id');
}

/* Other people's rows: with a few only, PostgreSQL reads the whole table, which grows during the run. */
async function fillDatabase(stack) {
	await stack.sql(`WITH others AS (
		INSERT INTO users (id, email, name, password_hash)
		SELECT gen_random_uuid(), n || '@example.net', 'Somebody', '' FROM generate_series(1, ${OTHER_USERS}) n RETURNING id)
		INSERT INTO voice_profiles (id, user_id, provider, provider_voice_id, name, language)
		SELECT gen_random_uuid(), id, 'elevenlabs', '', 'A voice', 'en' FROM others, generate_series(1, ${PROFILES})`);
}

/* The user whose profiles are read, and another one who makes new ones. */
async function users(stack) {
	const reader = await stack.user(), writer = await stack.user();
	for (let i = 0; i < PROFILES; i++) {
		const { status, body, text } = await reader.post(LIST, PROFILE);
		assert.equal(status, 201, text);
		reader.profile = body.id;
	}
	await stack.sql('VACUUM ANALYZE');
	return { reader, writer };
}

/* Everything that is measured side by side; `responders` is the supervisor of those who answer. */
async function subjects(stack, bare, { reader, writer }) {
	const base = { url: stack.info.url, seconds: SECONDS };
	const ours = stack.info.pids.pool;
	const through = (name, responders, load) => ({ name, responders, load: () => wrk({ ...base, ...load }) });
	const statement = {
		databaseUrl: stack.info.databaseUrl,
		dir: stack.dir,
		clients: POOL,
		seconds: SECONDS,
		statement: await listStatement(),
		variables: { user_id: reader.user.id },
	};
	return [
		through('list', ours, { paths: [LIST], token: reader.token }),
		through('bare list', bare.pid, { paths: [BARE_PATH] }),
		through('list, one at a time', ours, { paths: [LIST], token: reader.token, connections: 1 }),
		through('bare list, one at a time', bare.pid, { paths: [BARE_PATH], connections: 1 }),
		through('get', ours, { paths: [`${LIST}/${reader.profile}`], token: reader.token }),
		through('create', ours, { method: 'POST', paths: [LIST], body: PROFILE, token: writer.token }),
		through('health', ours, { paths: ['/api/health'] }),
		{ name: 'pgbench list', responders: null, load: () => pgbench(statement) },
	];
}

/* One run of a subject: its load, and what each part spent on a request of it. */
async function measure(stack, { responders, load }) {
	const { nginx, postgres } = stack.info.pids;
	const parts = Object.entries({ nginx, responder: responders, postgres }).filter(([, pid]) => pid);
	const before = parts.map(([, pid]) => cpuTime(pid));
	const { requests, seconds, p99Ms } = await load();
	const cpu = parts.map(([part, pid], i) => [part, (cpuTime(pid) - before[i]) / requests]);
	return { rate: requests / seconds, p99Ms, cpu: Object.fromEntries(cpu) };
}

/* The runs of each subject by its name, in turns, so that whatever else the machine does meets all of them. */
async function measureInTurns(stack, all) {
	const runs = new Map(all.map(({ name }) => [name, []]));
	for (let round = 1; round <= ROUNDS; round++) {
		say(`round ${round} of ${ROUNDS}`);
		const order = round % 2 ? all : all.toReversed();
		for (const subject of order) runs.get(subject.name).push(await measure(stack, subject));
	}
	return runs;
}

function reportLoad(report, runs) {
	for (const [name, samples] of runs) {
		report.add(`${name}: rate`, 'requests/s', samples.map(({ rate }) => rate));
		report.add(`${name}: p99 latency`, 'ms', samples.map(({ p99Ms }) => p99Ms));
		/* Less than a microsecond is what a part does anyway, not for these requests. */
		const parts = Object.keys(samples[0].cpu).filter((part) => samples.every(({ cpu }) => cpu[part] > 1));
		for (const part of parts)
			report.add(`${name}: CPU of ${part}`, 'µs/request', samples.map(({ cpu }) => cpu[part]));
	}
}

/* Round by round, what ours spend in units of what the bare ones spend. */
function reportRatio(report, runs, name, max) {
	const bare = runs.get(`bare ${name}`);
	const ratios = runs.get(name).map(({ cpu }, i) => cpu.responder / bare[i].cpu.responder);
	report.add(`${name}: CPU of ours to bare`, '', ratios, { max, beside: 'the bare responder, in the same rounds' });
}

async function reportMemory(report, stack, { reader, writer }) {
	const pids = childrenOf(stack.info.pids.pool);
	report.add('responder: PSS', 'MB', pids.map((pid) => proportionalSize(pid).pss / 1024),
		{ max: GOALS.pssMb, worst: true, beside: `${pids.length} responders after the load above` });
	const load = { url: stack.info.url, token: reader.token, paths: [LIST, `${LIST}/${reader.profile}`, '/api/health'] };
	const { body: profile } = await writer.post(LIST, PROFILE);
	await withOneOf(pids, async (pid) => {
		say(`${MANY} requests to one responder`);
		const { before, after, requests } = await overManyRequests(pid, load);
		const beside = `itself, ${requests} requests before`;
		report.add('responder: PSS before many requests', 'MB', [before.pss / 1024]);
		report.add('responder: PSS after many requests', 'MB', [after.pss / 1024], { max: GOALS.pssMb, beside });
		report.add('responder: growth of its own memory', 'KB', [after.own - before.own], { max: GOALS.growthKb, beside });
		say(`${UPLOADS} uploads of 25 MB`);
		const growth = await overUploads(pid, writer, profile.id);
		report.add('upload of 25 MB: growth of PSS', 'MB', growth.map(({ pss }) => pss / 1024), { max: GOALS.uploadMb, worst: true, beside: 'itself before' });
		report.add('upload of 25 MB: growth of peak RSS', 'MB', growth.map(({ resident }) => resident / 1024),
			{ max: GOALS.uploadMb, worst: true, beside: 'itself before' });
	});
}

async function bench(stack) {
	const report = new Report();
	await fillDatabase(stack);
	const people = await users(stack);
	const bare = await startBare(stack, people.reader.user.id, POOL);
	try {
		const [ours, theirs] = [await people.reader.get(LIST), await stack.client.get(BARE_PATH)];
		assert.equal(ours.text, theirs.text, 'the bare responder answers something else');
		const runs = await measureInTurns(stack, await subjects(stack, bare, people));
		reportLoad(report, runs);
		reportRatio(report, runs, 'list', GOALS.cpuRatio);
		reportRatio(report, runs, 'list, one at a time', null);
	} finally {
		await bare.stop();
	}
	await reportMemory(report, stack, people);
	return report;
}

await onStack({ pool: POOL }, bench);
