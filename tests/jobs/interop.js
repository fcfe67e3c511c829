/*
 * What the tests of our queue beside BullMQ stand on: a Redis of their own, our side as a program that
 * does what it is told, BullMQ's side in its releases, and the whole of a queue's keys as a value.
 *
 * QUEUE_DRIVER names the program made of tests/jobs/queue-driver.c; else that of build/$BUILD
 * (debug). Tests wait for a state, never for a time; the limit of a test ends what hangs.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as bullmq5 from 'bullmq5';
import * as bullmq5newest from 'bullmq5newest';
import * as bullmq6 from 'bullmq';
import { Redis } from 'ioredis';

/* The releases beside which we are tested: that of the system we replace, and the newest of both layouts. */
export const RELEASES = [
	{ version: '5.69.3', module: 'bullmq5', bullmq: bullmq5 },
	{ version: '5.81.5', module: 'bullmq5newest', bullmq: bullmq5newest },
	{ version: '6.7.0', module: 'bullmq', bullmq: bullmq6 },
];

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.join(HERE, '../..');
export const DRIVER = process.env.QUEUE_DRIVER ??
	path.join(ROOT, 'build', process.env.BUILD ?? 'debug', 'tests/jobs/queue-driver');
export const LIMIT = { timeout: 60_000 };

export let socket, redis;
let server, folder;

/* Starts a Redis of this process's own; every file of tests does it once, and stops it at its end. */
export async function startServer() {
	folder = await mkdtemp(path.join(tmpdir(), 'queue-interop-'));
	socket = path.join(folder, 'redis.sock');
	server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', folder,
		'--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] });
	for await (const line of createInterface({ input: server.stdout }))
		if (line.includes('ready to accept connections'))
			break;
	redis = new Redis({ path: socket });
}

export async function stopServer() {
	redis.disconnect();
	const ended = once(server, 'exit');
	server.kill('SIGKILL');
	await ended;
	await rm(folder, { recursive: true });
}

/* Polls until `probe` yields something. */
export async function eventually(probe) {
	for (;;) {
		const value = await probe();
		if (value)
			return value;
		await sleep(10);
	}
}

/* Our side: the driver process, one operation at a time. */
export class Driver {
	constructor(name, worker = 'c', ...more) {
		this.child = spawn(DRIVER, [`unix://${socket}`, name, 'bull', worker, ...more],
			{ stdio: ['pipe', 'pipe', 'inherit'] });
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
		this.ended = once(this.child, 'exit');
	}

	async call(op, members) {
		this.child.stdin.write(`${JSON.stringify({ op, ...members })}\n`);
		const { value } = await this.lines.next();
		const { error, ...answer } = JSON.parse(value);
		if (error)
			throw new Error(error);
		return answer;
	}

	add(id, members) {
		return this.call('add', { id, name: 'run', data: '{}', ...members });
	}

	fetch(members) {
		return this.call('fetch', { token: randomUUID(), ...members });
	}

	/* Fetches until there is a job, as the consumer does. */
	async next(members) {
		for (;;) {
			const { job, at } = await this.fetch(members);
			if (job)
				return job;
			await this.call('wait', { until: Math.min(at || Infinity, Date.now() + 500) });
		}
	}

	/* Takes and completes `count` jobs; returns their ids. */
	async drain(count) {
		const ids = [];
		while (ids.length < count) {
			const { id } = await this.next();
			await this.call('complete', { id, value: 'null' });
			ids.push(id);
		}
		return ids;
	}

	fail(id, reason, members) {
		const reasonHex = Buffer.from(reason).toString('hex');
		return this.call('fail', { id, reasonHex, ...members });
	}

	async close() {
		this.child.stdin.end();
		const [status] = await this.ended;
		assert.equal(status, 0, 'the driver ends cleanly, without a leak');
	}

	async kill() {
		this.child.kill('SIGKILL');
		await this.ended;
	}
}

/* A queue with both sides opened as a test needs them, all closed at its end. */
export class Bench {
	static count = 0;

	constructor(bullmq, t) {
		this.bullmq = bullmq;
		this.name = `interop-${++Bench.count}`;
		this.connection = { path: socket, maxRetriesPerRequest: null };
		this.resources = [];
		t.after(async () => {
			for (const resource of this.resources.reverse())
				await resource.close();
		});
	}

	keep(resource) {
		resource.on?.('error', () => {});
		this.resources.push(resource);
		return resource;
	}

	driver(...settings) {
		return this.keep(new Driver(this.name, ...settings));
	}

	/* The queue's version is in its meta key before anything else happens. */
	async queue() {
		const queue = this.keep(new this.bullmq.Queue(this.name, { connection: this.connection }));
		await queue.waitUntilReady();
		await eventually(() => redis.hget(this.key('meta'), 'version'));
		return queue;
	}

	worker(handler, options) {
		return this.keep(new this.bullmq.Worker(this.name, handler,
			{ connection: this.connection, ...options }));
	}

	/* All events from the queue's first on, as [name, fields]; `listener.failures` counts errors. */
	listen() {
		const events = this.keep(new this.bullmq.QueueEvents(this.name,
			{ connection: this.connection, lastEventId: '0-0' }));
		const seen = [];
		const names = ['added', 'waiting', 'active', 'completed', 'failed', 'progress', 'drained',
			'delayed', 'stalled', 'removed', 'duplicated', 'retries-exhausted', 'paused', 'resumed'];
		for (const name of names)
			events.on(name, (fields) => seen.push([name, fields]));
		const listener = { events, seen, failures: 0 };
		events.on('error', () => listener.failures++);
		return listener;
	}

	key(suffix) {
		return `bull:${this.name}:${suffix}`;
	}

	hash(id) {
		return redis.hgetall(this.key(id));
	}

	/* Every key of the queue with its value, as it is the same whoever wrote it and when. */
	async dump() {
		const base = this.key('');
		const values = {};
		for (const key of await redis.keys(`${base}*`))
			values[key.slice(base.length)] = await read(key);
		return JSON.parse(withoutTimes(JSON.stringify(values)
			.replaceAll(new RegExp(`\\b${this.name}\\b`, 'g'), 'QUEUE')));
	}

	/* The stream as "name" or "name<prev". */
	async events() {
		const rows = await redis.xrange(this.key('events'), '-', '+');
		return rows.map(([, fields]) => {
			const prev = fields.indexOf('prev', 2);
			return prev < 0 ? fields[1] : `${fields[1]}<${fields[prev + 1]}`;
		}).join(' ');
	}

	/* Takes the next job as a BullMQ worker does and ends its try by hand. */
	async takeInNode(finish) {
		const worker = new this.bullmq.Worker(this.name, null, { connection: this.connection });
		const token = randomUUID();
		const job = await eventually(() => worker.getNextJob(token, { block: false }));
		await finish(job, token);
		await worker.close();
		return job;
	}
}

/* Times become one number, but for those in the ids of a scheduler's jobs: these are counted. */
function withoutTimes(text) {
	const due = [...new Set(text.match(/repeat:\w+:\d{13}/g))].sort();
	return due.reduce((whole, id, i) => whole.replaceAll(id, `repeat#${i}`), text)
		.replaceAll(/\b1\d{12}(\.\d+)?\b/g, '1000').replaceAll(/\b7\d{15}\b/g, '7000')
		.replaceAll(/("(offset|delay)":"?)\d{5,11}\b/g, '$15000');
}

/* JSON is compared by what it says; of a stack, its message. */
function readField(name, text) {
	if (name === 'stacktrace')
		return JSON.parse(text).map((stack) => stack.split('\n')[0].replace(/^\w*Error: /, ''));
	return ['opts', 'data', 'parent'].includes(name) ? JSON.parse(text) : text;
}

function pairs(list) {
	return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

const READERS = {
	string: (key) => (key.endsWith(':lock') ? 'TOKEN' : redis.get(key)),
	list: (key) => redis.lrange(key, 0, -1),
	set: async (key) => (await redis.smembers(key)).sort(),
	zset: async (key) => pairs(await redis.zrange(key, 0, -1, 'WITHSCORES')),
	hash: async (key) => Object.fromEntries(Object.entries(await redis.hgetall(key))
		.map(([name, text]) => [name, readField(name, text)])),
	stream: async (key) => (await redis.xrange(key, '-', '+'))
		.map(([, fields]) => Object.fromEntries(pairs(fields))),
};

async function read(key) {
	const value = await READERS[await redis.type(key)](key);
	return { value, expires: (await redis.pttl(key)) >= 0 };
}
