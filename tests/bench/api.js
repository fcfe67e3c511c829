/*
 * Measures the API on this machine, beside the least that could answer it: see `tools/bench help`.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Stack } from '../api/stack.js';
import { BARE_PATH, startBare } from './bare.js';
import { pgbench, wrk } from './load.js';
import { MANY, UPLOADS, overManyRequests, overUploads } from './memory.js';
import { childrenOf, cpuBetween, cpuTimes, proportionalSize, withOneOf } from './processes.js';
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
		through('get', ours, { paths: [`${LIST}/${reader.profile}`], token: reader.token }),
		through('create', ours, { method: 'POST', paths: [LIST], body: PROFILE, token: writer.token }),
		through('health', ours, { paths: ['/api/health'] }),
		{ name: 'pgbench list', responders: null, load: () => pgbench(statement) },
	];
}

/* One run of a subject: its load, and what each part spent on a request of it. */
async function measure(stack, { responders, load }) {
	const parts = { nginx: stack.info.pids.nginx, responder: responders, postgres: stack.info.pids.postgres };
	const times = () => Object.values(parts).map((pid) => (pid ? cpuTimes(childrenOf(pid)) : new Map()));
	const before = times();
	const { requests, seconds, p99Ms } = await load();
	const after = times();
	const cpu = Object.keys(parts).map((part, i) => [part, cpuBetween(before[i], after[i]) / requests]);
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
		for (const part of Object.keys(samples[0].cpu))
			if (samples.some(({ cpu }) => cpu[part] > 1))
				report.add(`${name}: CPU of ${part}`, 'µs/request', samples.map(({ cpu }) => cpu[part]));
	}
	const bare = runs.get('bare list');
	const ratios = runs.get('list').map(({ cpu }, i) => cpu.responder / bare[i].cpu.responder);
	report.add('list: responder CPU, ours to bare', '', ratios, { max: GOALS.cpuRatio, beside: 'a bare libfcgi responder, round by round' });
}

async function reportMemory(report, stack, { reader, writer }) {
	const pids = childrenOf(stack.info.pids.pool);
	report.add('responder: PSS', 'MB', pids.map((pid) => proportionalSize(pid).pss / 1024),
		{ max: GOALS.pssMb, beside: `${pids.length} responders after the load above` });
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
		report.add('upload of 25 MB: growth of PSS', 'MB', growth.map(({ pss }) => pss / 1024), { max: GOALS.uploadMb, beside: 'itself before' });
		report.add('upload of 25 MB: growth of peak RSS', 'MB', growth.map(({ resident }) => resident / 1024),
			{ max: GOALS.uploadMb, beside: 'itself before' });
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
		reportLoad(report, await measureInTurns(stack, await subjects(stack, bare, people)));
	} finally {
		await bare.stop();
	}
	await reportMemory(report, stack, people);
	return report;
}

const stack = await Stack.start({ build: 'release', pool: POOL });
try {
	const report = await bench(stack);
	process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${report}\n`);
	process.exitCode = report.ok ? 0 : 1;
} finally {
	await stack.stop();
}
