/* bull-board, over its HTTP API, on a queue that only we have filled and worked on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import express from 'express';
import { Bench, eventually, LIMIT, RELEASES, startServer, stopServer } from './interop.js';

before(startServer);
after(stopServer);

for (const { version, bullmq } of RELEASES)
	describe(`bull-board with BullMQ ${version}`, () => {
		async function open(t) {
			const bench = new Bench(bullmq, t);
			const driver = bench.driver('host-7', '60');
			const queue = await bench.queue();
			const serverAdapter = new ExpressAdapter();
			createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter });
			const server = express().use('/', serverAdapter.getRouter()).listen(0, '127.0.0.1');
			await once(server, 'listening');
			bench.keep({ close: () => new Promise((resolve) => { server.close(resolve).closeAllConnections(); }) });
			const base = `http://127.0.0.1:${server.address().port}/api/queues`;
			const ask = async (path, method = 'GET', body) => {
				const response = await fetch(base + path, { method, ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }) });
				const text = await response.text();
				assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
				return text.startsWith('{') ? JSON.parse(text) : text;
			};
			const list = async (status) => (await ask(`?activeQueue=${bench.name}&status=${status}&page=1`))
				.queues.find(({ name }) => name === bench.name);
			return { bench, driver, ask, list };
		}

		test('lists and shows our jobs, and sees our worker', LIMIT, async (t) => {
			const { bench, driver, ask, list } = await open(t);
			for (const id of ['done', 'broken', 'running', 'waiting']) await driver.add(id, { name: 'run', data: `{"id":"${id}","text":"ü"}` });
			await driver.add('later', { delay: 600_000 });
			await driver.call('complete', { id: (await driver.next()).id, value: '{"url":"https://x"}' });
			await driver.call('log', { id: 'broken', row: 'half way' });
			await driver.fail((await driver.next()).id, 'the key is wrong', { stack: 'Error: the key is wrong\n    at x' });
			const running = await driver.next();
			await driver.call('progress', { id: running.id, value: '{"percent":50}' });

			const queue = await list('latest');
			const { waiting, active, completed, failed, delayed } = queue.counts;
			assert.deepEqual({ waiting, active, completed, failed, delayed }, { waiting: 1, active: 1, completed: 1, failed: 1, delayed: 1 });
			assert.deepEqual(queue.jobs.map(({ id }) => id).sort(), ['broken', 'done', 'later', 'running', 'waiting']);
			const byId = Object.fromEntries(queue.jobs.map((job) => [job.id, job]));
			assert.deepEqual(byId.done.returnValue, { url: 'https://x' });
			assert.equal(byId.broken.failedReason, 'the key is wrong');
			assert.deepEqual(byId.broken.stacktrace, ['Error: the key is wrong\n    at x']);
			assert.deepEqual(byId.running.progress, { percent: 50 });
			assert.deepEqual(byId.waiting.data, { id: 'waiting', text: 'ü' });
			const { job, status } = await ask(`/${bench.name}/broken`);
			assert.deepEqual([job.id, status], ['broken', 'failed']);
			assert.match(JSON.stringify(await ask(`/${bench.name}/broken/logs`)), /half way/);

			const wait = driver.call('wait', { until: Date.now() + 3000 });
			await eventually(async () => /host-7/.test(JSON.stringify(await ask(`/${bench.name}/workers`))));
			assert.match(JSON.stringify(await ask(`/${bench.name}/metrics?type=completed`)), /count/);
			await wait;
		});

		test('retries, promotes, removes, pauses, and we go on from there', LIMIT, async (t) => {
			const { bench, driver, ask, list } = await open(t);
			await driver.add('x');
			await driver.add('later', { delay: 600_000 });
			await driver.fail((await driver.next()).id, 'no', { permanent: true });
			await ask(`/${bench.name}/x/retry`, 'PUT');
			assert.equal((await driver.next()).id, 'x');
			await driver.call('complete', { id: 'x', value: '1' });
			await ask(`/${bench.name}/later/promote`, 'PUT');
			assert.equal((await driver.next()).id, 'later');
			await driver.call('complete', { id: 'later', value: '1' });
			await ask(`/${bench.name}/later/clean`, 'PUT');
			assert.deepEqual((await list('completed')).jobs.map(({ id }) => id), ['x']);
			await ask(`/${bench.name}/pause`, 'PUT');
			await driver.add('z');
			assert.equal((await driver.fetch()).state, 'empty');
			await ask(`/${bench.name}/resume`, 'PUT');
			assert.equal((await driver.next()).id, 'z');
			await driver.call('complete', { id: 'z', value: '1' });
			await ask(`/${bench.name}/clean/completed`, 'PUT');
		});
	});
