/* The bare responders, as a pool beside ours: the same supervisor, user, nginx, TLS and parameters. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';

const PROGRAM = fileURLToPath(new URL('../../build/release/tests/bench/bare', import.meta.url));
const MULTIWATCH = '/usr/bin/multiwatch';
export const BARE_PATH = '/api/bench-bare';

/* A location whose parameters are those that our responders get. */
async function addLocation(stack, socket) {
	const conf = join(stack.dir, 'nginx');
	const ours = await readFile(join(conf, 'fastcgi.conf'), 'utf8');
	const bare = ours.replace(/^fastcgi_pass .*;/m, `fastcgi_pass unix:${socket};`);
	await writeFile(join(conf, 'site.d/bare.conf'), `location = ${BARE_PATH} {\n${bare}}\n`);
	process.kill(stack.info.pids.nginx, 'SIGHUP');
}

async function startPool(stack, socket, userId, size) {
	const program = join(stack.dir, 'app/bin/bare');
	const { uid, gid } = await stat(join(stack.dir, 'run/fcgi.sock'));
	await copyFile(PROGRAM, program);
	const pool = spawn(
		'spawn-fcgi',
		['-n', '-s', socket, '-M', '0660', '-b', '4096', '--', MULTIWATCH, '-f', String(size), '--', program, stack.info.databaseUrl, userId],
		{ uid, gid, stdio: ['ignore', 'ignore', 'inherit'] },
	);
	await once(pool, 'spawn');
	return pool;
}

async function stopPool(pool) {
	const ended = once(pool, 'exit');
	if (pool.exitCode === null && pool.kill()) await ended;
}

/* Polls until `condition` holds, as long as the pool runs. */
async function until(pool, condition) {
	while (!(await condition())) {
		assert.equal(pool.exitCode, null, 'the bare responders ended');
		await wait(20);
	}
}

/* While nginx changes its workers, a kept connection may end under a request. */
async function answers(client) {
	const { status } = await client.get(BARE_PATH).catch(() => ({}));
	return status === 200;
}

/* Resolves to {pid of the supervisor, stop()}. */
export async function startBare(stack, userId, size) {
	const socket = join(stack.dir, 'run/bare.sock');
	const pool = await startPool(stack, socket, userId, size);
	try {
		await until(pool, () => existsSync(socket));
		await addLocation(stack, socket);
		await until(pool, () => answers(stack.client));
	} catch (error) {
		await stopPool(pool);
		throw error;
	}
	return { pid: pool.pid, stop: () => stopPool(pool) };
}
