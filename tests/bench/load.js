/* The two load generators. Each resolves to {requests, seconds, p99Ms}, and fails on a request that fails. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { quantile } from './statistics.js';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('request.lua', import.meta.url));
/* Enough that no responder ever waits for the generator. */
const CONNECTIONS = 8;

/* Ends what runs, and refuses more. */
export const interruption = new AbortController();

/* wrk over TLS, on connections that stay open. */
export async function wrk({ url, seconds, paths, method = 'GET', body, token = '', connections = CONNECTIONS }) {
	const { stdout } = await run(
		'wrk',
		['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', SCRIPT, url, '--', method, body ? JSON.stringify(body) : '', ...paths],
		{ env: { ...process.env, BENCH_TOKEN: token }, signal: interruption.signal },
	);
	const report = JSON.parse(stdout.trimEnd().split('\n').at(-1));
	assert.equal(report.failed, 0, `${method} ${paths}: ${stdout}`);
	return report;
}

/* pgbench with one prepared statement; :name in it stands for a variable. */
export async function pgbench({ databaseUrl, clients, seconds, statement, variables, dir }) {
	const work = await mkdtemp(join(dir, 'pgbench-'));
	const script = join(work, 'statement.sql');
	await writeFile(script, `${statement};\n`);
	try {
		await run(
			'pgbench',
			['-n', '-M', 'prepared', '-f', script, '-c', String(clients), '-T', String(seconds), '-l',
				...Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]), databaseUrl],
			{ cwd: work, signal: interruption.signal },
		);
		const times = (await latencies(work)).sort((a, b) => a - b);
		return { requests: times.length, seconds, p99Ms: quantile(times, 0.99) / 1000 };
	} finally {
		await rm(work, { recursive: true });
	}
}

/* Microseconds of each transaction: the third column of pgbench's log. */
async function latencies(dir) {
	const logs = (await readdir(dir)).filter((name) => name.startsWith('pgbench_log.'));
	const texts = await Promise.all(logs.map((name) => readFile(join(dir, name), 'utf8')));
	return texts.join('').trimEnd().split('\n').map((line) => Number(line.split(' ')[2]));
}
