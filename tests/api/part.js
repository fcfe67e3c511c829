/* A part of a stack, as the process that tools/stack started: to be ended, and started again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './until.js';

/* The tick after boot at which a process began; null for one that is gone, or only waits to be reaped. */
async function startOf(pid) {
	const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
	const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
	return !fields || fields[0] === 'Z' ? null : fields[19];
}

/* How a process was started. */
async function launchOf(pid) {
	const list = async (name) => (await readFile(`/proc/${pid}/${name}`, 'utf8')).split('\0').filter(Boolean);
	const [command, environ, cwd, { uid, gid }] = await Promise.all([
		list('cmdline'),
		list('environ'),
		readlink(`/proc/${pid}/cwd`),
		stat(`/proc/${pid}`),
	]);
	const pairs = environ.map((entry) => /^([^=]+)=([^]*)$/.exec(entry)?.slice(1)).filter(Boolean);
	return { command, env: Object.fromEntries(pairs), cwd, uid, gid };
}

export class Part {
	#dir;
	#launch;

	constructor(dir, name) {
		this.#dir = dir;
		this.name = name;
	}

	/* Its pid, or null when it does not run. */
	async pid() {
		const [pid, start] = (await readFile(this.#file, 'utf8')).trim().split(' ');
		return (await startOf(pid)) === start ? Number(pid) : null;
	}

	get #file() {
		return join(this.#dir, 'pids', this.name);
	}

	/* Sends the signal and waits for the end. */
	async end(signal = 'SIGTERM') {
		const pid = await this.pid();
		this.#launch = await launchOf(pid);
		process.kill(pid, signal);
		await until(async () => !(await startOf(pid)), `the end of ${this.name}`);
	}

	/*
	 * Starts it as it was before the end; `env` goes over its environment. The `command` has to be
	 * told for a program that writes its title over it.
	 */
	async start({ command = this.#launch.command, env = {} } = {}) {
		const [program, ...args] = command;
		const { cwd, uid, gid } = this.#launch;
		const log = await open(join(this.#dir, 'log', `${this.name}.log`), 'a');
		const child = spawn(program, args, {
			cwd,
			uid,
			gid,
			env: { PATH: process.env.PATH, ...this.#launch.env, ...env },
			detached: true,
			stdio: ['ignore', log.fd, log.fd],
		});
		await once(child, 'spawn');
		child.unref();
		await log.close();
		await writeFile(this.#file, `${child.pid} ${await startOf(child.pid)}\n`);
	}
}

/* The children of a process. */
export async function childrenOf(pid) {
	const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
	return text.split(' ').filter(Boolean).map(Number);
}
