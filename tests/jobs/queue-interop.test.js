/* Our queue and BullMQ on one Redis: what either side writes, the other reads. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Bench, Driver, eventually, HERE, LIMIT, redis, RELEASES, socket, startServer, stopServer } from './interop.js';

before(startServer);
after(stopServer);

const ORDER = [
	['w1', {}], ['p5', { priority: 5 }], ['p1', { priority: 1 }], ['w2', {}],
	['l', { lifo: true }], ['p5b', { priority: 5 }], ['d', { delay: 400 }],
];
const ORDERED = ['l', 'w1', 'w2', 'p1', 'p5', 'p5b', 'd'];

for (const { version, module, bullmq } of RELEASES) {
	const it = (title, body) => test(title, LIMIT, (t) => body(new Bench(bullmq, t)));
	describe(`BullMQ ${version}`, () => {
		it('a BullMQ worker runs our job', async (bench) => {
			const driver = bench.driver();
			const listener = bench.listen();
			const data = '{"text":"Grüße 👋 \\"x\\"","nested":{"empty":[],"n":1.5},"none":null}';
			assert.deepEqual(await driver.add('ours', { name: 'say', data }), { added: true });
			assert.equal((await bench.hash('ours')).data, data);

			let ran;
			bench.worker(async (job) => {
				ran = { id: job.id, name: job.name, data: job.data };
				return { ok: [] };
			});
			await eventually(() => listener.seen.some(([name]) => name === 'drained'));
			assert.deepEqual(ran, { id: 'ours', name: 'say', data: JSON.parse(data) });
			assert.deepEqual(listener.seen.map(([name]) => name),
				['added', 'waiting', 'active', 'completed', 'drained']);
			assert.equal(listener.seen[0][1].name, 'say');
			assert.ok(listener.seen.slice(0, 4).every(([, fields]) => fields.jobId === 'ours'));
			assert.equal((await bench.hash('ours')).data, data);
		});

		it('we run a BullMQ job', async (bench) => {
			const queue = await bench.queue();
			const { events } = bench.listen();
			const driver = bench.driver('host-7');
			const next = driver.next();
			const job = await eventually(async () => (await queue.getWorkers()).length === 1 &&
				queue.add('theirs', { text: 'ü', list: [] }, { jobId: 'theirs' }));
			const taken = await next;
			assert.equal(taken.name, 'theirs');
			assert.deepEqual(JSON.parse(taken.data), { text: 'ü', list: [] });
			assert.equal(taken.attemptsStarted, 1);
			assert.equal(await job.getState(), 'active');

			await driver.call('progress', { id: 'theirs', value: '{"percent":50}' });
			await driver.call('log', { id: 'theirs', row: 'half way' });
			const finished = job.waitUntilFinished(events);
			await driver.call('complete', { id: 'theirs', value: '{"url":"https://x/ü"}' });
			assert.deepEqual(await finished, { url: 'https://x/ü' });
			assert.equal(await job.getState(), 'completed');

			const read = await queue.getJob('theirs');
			assert.equal(read.processedBy, 'host-7');
			assert.equal(read.attemptsMade, 1);
			assert.deepEqual(read.progress, { percent: 50 });
			assert.deepEqual((await queue.getJobLogs('theirs')).logs, ['half way']);
			assert.match((await queue.getWorkers())[0].rawname, /:w:host-7$/);
		});

		it('we take jobs in the order that BullMQ gave them', async (bench) => {
			const queue = await bench.queue();
			for (const [id, options] of ORDER)
				await queue.add('run', {}, { jobId: id, ...options });
			assert.deepEqual(await bench.driver().drain(ORDER.length), ORDERED);
		});

		it('BullMQ takes jobs in the order that we gave them', async (bench) => {
			const driver = bench.driver();
			for (const [id, { lifo, ...options }] of ORDER)
				await driver.add(id, { opts: { lifo }, ...options });
			const ran = [];
			bench.worker(async ({ id }) => ran.push(id));
			await eventually(() => ran.length === ORDER.length);
			assert.deepEqual(ran, ORDERED);
		});

		it('delayed jobs of BullMQ come to us in time and in order', async (bench) => {
			const queue = await bench.queue();
			for (const delay of [300, 100, 500, 300])
				await queue.add('run', { due: Date.now() + delay }, { delay });
			const driver = bench.driver();
			const ids = [];
			while (ids.length < 4) {
				const job = await driver.next();
				assert.ok(Date.now() >= JSON.parse(job.data).due, `job ${job.id} is not early`);
				await driver.call('complete', { id: job.id, value: 'null' });
				ids.push(job.id);
			}
			assert.deepEqual(ids, ['2', '1', '4', '3']);
		});

		it('our delayed jobs come to BullMQ in time and in order', async (bench) => {
			const driver = bench.driver();
			for (const [id, delay] of [['c', 300], ['a', 100], ['e', 500], ['d', 300]]) {
				const data = JSON.stringify({ due: Date.now() + delay });
				await driver.add(id, { delay, data });
			}
			const ran = [];
			bench.worker(async (job) => ran.push([job.id, Date.now() - job.data.due]));
			await eventually(() => ran.length === 4);
			assert.deepEqual(ran.map(([id]) => id), ['a', 'c', 'd', 'e']);
			assert.deepEqual(ran.filter(([, late]) => late < 0), [], 'none is early');
		});

		it('a delayed job with a priority is promoted by its priority', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await queue.pause();
			const theirs = await queue.add('run', {}, { delay: 20, priority: 3 });
			await eventually(async () => {
				assert.equal((await driver.fetch()).job, undefined, 'a paused queue is shut');
				return await theirs.getState() === 'prioritized';
			});
			await driver.add('ours', { delay: 20, priority: 2 });
			bench.worker(async () => {}, { name: 'n' });
			const ours = await queue.getJob('ours');
			await eventually(async () => await ours.getState() === 'prioritized');
			assert.deepEqual(await redis.zrange(bench.key('prioritized'), 0, -1),
				['ours', theirs.id]);
		});

		it('tries of one job are shared between both sides', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await queue.add('run', {}, { jobId: 'x', attempts: 5,
				backoff: { type: 'exponential', delay: 8 } });
			const delays = [];
			for (const turn of ['c', 'node', 'c', 'node']) {
				if (turn === 'c')
					await driver.fail((await driver.next()).id, 'c failed');
				else
					await bench.takeInNode((job, token) =>
						job.moveToFailed(new Error('node failed'), token, false));
				delays.push((await bench.hash('x')).delay);
			}
			const { id, attemptsMade, attemptsStarted } = await driver.next();
			assert.deepEqual([attemptsMade, attemptsStarted], [4, 5]);
			await driver.call('complete', { id, value: '1' });

			assert.deepEqual(delays, ['8', '16', '32', '64']);
			const hash = await bench.hash('x');
			assert.deepEqual([hash.atm, hash.ats, hash.failedReason], ['5', '5', 'node failed']);
			assert.equal(JSON.parse(hash.stacktrace).length, 4);
			const retried = 'active<waiting delayed waiting<delayed ';
			assert.equal(await bench.events(), `added waiting ${retried.repeat(4)}` +
				'active<waiting completed<active drained');
		});

		it('fixed and immediate retries are as BullMQ makes them', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await queue.add('run', {}, { jobId: 'x', attempts: 3,
				backoff: { type: 'fixed', delay: 25 } });
			for (const made of [1, 2]) {
				assert.equal((await driver.fail((await driver.next()).id, 'no')).delay, 25);
				assert.equal((await bench.hash('x')).atm, String(made));
			}
			await driver.drain(1);

			await queue.add('run', {}, { jobId: 'y', attempts: 2, stackTraceLimit: 0 });
			assert.equal((await driver.fail((await driver.next()).id, 'no')).delay, 0);
			assert.equal((await bench.hash('y')).stacktrace, '[]');
			await bench.takeInNode((job, token) => job.moveToCompleted(1, token, false));
			const once = 'active<waiting delayed waiting<delayed ';
			assert.equal(await bench.events(), `added waiting ${once.repeat(2)}` +
				'active<waiting completed<active drained ' +
				'added waiting active<waiting waiting<active active<waiting completed<active drained');
		});

		it('a job that is out of tries ends as exhausted', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			const { events } = bench.listen();
			const job = await queue.add('run', {}, { jobId: 'x', attempts: 2 });
			const finished = assert.rejects(job.waitUntilFinished(events), { message: 'second' });
			await driver.fail((await driver.next()).id, 'first');
			await driver.fail((await driver.next()).id, 'second');
			await finished;
			assert.equal(await job.getState(), 'failed');
			await queue.add('run', {}, { jobId: 'y' });
			await driver.fail((await driver.next()).id, 'only');
			const last = 'active<waiting failed<active retries-exhausted drained';
			assert.equal(await bench.events(),
				`added waiting active<waiting waiting<active ${last} added waiting ${last}`);
			const exhausted = (await redis.xrange(bench.key('events'), '-', '+'))
				.map(([, fields]) => fields).filter(([, event]) => event === 'retries-exhausted');
			assert.deepEqual(exhausted.map((fields) => fields.slice(2)),
				[['jobId', 'x', 'attemptsMade', '2'], ['jobId', 'y', 'attemptsMade', '1']]);
		});

		it('a permanent failure is not retried', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			const job = await queue.add('run', {}, { attempts: 5, backoff: 1 });
			const { delay } = await driver.fail((await driver.next()).id, 'the key is wrong',
				{ permanent: true });
			assert.equal(delay, -1);
			assert.equal(await job.getState(), 'failed');
			const read = await queue.getJob(job.id);
			assert.deepEqual([read.attemptsMade, read.failedReason], [1, 'the key is wrong']);
			assert.equal(await bench.events(),
				'added waiting active<waiting failed<active drained');
		});

		it('BullMQ recovers the jobs of a killed worker of ours, once', async (bench) => {
			const queue = await bench.queue();
			await queue.add('run', {}, { jobId: 'x' });
			const worker = bench.worker(async () => {}, { autorun: false, stalledInterval: 60 });
			let stalled = 0;
			worker.on('stalled', () => stalled++);
			worker.startStalledCheckTimer();
			for (const times of [1, 2]) {
				const driver = new Driver(bench.name);
				const job = await driver.next({ lock: 30 });
				assert.equal(job.stalledCount, times - 1);
				await driver.kill();
				await eventually(() => stalled === times);
			}
			const driver = bench.driver();
			const job = await driver.next();
			assert.equal(job.deferredFailure, 'job stalled more than allowable limit');
			await driver.fail(job.id, job.deferredFailure);
			assert.equal(await (await queue.getJob('x')).getState(), 'failed');
			assert.equal((await bench.hash('x')).stc, '2');
		});

		it('we recover the jobs of a killed BullMQ worker', async (bench) => {
			const driver = bench.driver();
			await driver.add('x');
			const child = spawn(process.execPath, ['--input-type=module', '-e', `
				import { Worker } from '${module}';
				new Worker('${bench.name}', () => new Promise(() => {}),
					{ connection: { path: '${socket}', maxRetriesPerRequest: null },
					  lockDuration: 300, skipStalledCheck: true });
			`], { cwd: HERE, stdio: 'inherit' });
			await eventually(async () => (await bench.hash('x')).ats === '1');
			const ended = once(child, 'exit');
			child.kill('SIGKILL');
			await ended;
			await eventually(async () => (await driver.call('recover')).recovered === 1);
			const { id, stalledCount } = await driver.next();
			assert.equal(stalledCount, 1);
			await driver.call('complete', { id, value: '1' });
			assert.equal(await bench.events(), 'added waiting active<waiting waiting<active stalled ' +
				'active<waiting completed<active drained');
		});

		it('the result of a lost lock is dropped', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await queue.add('run', {}, { jobId: 'x' });
			await driver.next({ lock: 30 });
			let finish;
			const gate = new Promise((resolve) => { finish = resolve; });
			const worker = bench.worker(() => gate, { stalledInterval: 60 });
			await once(worker, 'active');
			const before = await bench.hash('x');
			assert.equal((await driver.call('extend', { id: 'x' })).lost, true);
			assert.equal((await driver.call('complete', { id: 'x', value: '"c"' })).result, 'lost');
			assert.deepEqual(await bench.hash('x'), before);
			finish('node');
			await once(worker, 'completed');
			assert.equal((await bench.hash('x')).returnvalue, '"node"');
		});

		it('a queue that BullMQ pauses is shut to us until it resumes', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await driver.add('a');
			await queue.pause();
			await driver.add('b');
			await driver.add('c');
			assert.equal((await driver.fetch()).state, 'empty');
			const counts = await queue.getJobCounts();
			assert.equal((counts.waiting ?? 0) + (counts.paused ?? 0), 3);
			const ran = driver.drain(3);
			await queue.resume();
			assert.deepEqual(await ran, ['a', 'b', 'c']);
		});

		it('a queue that we pause is shut to BullMQ until we resume it', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await queue.add('run', {}, { jobId: 'a' });
			await driver.call('pause');
			assert.equal(await queue.isPaused(), true);
			await queue.add('run', {}, { jobId: 'b' });
			const ran = [];
			bench.worker(async ({ id }) => ran.push(id));
			await redis.lpush(bench.key('paused'), 'left');
			await redis.hset(bench.key('left'), { name: 'n', data: '{}', opts: '{}', timestamp: 1,
				delay: 0, priority: 0 });
			assert.deepEqual(ran, []);
			await driver.call('resume');
			await eventually(() => ran.length === 3);
			assert.deepEqual([...ran].sort(), ['a', 'b', 'left']);
			assert.ok(ran.indexOf('a') < ran.indexOf('b'));
			assert.equal(await redis.exists(bench.key('paused')), 0);
		});

		it('finished jobs are kept as BullMQ keeps them', async (bench) => {
			const rules = [true, false, 2, { count: 1 }, { age: 50 }, { age: 50, count: 2 },
				{ age: 50, limit: 1 }, { count: 0 }];
			/* With a limit 5.69.3 forgets all old ids but deletes only so many of their jobs. */
			const comparable = rules.filter((rule) => !(rule.limit && version === '5.69.3'));
			for (const rule of comparable)
				for (const end of ['completed', 'failed']) {
					const ours = await keptJobs(bench, rule, end, 'c');
					const theirs = await keptJobs(bench, rule, end, 'node');
					assert.deepEqual(ours, theirs, `${end} ${JSON.stringify(rule)}`);
				}
		});

		it('an id is added once, whoever adds it', async (bench) => {
			const queue = await bench.queue();
			const driver = bench.driver();
			await queue.add('run', { by: 'node' }, { jobId: 'x' });
			assert.deepEqual(await driver.add('x', { data: '{"by":"c"}' }), { added: false });
			assert.deepEqual(await driver.add('y', { data: '{"by":"c"}' }), { added: true });
			await queue.add('run', { by: 'node' }, { jobId: 'y' });
			assert.equal(await queue.getWaitingCount(), 2);
			assert.deepEqual((await queue.getJob('x')).data, { by: 'node' });
			assert.deepEqual((await queue.getJob('y')).data, { by: 'c' });
			assert.equal(await bench.events(), 'added waiting duplicated added waiting duplicated');
			for (const id of ['', '12', '-3', '0:1', 'a:b', 'wait', 'meta', 'events', 'de'])
				await assert.rejects(driver.add(id), /cannot have the id/);
			assert.deepEqual(await driver.call('remove', { id: 'x' }), { result: 'done' });
			assert.equal(await queue.getJob('x'), undefined);
		});

		it('a job with broken data fails for good', async (bench) => {
			const driver = bench.driver();
			const job = { name: 'n', data: 'not json', opts: '{"attempts":3}', timestamp: 1,
				delay: 0, priority: 0 };
			await redis.hset(bench.key('bad'), job);
			await redis.hset(bench.key('worse'), { ...job, data: '{}', opts: '{"attempts":' });
			await redis.lpush(bench.key('wait'), 'bad', 'worse');
			for (const id of ['bad', 'worse']) {
				const taken = await driver.next();
				assert.equal(taken.id, id);
				assert.match(taken.poison, /cannot be read/);
				assert.equal((await driver.fail(id, taken.poison)).delay, -1);
			}
			assert.equal((await driver.fetch()).state, 'empty');
			assert.deepEqual(await redis.zrange(bench.key('failed'), 0, -1), ['bad', 'worse']);
		});

		it('no result or error text of ours stops a BullMQ listener', async (bench) => {
			const driver = bench.driver();
			const listener = bench.listen();
			const texts = ['"quotes" and \\', 'line\r\nfeed\t\u0001', '', '\u2028 \u{1f600}',
				'x'.repeat(1 << 20), Buffer.from([0x61, 0xff, 0xc0, 0xaf, 0x62])];
			for (const [i, text] of texts.entries()) {
				const value = JSON.stringify(String(text));
				await driver.add(`done-${i}`);
				await driver.call('complete', { id: (await driver.next()).id, value });
				await driver.add(`failed-${i}`);
				await driver.fail((await driver.next()).id, text);
			}
			await driver.add('last');
			const { id } = await driver.next();
			for (const value of ['{"a":', "{'a':1}", 'NaN', '"\\x"', ''])
				await assert.rejects(driver.call('complete', { id, value }), /JSON/);
			await driver.call('complete', { id, value: 'null' });

			const ended = await eventually(() => {
				const found = listener.seen.filter(([name]) => /completed|failed/.test(name));
				return found.length === 2 * texts.length + 1 && found;
			});
			assert.equal(listener.failures, 0);
			assert.deepEqual(ended.slice(0, 4).map(([, fields]) =>
				fields.returnvalue ?? fields.failedReason),
			[texts[0], texts[0], texts[1], texts[1]]);
			assert.equal(ended[11][1].failedReason, 'a\ufffd\ufffd\ufffdb');
		});
	});
}

/* Ends four jobs, the first long before the last, and returns which of them are kept. */
async function keptJobs(bench, rule, end, side) {
	await redis.del(await redis.keys(bench.key('*')).then((keys) => [...keys, 'none']));
	const queue = await bench.queue();
	const driver = bench.driver();
	const options = { removeOnComplete: rule, removeOnFail: rule };
	for (const id of ['j1', 'j2', 'j3', 'j4']) {
		await queue.add('run', {}, { jobId: id, ...options });
		if (id === 'j4')
			for (const old of ['j1', 'j2'])
				await redis.zadd(bench.key(end), 'XX', 1000, old);
		if (side === 'node')
			await bench.takeInNode((job, token) => end === 'completed'
				? job.moveToCompleted(1, token, false)
				: job.moveToFailed(new Error('no'), token, false));
		else if (end === 'completed')
			await driver.drain(1);
		else
			await driver.fail((await driver.next()).id, 'no');
	}
	const keys = await redis.keys(bench.key('j*'));
	return {
		keys: keys.map((key) => key.split(':').pop()).sort(),
		members: (await redis.zrange(bench.key(end), 0, -1)).sort(),
	};
}
