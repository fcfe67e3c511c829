/*
 * Long texts, and runners killed inside them: what is paid for each. Half of the users have a key that may read ElevenLabs'
 * history, so that nothing is paid twice. The others' keys may not, so that of a call whose outcome a dead runner took along
 * nobody can know; theirs are made one at a time, and a kill costs one call at most.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { killAt } from './kills.js';
import { LONG, speakLong } from './load.js';
import { LONG_POINTS, titleOf } from './points.js';
import { chargesOf } from './site.js';

const USERS = 24, RUNNERS = 12, CONCURRENCY = 2;
const LATENCY = 0.03; /* seconds of a call */
const LOOK_MS = 200;
const BREAK_MS = 500;
const GIVEN_UP = /left unfinished/, MAX_RUNS = 100;

const isBlind = (i) => i % 2 === 1;
const BLIND = { permissions: ['text_to_speech', 'models_read', 'voices_read', 'voices_write'], concurrency: 1 };

/* What the site has to be for it. */
export const SITE = { users: USERS, runners: RUNNERS, concurrency: CONCURRENCY, account: (i) => (isBlind(i) ? BLIND : {}) };

/* Resolves once an execution has ended. */
async function end(user, workflow, id) {
	for (;;) {
		const { status, body } = await user.get(`/api/workflows/${workflow}/executions/${id}`);
		if (status === 200 && body.status !== 'RUNNING') return body;
		await sleep(LOOK_MS);
	}
}

/* Speaks one text to its end: a run that is given up after too many deaths is run on, as its user would. Resolves to its runs. */
async function speakOne(user, workflow) {
	let { body: run } = await user.post(`/api/workflows/${workflow}/execute`);
	const runs = [run.id];
	for (;;) {
		const { status, error } = await end(user, workflow, run.id);
		if (status === 'COMPLETED') return { user, runs };
		if (!GIVEN_UP.test(error ?? '') || runs.length > MAX_RUNS) throw new Error(`${run.id}: ${status} ${error}`);
		({ body: run } = await user.post(`/api/workflows/${workflow}/rerun`, { executionId: run.id }));
		runs.push(run.id);
	}
}

async function speakOn(site, state, user, number) {
	const workflow = await user.workflow(speakLong(number, user.profile));
	while (!state.over && !state.failed) state.texts.push(await speakOne(user, workflow));
}

async function kill(site, state, count, say) {
	const points = new Set();
	while (state.kills < count && !state.failed) {
		const point = LONG_POINTS[randomInt(LONG_POINTS.length)];
		if (await killAt(site, point)) {
			state.kills++;
			points.add(titleOf(point));
			if (state.kills % 20 === 0) say(`${state.kills} kills, ${state.texts.length} texts spoken`);
		}
		await sleep(randomInt(BREAK_MS));
	}
	state.over = true;
	return points;
}

/* What the texts of some users came to, which may have cost extraOf(deaths) more than they have segments. */
async function judge(site, state, title, users, extraOf) {
	const texts = state.texts.filter(({ user }) => users.includes(user));
	const runs = texts.flatMap((text) => text.runs.map((id) => `'${id}'`));
	if (texts.length === 0) throw new Error(`${title}: no text was spoken to its end`);
	const deaths = Number(await site.sql(`SELECT sum(crashes) FROM executions WHERE id IN (${runs})`));
	const charges = users.flatMap((user) => chargesOf(site.elevenlabs, user.key)).length;
	const segments = texts.length * LONG;
	return { title, texts: texts.length, deaths, segments, charges, ok: charges >= segments && charges <= segments + extraOf(deaths) };
}

/* Kills runners `count` times while long texts are spoken; resolves to {kills, points, rows}. */
export async function speakUnderFire(site, count, say) {
	const state = { texts: [], kills: 0, over: false, failed: null };
	site.elevenlabs.configure({ latency: LATENCY });
	const speaking = Promise.all(site.users.map((user, i) => speakOn(site, state, user, i))).catch((error) => (state.failed = error));
	const points = await kill(site, state, count, say);
	await speaking;
	if (state.failed) throw state.failed;
	const groups = [
		['history can be read', (_, i) => !isBlind(i), () => 0],
		['no history, one call at a time', (_, i) => isBlind(i), (deaths) => deaths],
	];
	const rows = [];
	for (const [title, belongs, extraOf] of groups) rows.push(await judge(site, state, title, site.users.filter(belongs), extraOf));
	return { kills: state.kills, points, rows };
}

/* The table of it. */
export function tableOf({ kills, points, rows }) {
	const line = (cells) => cells.map((cell, i) => (i ? String(cell).padStart(10) : cell.padEnd(32))).join('');
	return [
		line(['keys', 'texts', 'killed in', 'segments', 'paid', 'extra', '']),
		...rows.map(({ title, texts, deaths, segments, charges, ok }) => line([title, texts, deaths, segments, charges, charges - segments, ok ? 'ok' : 'WRONG'])),
		'',
		`Runners were killed ${kills} times at ${points.size} points inside texts of ${LONG} segments; "killed in" counts each text that a kill hit.`,
	].join('\n');
}
