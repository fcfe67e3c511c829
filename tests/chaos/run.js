/* Kills at points in turn, under traffic, and the judgement of it. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { killAt } from './kills.js';
import { Load } from './load.js';
import { POINTS, titleOf } from './points.js';
import { judge } from './verdict.js';

const CLIENTS = 16;
const MAX_UNFINISHED = 400; /* beyond it clients wait, so that a queue does not hide how long a recovery takes */
const LOOK_MS = 500;
const SETTLE_MS = 150_000; /* at most, for what was hit last */
const BREAK_MS = 400; /* between two kills, about */
const TRIES = 4; /* of a point that is to be hit once */

/* Each point once in a round, in an order that differs from round to round. */
function* rounds(points, count) {
	for (let i = 0; i < count; i++) {
		const left = [...points];
		while (left.length > 0) yield left.splice(randomInt(left.length), 1)[0];
	}
}

/* Traffic at `rate` a second, at most, until `count` executions are promised; `state` is shared. */
async function drive(load, state, count, rate) {
	let started = 0, next = Date.now();
	const client = async () => {
		while (started < count && !state.failed && !state.over) {
			started++;
			next = Math.max(next + 1000 / rate, Date.now() - 1000);
			await sleep(Math.max(0, next - Date.now()));
			while (state.unfinished > MAX_UNFINISHED) await sleep(LOOK_MS);
			await load.start();
			state.promised++;
		}
	};
	await Promise.all(Array.from({ length: CLIENTS }, client)).catch((error) => (state.failed = error));
	state.over = true;
}

async function watch(site, state) {
	while (!state.settled) {
		state.unfinished = Number(await site.stack.sql("SELECT count(*) FROM executions WHERE status = 'RUNNING'").catch(() => state.unfinished));
		await sleep(LOOK_MS);
	}
}

async function kill(site, state, { points, kills: wanted, once, say }) {
	const kills = [], missed = new Set(), hit = new Set();
	for (const point of rounds(points, once ? TRIES : Infinity)) {
		if (state.over || kills.length >= wanted || (once && hit.size === points.length)) break;
		if (once && hit.has(titleOf(point))) continue;
		const done = await killAt(site, point);
		if (done) kills.push(done);
		(done ? hit : missed).add(titleOf(point));
		if (kills.length % 25 === 0) say(`${state.promised} executions, ${kills.length} kills at ${hit.size} points, ${state.unfinished} unfinished`);
		await sleep(randomInt(2 * BREAK_MS));
	}
	site.orders.takeBack();
	return { kills, missed: [...missed].filter((title) => !hit.has(title)) };
}

/* Replaces every runner by a new one, again and again, `count` times in all. */
async function roll(site, state, count, say) {
	let stopped = 0;
	const slots = site.runnerSlots();
	const replace = async (slot) => {
		while (stopped < count && !state.over) {
			const fresh = slots.length + stopped++;
			const exitCode = await site.replaceRunner(slot, fresh);
			slot = fresh;
			if (exitCode !== 0) state.failed ??= new Error(`a runner that was stopped exited with ${exitCode}`);
			if (stopped % 100 === 0) say(`${state.promised} executions, ${stopped} runners stopped, ${state.unfinished} unfinished`);
		}
	};
	await Promise.all(slots.map(replace));
	state.over = true;
	return { kills: [], missed: [] };
}

async function settle(state) {
	const deadline = Date.now() + SETTLE_MS;
	await sleep(2 * LOOK_MS);
	while (state.unfinished > 0 && !state.failed && Date.now() < deadline) await sleep(LOOK_MS);
	state.settled = true;
}

/*
 * Traffic of at most `rate` executions a second, and kills at `points` in turn: until `executions` are promised, with no more
 * than `kills`; or, with `once`, until somebody was killed at each point, or it was tried often enough; or, with `stops`, until
 * so many runners were stopped in place of kills, each by SIGTERM once another was up. Resolves to {verdict, missed, failed}:
 * what became of what was promised, the points that nobody came to, and the error that ended the traffic.
 */
export async function run(site, { points = POINTS, executions = Infinity, rate, kills: most = Infinity, once = false, stops = 0, say = () => {} }) {
	const state = { promised: 0, unfinished: 0, over: false, settled: false, failed: null };
	const load = await Load.open(site);
	const watching = watch(site, state);
	const driving = drive(load, state, executions, rate);
	const { kills, missed } = stops ? await roll(site, state, stops, say) : await kill(site, state, { points, kills: most, once, say });
	if (once) state.over = true;
	await driving;
	await settle(state);
	await watching;
	const verdict = await judge(site, load, kills);
	return { verdict, missed, failed: state.failed };
}
