/*
 * What the tests of outbound calls work with: a driver whose connect() and DNS are a shim's, the
 * server that stands for the public internet, and one that nobody may reach.
 *
 * EGRESS_DRIVER and CONNECT_SHIM name the programs made of tests/jobs/egress-driver.c and
 * connect-shim.c; else those of build/$BUILD (debug).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(
	new URL(`../../build/${process.env.BUILD ?? 'debug'}/tests/jobs`, import.meta.url),
);
const DRIVER = process.env.EGRESS_DRIVER ?? path.join(BUILD, 'egress-driver');
const SHIM = process.env.CONNECT_SHIM ?? path.join(BUILD, 'connect-shim.so');

/* An address of the public internet; the shim sends whoever calls it to the stand-in. */
export const PUBLIC = '93.184.216.34';

/** A server on loopback that keeps what it was asked; `handle` answers. */
export async function serve(handle) {
	const seen = [];
	const server = http.createServer(async (request, response) => {
		let body = '';
		for await (const part of request) body += part;
		const { method, url, headers } = request;
		seen.push({ method, url, headers, body });
		handle(new URL(url, 'http://any'), response, seen.at(-1));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const close = async () => {
		server.closeAllConnections();
		server.close();
		await once(server, 'close');
	};
	return { port: server.address().port, seen, close };
}

/**
 * Starts a driver. `resolve` is the shim's RESOLVE, `publicPort` where the public internet is;
 * `run` gives the answer to a request and, as `connects`, the addresses it called connect() with.
 */
export async function startDriver({ resolve, publicPort, env = {} }) {
	const folder = await mkdtemp(path.join(tmpdir(), 'egress-'));
	const trace = path.join(folder, 'connects');
	const child = spawn(DRIVER, {
		stdio: ['pipe', 'pipe', 'inherit'],
		env: {
			PATH: process.env.PATH,
			LD_PRELOAD: SHIM,
			ASAN_OPTIONS: 'verify_asan_link_order=0',
			CONNECT_TRACE: trace,
			CONNECT_PUBLIC: String(publicPort),
			RESOLVE: resolve,
			...env,
		},
	});
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const run = async (request) => {
		await writeFile(trace, '');
		child.stdin.write(`${JSON.stringify(request)}\n`);
		const { value, done } = await lines.next();
		assert.ok(!done, 'the driver answers');
		const connects = (await readFile(trace, 'utf8')).split('\n').filter(Boolean);
		return { ...JSON.parse(value), connects };
	};
	const stop = async () => {
		const closed = once(child, 'close');
		child.stdin.end();
		const [status] = await closed;
		await rm(folder, { recursive: true });
		assert.equal(status, 0, 'the driver ends cleanly, without a leak');
	};
	return { run, stop };
}
