/* Kills at points, and which executions each has hit. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../api/until.js';
import { isGone, pick } from './site.js';

const LOOK_MS = 2;
/* For traffic to lead somebody to a point, by what nudges it; that a runner died shows when its lease has run out. */
const PATIENCE_MS = { none: 8000, crash: 60_000, any: 20_000 };
const MAX_DOWN_MS = 600;
const ANY_MS = 400;

/* Executions that a dead process had, or may have had: those that it claimed, and those that nobody has claimed. */
const heldBy = (pid) => `status = 'RUNNING' AND (claim_expires_at IS NULL OR claimed_by LIKE '%:${pid}')`;

async function note(site, point, at, condition) {
	const rows = await site.rows(`SELECT id FROM executions WHERE ${condition}`);
	return { point, at, hit: rows.map(({ id }) => id) };
}

/* Takes a server down, lets whoever is held go on before or after it is back, and waits until it answers. */
async function killServer(site, point) {
	const { down, up } = site.servers[point.victim];
	const at = Date.now();
	await down();
	if (randomInt(2)) site.orders.takeBack();
	await sleep(randomInt(MAX_DOWN_MS));
	await up();
	await sleep(randomInt(50));
	site.orders.takeBack();
	return note(site, point, at, "status = 'RUNNING'");
}

async function killProcess(site, point, pid) {
	const at = Date.now();
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		return null; /* it had ended already */
	}
	return note(site, point, at, heldBy(pid));
}

async function killAnytime(site, point) {
	await sleep(randomInt(ANY_MS));
	if (point.victim === 'runner') return killProcess(site, point, pick(site.runnerPids()));
	if (point.victim === 'responder') return killProcess(site, point, pick(await site.responderPids()));
	return killServer(site, point);
}

/* Waits for somebody to come to the point; their pid, or null. */
async function wait(site, point) {
	const deadline = Date.now() + (PATIENCE_MS[point.nudge ?? 'none'] ?? PATIENCE_MS.any);
	let pid = null;
	while (!(pid = site.orders.obeyedBy()) && Date.now() < deadline) await sleep(LOOK_MS);
	return pid;
}

/* Kills at a point; resolves to {point, at, hit}, or to null where nobody came to it in time. */
export async function killAt(site, point) {
	if (point.name === 'any') return killAnytime(site, point);
	site.orders.give(point.victim === 'itself' ? 'die' : 'hold', point.name);
	const nudged = point.nudge ? Promise.resolve(site.nudges[point.nudge]()).catch(() => {}) : null;
	const pid = await wait(site, point);
	if (!pid) {
		site.orders.takeBack();
		await nudged;
		return null;
	}
	if (point.victim !== 'itself') return killServer(site, point);
	const at = Date.now();
	await until(() => isGone(pid), `the death of ${pid}`);
	site.orders.takeBack();
	await nudged;
	return note(site, point, at, heldBy(pid));
}
