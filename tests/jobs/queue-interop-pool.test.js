/*
 * One queue with workers of both sides at once, our own as threads: every job is run once for each try that its plan
 * has, none is lost, none is extra. POOL_JOBS (1000) is how many; `POOL_JOBS=10000 node --test` on this file is the long form.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bench, DRIVER, eventually, redis, RELEASES, socket, startServer, stopServer } from './interop.js';

before(startServer);
after(stopServer);

const JOBS = Number(process.env.POOL_JOBS ?? 1000);
const LIMIT = { timeout: Math.max(60_000, JOBS * 30) };
const WORKER = path.join(path.dirname(DRIVER), 'worker-driver');

/* What becomes of job i: how often it fails, how often it may, and how it waits. */
function plan(i) {
	return {
		failures: i % 7 === 0 ? 1 : i % 31 === 0 ? 9 : 0,
		options: {
			jobId: `job-${i}`,
			attempts: 2,
			...(i % 14 === 0 && { backoff: { type: 'exponential', delay: 20 } }),
			...(i % 5 === 0 && { priority: 1 + (i % 3) }),
			...(i % 9 === 0 && { delay: i % 200 }),
		},
	};
}

async function startWorker(bench, name, concurrency) {
	const child = spawn(WORKER, [`unix://${socket}`, bench.name, name, String(concurrency)], { stdio: ['ignore', 'pipe', 'inherit'] });
	await once(child.stdout, 'data');
	return {
		async close() {
			const ended = once(child, 'exit');
			child.kill('SIGTERM');
			const [code] = await ended;
			assert.equal(code, 0, 'it ends cleanly, without a leak');
		},
		async kill() {
			const ended = once(child, 'exit');
			child.kill('SIGKILL');
			await ended;
		},
	};
}

for (const { version, bullmq } of RELEASES)
	describe(`BullMQ ${version} and we`, () => {
		test(`run ${JOBS} jobs together`, LIMIT, async (t) => {
			const bench = new Bench(bullmq, t);
			const queue = await bench.queue();
			const plans = Array.from({ length: JOBS }, (_, i) => plan(i));
			await queue.addBulk(plans.map(({ failures, options }) => ({ name: 'run', data: { failures }, opts: options })));
			for (const name of ['c-1', 'c-2', 'c-3']) bench.keep(await startWorker(bench, name, 4));
			for (const name of ['n-1', 'n-2'])
				bench.worker(async (job) => {
					if (job.attemptsMade < job.data.failures) throw new Error('planned failure');
				}, { name, concurrency: 4 });
			await eventually(async () => {
				const counts = await queue.getJobCounts();
				return counts.completed + counts.failed === JOBS;
			});
			const by = new Set();
			for (const [i, { failures }] of plans.entries()) {
				const hash = await bench.hash(`job-${i}`);
				const tries = Math.min(failures + 1, 2);
				assert.deepEqual([hash.ats, hash.atm], [String(tries), String(tries)], `job ${i}`);
				assert.equal('returnvalue' in hash, failures < 2);
				assert.equal(hash.failedReason, failures > 0 ? 'planned failure' : undefined);
				by.add(hash.pb);
			}
			assert.deepEqual([...by].sort(), ['c-1', 'c-2', 'c-3', 'n-1', 'n-2'], 'each has had a part');
			const { completed, failed, ...others } = await queue.getJobCounts();
			assert.equal(failed, plans.filter(({ failures }) => failures > 1).length);
			assert.equal(completed, JOBS - failed);
			assert.ok(Object.values(others).every((count) => count === 0), JSON.stringify(others));
			await queue.obliterate({ force: true });
			assert.deepEqual((await redis.keys(bench.key('*'))).filter((key) => !/:(limiter|meta|stalled-check)$/.test(key)), [],
				'nothing but what working workers write');
		});

		test('lose nothing when one of our workers is killed', LIMIT, async (t) => {
			const bench = new Bench(bullmq, t);
			const queue = await bench.queue();
			await queue.addBulk(Array.from({ length: 20 }, (_, i) => ({ name: 'run', data: { ms: 200 }, opts: { jobId: `job-${i}` } })));
			const victim = await startWorker(bench, 'c-1', 4);
			await eventually(async () => await queue.getActiveCount() === 4);
			await victim.kill();
			const held = await redis.keys(bench.key('*:lock'));
			if (held.length > 0) await redis.del(held); /* as if their time were over */
			bench.keep(await startWorker(bench, 'c-2', 4));
			bench.worker(async () => {}, { name: 'n-1', stalledInterval: 1000 });
			await eventually(async () => await queue.getCompletedCount() === 20);
			let stalls = 0;
			for (let i = 0; i < 20; i++) stalls += Number((await bench.hash(`job-${i}`)).stc ?? 0);
			assert.equal(stalls, held.length);
		});
	});
