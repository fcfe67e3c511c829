/* The demo's storage, an nginx, as a process of its own, so that what it spends is not counted as the site's. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../api/ports.js';

const BUCKET = 'voiceover';
const TRIES = 100;

async function write(dir, port) {
	const site = (await readFile(new URL('../../nginx/demo/s3.conf.in', import.meta.url), 'utf8'))
		.replaceAll('@S3_PORT@', port).replaceAll('@S3_ROOT@', join(dir, 'data')).replaceAll('@LOG_DIR@', dir);
	await mkdir(join(dir, 'data', BUCKET), { recursive: true });
	await writeFile(join(dir, 'nginx.conf'), `worker_processes 1;
daemon off;
pid ${dir}/pid;
error_log ${dir}/error.log;
${process.getuid() === 0 ? 'user root;' : ''}
events {}
http {
	${['fastcgi', 'proxy', 'scgi', 'uwsgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join('\n\t')}
	${site}
}
`);
}

async function isUp(url) {
	return fetch(`${url}/${BUCKET}`).then(({ ok }) => ok, () => false);
}

/* Resolves to { pid (of the supervisor), env (what the programs have to know of it), stop }. */
export async function startStorage() {
	const dir = await mkdtemp(join(tmpdir(), 'voiceover-storage-')), port = await freePort(), url = `http://127.0.0.1:${port}`;
	await write(dir, port);
	const child = spawn('nginx', ['-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')], { stdio: 'inherit' });
	const ended = once(child, 'exit');
	const stop = async () => {
		child.kill('SIGTERM');
		await ended;
		await rm(dir, { recursive: true });
	};
	for (let i = 0; !(await isUp(url)); i++) {
		if (i === TRIES || child.exitCode !== null) {
			await stop();
			throw new Error(`the storage did not start: ${dir}/error.log`);
		}
		await sleep(50);
	}
	return { pid: child.pid, env: { S3_BUCKET: BUCKET, S3_ENDPOINT: url, S3_REGION: 'us-east-1', S3_FORCE_PATH_STYLE: 'true' }, stop };
}
