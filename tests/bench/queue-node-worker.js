/*
 * A BullMQ worker that does what tests/jobs/worker-driver.c does, for the benchmark.
 * usage: queue-node-worker.js REDIS_PORT QUEUE CONCURRENCY BASE_URL fetch|agent
 *        queue-node-worker.js REDIS_PORT QUEUE add COUNT
 */
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq5';

const [port, name, concurrency, base, way] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const TEXT = '{"text":"say this"}';
const agent = new http.Agent({ keepAlive: true, maxSockets: 50, scheduling: 'lifo' });

const callers = {
	fetch: async (method, body) => {
		const response = await fetch(base, { method, body });
		return Buffer.from(await response.arrayBuffer());
	},
	agent: (method, body) => new Promise((resolve, reject) => {
		const request = http.request(base, { method, agent, headers: { 'Content-Length': body.length } }, (response) => {
			const chunks = [];
			response.on('data', (chunk) => chunks.push(chunk));
			response.on('end', () => resolve(Buffer.concat(chunks)));
		});
		request.on('error', reject);
		request.end(body);
	}),
};

async function addAll(count) {
	const queue = new Queue(name, { connection });
	await queue.waitUntilReady();
	const opts = { attempts: 2, backoff: { type: 'exponential', delay: 2000 }, removeOnComplete: { count: 500 }, removeOnFail: { count: 200 } };
	const begin = performance.now(), spent = process.cpuUsage();
	for (let done = 0; done < count; done += 1000)
		await queue.addBulk(Array.from({ length: 1000 }, () => ({ name: 'run', data: { n: 1 }, opts: { ...opts, jobId: randomUUID() } })));
	const ms = performance.now() - begin, { user, system } = process.cpuUsage(spent);
	process.stdout.write(`${JSON.stringify({ ms, cpu: user + system })}\n`);
	await queue.close();
}

async function serve() {
	const worker = new Worker(name, async ({ data }) => {
		const late = performance.timeOrigin + performance.now() - data.at;
		if (data.post) await callers[way]('PUT', await callers[way]('POST', TEXT));
		return { late };
	}, { connection, concurrency: Number(concurrency) });
	await worker.waitUntilReady();
	process.stdout.write('{"ready":true}\n');
	process.on('SIGTERM', async () => {
		await worker.close();
		process.exit(0);
	});
}

await (concurrency === 'add' ? addAll(Number(base)) : serve());
