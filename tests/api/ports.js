/* Ports for servers that are told theirs. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/* Below those that the kernel gives to clients and to servers that take any: none of them comes in between. */
const FIRST = 11_000, LAST = 20_000;

async function isFree(port) {
	const server = createServer().listen(port, '127.0.0.1');
	try {
		await once(server, 'listening');
	} catch {
		return false;
	}
	server.close();
	await once(server, 'close');
	return true;
}

/* A loopback port that nobody listens on; chosen at random, so that two who choose at once rarely meet. */
export async function freePort() {
	for (;;) {
		const port = randomInt(FIRST, LAST);
		if (await isFree(port)) return port;
	}
}
