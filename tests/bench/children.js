/* Programs that a benchmark starts, each of which says with its first line, JSON, that it is ready. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const children = new Set();

/* Resolves to the child, whose `said` is what it said. */
export async function start(command, ...args) {
	const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
	children.add(child);
	child.ended = once(child, 'exit').finally(() => children.delete(child));
	for await (const line of createInterface({ input: child.stdout })) return Object.assign(child, { said: JSON.parse(line) });
	throw new Error(`${command} said nothing`);
}

export async function stop(child) {
	child.kill('SIGTERM');
	await child.ended;
}

/* Whatever still runs, at once. */
export function killAll() {
	for (const child of children) child.kill('SIGKILL');
}
