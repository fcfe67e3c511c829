/* What the suites share: a plain HTTP client, forms, and lame's opinion of an mp3. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';

export const TEXT = 'The quick brown fox jumps over the lazy dog.';

/** One request with node:http, which leaves paths, headers and reason phrases as they are. */
export function call(url, { method = 'GET', headers = {}, body, agent } = {}) {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(url);
		const path = url.replace(/^http:\/\/[^/]+/, '');
		const request = http.request(
			{ hostname, port, path, method, headers, agent },
			(response) => {
				const pieces = [];
				response.on('data', (piece) => pieces.push(piece));
				response.on('error', reject);
				response.on('end', () => {
					const bytes = Buffer.concat(pieces);
					const {
						statusCode: status,
						statusMessage: reason,
						headers: answered,
					} = response;
					resolve({
						status,
						reason,
						headers: answered,
						bytes,
						pieces: pieces.length,
						json: () => JSON.parse(bytes),
					});
				});
			},
		);
		request.on('error', reject);
		request.end(body);
	});
}

/** Resolves when the journal holds an entry for a path. */
export async function arrived(sim, part) {
	while (!sim.requests.some(({ path }) => path.includes(part)))
		await new Promise((resolve) => setImmediate(resolve));
}

export function form(fields, files) {
	const body = new FormData();
	for (const [name, value] of Object.entries(fields)) body.append(name, value);
	for (const [name, bytes] of files)
		body.append(name, new Blob([bytes], { type: 'audio/mpeg' }), 'sample.mp3');
	return body;
}

/** The decoder's opinion of a file: the number of samples it holds. */
export function decodedSamples(mp3) {
	const { status, stdout } = spawnSync(
		'lame',
		['--quiet', '--mp3input', '--decode', '-t', '-', '-'],
		{
			input: mp3,
			maxBuffer: 1 << 28,
		},
	);
	assert.equal(status, 0);
	return stdout.length / 2;
}
