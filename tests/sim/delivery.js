/*
 * Ways to put an answer on the wire.
 *   chunked    no Content-Length
 *   pace       { firstByteMs, pieces, gapMs }: when it starts and how slowly it comes
 *   delivery   a name of the table below; all but "whole" are faults of network or server
 */
import { STATUS_CODES } from 'node:http';
import { setTimeout } from 'node:timers/promises';

const DELIVERIES = { whole, stall, stallBody, reset, short };
const MISSING_BYTES = 1000;

export function deliver(res, answer) {
	return DELIVERIES[answer.delivery ?? 'whole'](res, {
		headers: {},
		body: Buffer.alloc(0),
		...answer,
	});
}

function writeHead(res, { status, reason, headers, chunked }, length) {
	const sized = chunked ? headers : { ...headers, 'content-length': length };
	res.writeHead(status, reason ?? STATUS_CODES[status], sized);
}

async function whole(res, answer) {
	const { body, pace } = answer;
	/*
	 * The timers are unreferenced: an answer that nobody waits for does not keep the program alive.
	 */
	if (pace?.firstByteMs) await setTimeout(pace.firstByteMs, undefined, { ref: false });
	writeHead(res, answer, body.length);
	const step = pace ? Math.max(1, Math.ceil(body.length / pace.pieces)) : body.length;
	for (let at = 0; pace && at + step < body.length && !res.destroyed; at += step) {
		res.write(body.subarray(at, at + step));
		await setTimeout(pace.gapMs, undefined, { ref: false });
		answer.body = body.subarray(at + step);
	}
	res.end(answer.body);
}

/** Takes the request and never says a word. */
function stall() {}

function stallBody(res, answer) {
	writeHead(res, answer, answer.body.length);
	res.write(half(answer.body));
}

/** Half the body, then a TCP reset. */
function reset(res, answer) {
	writeHead(res, answer, answer.body.length);
	res.write(half(answer.body), () => res.socket?.resetAndDestroy());
}

/** The whole body under a larger Content-Length, then an orderly end of the connection. */
function short(res, answer) {
	writeHead(res, { ...answer, chunked: false }, answer.body.length + MISSING_BYTES);
	res.write(answer.body, () => res.socket?.end());
}

function half(body) {
	return body.subarray(0, body.length >> 1);
}
