/* The traffic, and what the site has promised by it: executions that were answered with 201 or 202. */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { edge, node } from '../api/client.js';
import { pick } from './site.js';

const PATIENCE_MS = 150_000; /* with which a client repeats a request under its Idempotency-Key */
const RETRY_MS = 250;
const REPEATED = [408, 409, 429, 500, 502, 503, 504];
const SLOW_S = 5;
const SCHEDULES = 4;
export const LONG = 60; /* segments of a long text */

const done = ['COMPLETED'];
/* Which traffic there is: how much of it, and how each may end. */
const KINDS = [
	{ name: 'speak', weight: 61, ends: done },
	{ name: 'long', weight: 1, ends: done },
	{ name: 'hook', weight: 12, ends: done },
	{ name: 'azure', weight: 10, ends: done },
	{ name: 'plain', weight: 8, ends: done },
	{ name: 'slow', weight: 3, ends: done },
	{ name: 'cancel', weight: 2, ends: ['COMPLETED', 'CANCELLED'] },
	{ name: 'fail', weight: 3, ends: ['FAILED'] },
];
const TOTAL_WEIGHT = KINDS.reduce((sum, { weight }) => sum + weight, 0);

/* A text that no other run has: by its user, its paragraphs and the time at which it started. */
function script(number, ...kinds) {
	const paragraphs = kinds.map((kind) => `User ${number} has ${kind} spoken at {{start.timestamp}}.`);
	return node('script', 'set-variable', { variableName: 'text', value: paragraphs.join('\n\n') });
}

/* The nodes that speak a text of LONG segments with a profile. */
export function speakLong(number, profile) {
	const paragraphs = Array.from({ length: LONG }, (_, i) => `paragraph ${i}`);
	return [node('start', 'manual-trigger'), script(number, ...paragraphs), node('speak', 'voice.tts', { voiceProfileId: profile.id }), node('end', 'logger')];
}

function chooseKind() {
	let left = randomInt(TOTAL_WEIGHT);
	return KINDS.find(({ weight }) => (left -= weight) < 0);
}

export class Load {
	promises = new Map(); /* execution id: {kind, workflow, at, ends} */
	workflows = []; /* those whose executions are all accounted for */
	due = []; /* {workflow, at, sure}: what schedules were made due */
	reopened = new Set();
	slowestMs = 0;
	#schedules = [];
	#number = 0;

	static async open(site) {
		const load = new Load();
		load.site = site;
		site.load = load;
		for (const [i, user] of site.users.entries()) await load.#addWorkflows(user, i);
		for (let i = 0; i < SCHEDULES; i++) await load.#addSchedule(pick(site.users));
		return load;
	}

	async #addWorkflows(user, number) {
		const start = node('start', 'manual-trigger'), end = node('end', 'logger');
		const speak = (profile) => node('speak', 'voice.tts', { voiceProfileId: profile.id });
		const sides = [node('left', 'set-variable', { variableName: 'l', value: 1 }), node('right', 'set-variable', { variableName: 'r', value: 2 })];
		const slow = [start, node('wait', 'delay', { duration: SLOW_S }), end];
		const graphs = {
			speak: [[start, script(number, 'a voice'), speak(user.profile), end]],
			long: [speakLong(number, user.profile)],
			hook: [[node('start', 'webhook-trigger'), speak(user.profile), end]],
			azure: [[start, script(number, 'another voice', 'its second paragraph'), speak(user.azureProfile), end]],
			plain: [[start, ...sides, end], sides.flatMap(({ id }) => [edge('start', id), edge(id, 'end')])],
			slow: [slow],
			cancel: [slow],
			fail: [[start, node('broken', 'set-variable'), end]],
		};
		user.workflows = {};
		for (const [kind, graph] of Object.entries(graphs)) {
			user.workflows[kind] = await user.workflow(...graph);
			this.workflows.push(user.workflows[kind]);
		}
		await user.put(`/api/workflows/${user.workflows.hook}`, { status: 'ACTIVE' });
		[user.hook] = (await user.get(`/api/workflows/${user.workflows.hook}/hooks`)).body;
	}

	async #addSchedule(user) {
		const workflow = await user.workflow([node('start', 'schedule-trigger', { cron: '0 0 1 1 *' }), node('end', 'logger')]);
		await user.put(`/api/workflows/${workflow}`, { status: 'ACTIVE' });
		this.#schedules.push(workflow);
	}

	/* Repeats a request until it is answered, as clients do. */
	async #insist(client, path, body, headers) {
		const begin = Date.now();
		for (;;) {
			const answer = await client.post(path, body, { headers }).catch(() => ({ status: 0 }));
			const ms = Date.now() - begin;
			this.slowestMs = Math.max(this.slowestMs, ms);
			if (answer.status >= 200 && answer.status < 300) return answer.body;
			if (answer.status && !REPEATED.includes(answer.status)) throw new Error(`${path}: ${answer.status} ${answer.text}`);
			if (ms > PATIENCE_MS) throw new Error(`${path}: no answer but ${answer.status} ${answer.text} for ${ms / 1000} s`);
			await sleep(RETRY_MS);
		}
	}

	/* Starts one execution, of any kind or of that called so, and notes that it was promised. */
	async start(kind) {
		const { name, ends } = kind ? KINDS.find((one) => one.name === kind) : chooseKind();
		const user = pick(this.site.users), workflow = user.workflows[name], key = randomUUID();
		let id;
		if (name === 'hook') {
			const text = `Delivery ${++this.#number} of ${workflow}.`;
			({ executionId: id } = await this.#insist(user.as(null), user.hook.path, { text }, { 'webhook-id': key }));
		} else {
			({ id } = await this.#insist(user, `/api/workflows/${workflow}/execute`, {}, { 'Idempotency-Key': key }));
		}
		this.#promise(id, name, workflow, ends);
		if (name === 'cancel') await this.#insist(user, `/api/workflows/${workflow}/executions/${id}/cancel`);
		if (name === 'fail') await this.#rerun(user, workflow, id);
	}

	#promise(id, kind, workflow, ends) {
		this.promises.set(id, { kind, workflow, at: Date.now(), ends });
	}

	/* One that has failed is run again; where it takes its time, or voiceoverctl lets it go on, that is left out. */
	async #rerun(user, workflow, id) {
		await sleep(RETRY_MS);
		const { body } = await user.get(`/api/workflows/${workflow}/executions/${id}`).catch(() => ({}));
		if (body?.status !== 'FAILED') return;
		const again = await this.#insist(user, `/api/workflows/${workflow}/rerun`, { executionId: id }, { 'Idempotency-Key': randomUUID() }).catch((error) => {
			if (!this.reopened.has(id)) throw error;
		});
		if (!again) return;
		this.#promise(again.id, 'fail', workflow, ['FAILED']);
	}

	/* Makes a schedule due that has fired since the last time. */
	async makeDue() {
		const workflow = pick(this.#schedules), at = new Date().toISOString();
		const change = `UPDATE workflow_schedules SET next_at = '${at}' WHERE workflow_id = '${workflow}' AND next_at > now() + interval '1 hour' RETURNING 1`;
		const changed = await this.site.stack.sql(change).catch(() => null);
		if (changed !== '') this.due.push({ workflow, at, sure: changed === '1' });
	}

	get schedules() {
		return this.#schedules;
	}

	/* Lets a failed execution go on by voiceoverctl, which may die over it. */
	async retryFailed() {
		const [failed] = await this.site.rows("SELECT id FROM executions WHERE status = 'FAILED' ORDER BY completed_at DESC LIMIT 1");
		if (!failed) return;
		this.reopened.add(failed.id);
		await this.site.stack.program('voiceoverctl', ['queue', 'retry', failed.id], { FAULT_POINTS: this.site.orders.path });
	}
}
