/*
 * Measures the queue beside BullMQ's in Node.js: see `tools/bench help`. One Redis, the same jobs, each side in turns.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, QueueEvents } from 'bullmq5';
import { freePort } from '../api/ports.js';
import { onInterruption } from '../api/interrupted.js';
import { killAll, start, stop } from './children.js';
import { proportionalSize, threadsTime } from './processes.js';
import { Report } from './report.js';
import { quantile } from './statistics.js';

const ROUNDS = 3, EMPTY_JOBS = 10_000, HTTP_JOBS = 4000, ADDED = 20_000, SINGLE_JOBS = 200, CONCURRENCY = '50';
const GOALS = { empty: 1 / 4, fetch: 1 / 5, agent: 1 / 2, enqueue: 1 / 5, idleP99: 10 };
const DRIVER = 'build/release/tests/jobs/worker-driver';
const NODE_WORKER = 'tests/bench/queue-node-worker.js';

class Bench {
	#names = 0;

	async open() {
		this.folder = await mkdtemp(join(tmpdir(), 'bench-queue-'));
		this.port = await freePort();
		this.redis = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(this.port), '--save', '', '--dir', this.folder], { stdio: 'ignore' });
		this.audio = await start('node', 'tests/bench/audio-server.js');
		this.connection = { host: '127.0.0.1', port: this.port, maxRetriesPerRequest: null };
	}

	async close() {
		killAll();
		this.redis?.kill('SIGKILL');
		await rm(this.folder, { recursive: true, force: true });
	}

	worker(side, name) {
		const url = this.audio.said.url;
		return side === 'ours' ? start(DRIVER, `redis://127.0.0.1:${this.port}`, name, 'w', CONCURRENCY, url)
			: start('node', NODE_WORKER, String(this.port), name, CONCURRENCY, url, side);
	}

	/* One side runs `count` jobs that wait for it; jobs a second, and what each costs it. */
	async drain(side, post, count) {
		const name = `drain-${++this.#names}`;
		const queue = new Queue(name, { connection: this.connection });
		const opts = { removeOnComplete: { count: 500 } };
		for (let done = 0; done < count; done += 1000)
			await queue.addBulk(Array.from({ length: 1000 }, () => ({ name: 'run', data: { post }, opts })));
		await queue.pause();
		const worker = await this.worker(side, name);
		const cpuBefore = threadsTime(worker.pid), begin = performance.now();
		await queue.resume();
		const client = await queue.client;
		const left = async () => await client.llen(queue.toKey('wait')) + await client.llen(queue.toKey('active'));
		while (await left() > 0) await sleep(20);
		const seconds = (performance.now() - begin) / 1000;
		const figures = { rate: count / seconds, cpu: (threadsTime(worker.pid) - cpuBefore) / count, pss: proportionalSize(worker.pid).pss / 1024 };
		await stop(worker);
		await queue.obliterate({ force: true });
		await queue.close();
		return figures;
	}

	async enqueue(side) {
		const name = `add-${++this.#names}`, redisBefore = threadsTime(this.redis.pid);
		const child = side === 'ours' ? await start(DRIVER, `redis://127.0.0.1:${this.port}`, name, 'add', String(ADDED))
			: await start('node', NODE_WORKER, String(this.port), name, 'add', String(ADDED));
		await child.ended;
		const redis = (threadsTime(this.redis.pid) - redisBefore) / ADDED;
		const queue = new Queue(name, { connection: this.connection });
		if (await queue.getWaitingCount() !== ADDED) throw new Error(`${side}: jobs are missing`);
		await queue.obliterate({ force: true });
		await queue.close();
		return { rate: ADDED / (child.said.ms / 1000), cpu: child.said.cpu / ADDED, redis };
	}

	/* How long after it was added a job starts, on an idle worker; sorted. */
	async lateness(side) {
		const name = `single-${++this.#names}`;
		const queue = new Queue(name, { connection: this.connection });
		const events = new QueueEvents(name, { connection: this.connection });
		await events.waitUntilReady();
		const worker = await this.worker(side, name), late = [];
		for (let i = 0; i < SINGLE_JOBS; i++) {
			const at = performance.timeOrigin + performance.now();
			const job = await queue.add('run', { at });
			late.push((await job.waitUntilFinished(events)).late);
			await sleep(5);
		}
		await stop(worker);
		await events.close();
		await queue.close();
		return late.sort((a, b) => a - b);
	}
}

/* Each side once a round, in turns. */
async function inTurns(sides, run) {
	const results = Object.fromEntries(sides.map((side) => [side, []]));
	for (let round = 0; round < ROUNDS; round++)
		for (const side of round % 2 ? [...sides].reverse() : sides) {
			process.stderr.write(`${side} `);
			results[side].push(await run(side));
		}
	process.stderr.write('\n');
	return results;
}

const ratios = (ours, theirs) => ours.map((value, i) => value / theirs[i]);

function reportDrain(report, title, results, goals) {
	for (const [side, runs] of Object.entries(results)) {
		report.add(`${title}, ${side}: rate`, 'jobs/s', runs.map(({ rate }) => rate));
		report.add(`${title}, ${side}: CPU of the worker`, 'us/job', runs.map((run) => run.cpu));
		report.add(`${title}, ${side}: memory (PSS)`, 'MB', runs.map(({ pss }) => pss));
	}
	for (const [side, max] of Object.entries(goals))
		report.add(`${title}: CPU, ours to ${side}`, '', ratios(results.ours.map((run) => run.cpu), results[side].map((run) => run.cpu)), { max });
}

async function measure(bench) {
	const report = new Report();
	reportDrain(report, 'empty', await inTurns(['ours', 'fetch'], (side) => bench.drain(side, false, EMPTY_JOBS)), { fetch: GOALS.empty });
	reportDrain(report, 'POST and PUT', await inTurns(['ours', 'fetch', 'agent'], (side) => bench.drain(side, true, HTTP_JOBS)),
		{ fetch: GOALS.fetch, agent: GOALS.agent });
	const added = await inTurns(['ours', 'node'], (side) => bench.enqueue(side));
	for (const [side, runs] of Object.entries(added)) {
		report.add(`enqueue in bulk, ${side}: rate`, 'jobs/s', runs.map(({ rate }) => rate));
		report.add(`enqueue in bulk, ${side}: CPU of the producer`, 'us/job', runs.map((run) => run.cpu));
		report.add(`enqueue in bulk, ${side}: CPU of Redis meanwhile`, 'us/job', runs.map(({ redis }) => redis));
	}
	for (const [what, figure] of [['time', ({ rate }) => 1 / rate], ['CPU', (run) => run.cpu]])
		report.add(`enqueue in bulk: ${what}, ours to node`, '', ratios(added.ours.map(figure), added.node.map(figure)), { max: GOALS.enqueue });
	const late = await inTurns(['ours', 'fetch'], (side) => bench.lateness(side));
	for (const [side, runs] of Object.entries(late)) {
		report.add(`add to start, ${side}: median`, 'ms', runs.map((run) => quantile(run, 0.5)));
		report.add(`add to start, ${side}: p99`, 'ms', runs.map((run) => quantile(run, 0.99)), side === 'ours' ? { max: GOALS.idleP99 } : {});
	}
	return report;
}

const bench = new Bench();
onInterruption(async () => {
	await bench.close();
	process.exit(130);
});
try {
	await bench.open();
	const report = await measure(bench);
	process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${report}\n`);
	process.exitCode = report.ok ? 0 : 1;
} finally {
	await bench.close();
}
