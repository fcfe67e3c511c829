/* Runs a command with bytes for its standard input; no more than a few at a time. */
import { spawn } from 'node:child_process';

const AT_A_TIME = 2;
let running = 0;
const waiting = [];

/** Returns what the command wrote to its standard output; fails when it fails. */
export async function run(command, args, input) {
	if (running >= AT_A_TIME) await new Promise((resolve) => waiting.push(resolve));
	else running++;
	try {
		return await collect(command, args, input);
	} finally {
		/* The place goes to the next in line, or back. */
		const next = waiting.shift();
		if (next) next();
		else running--;
	}
}

function collect(command, args, input) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
		const output = [];
		let complaint = '';
		child.stdout.on('data', (piece) => output.push(piece));
		child.stderr.on('data', (piece) => (complaint += piece));
		/*
		 * A command that ends before it has read all gives EPIPE here; its exit status says what
		 * matters.
		 */
		child.stdin.on('error', () => {});
		child.on('error', reject);
		child.on('close', (status) => {
			if (status === 0) resolve(Buffer.concat(output));
			else reject(new Error(`${command} ended with ${status}: ${complaint.trim()}`));
		});
		child.stdin.end(input);
	});
}
