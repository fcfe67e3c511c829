/* A small HTTPS client for the tests: JSON in, {status, headers, body, text} out. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { until } from './until.js';

export class Client {
	constructor(base, ca, token = null, agent = new Agent({ ca, keepAlive: true })) {
		this.base = base;
		this.ca = ca;
		this.token = token;
		this.agent = agent;
	}

	/* The same client, signed in with `token` (null: not at all). */
	as(token) {
		return new Client(this.base, this.ca, token, this.agent);
	}

	close() {
		this.agent.destroy();
	}

	/* `body` is sent as JSON; `raw` (text or Buffer) as it is, chunked where the headers say so. */
	async send(method, path, { body, raw, headers = {} } = {}) {
		const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
		const all = { ...headers };
		if (payload !== undefined && !all['Transfer-Encoding']) all['Content-Length'] ??= Buffer.byteLength(payload);
		if (body !== undefined) all['Content-Type'] ??= 'application/json';
		if (this.token) all.Authorization ??= `Bearer ${this.token}`;
		return new Promise((done, fail) => {
			const req = request(this.base + path, { method, headers: all, agent: this.agent }, (res) => {
				const chunks = [];
				res.on('data', (chunk) => chunks.push(chunk));
				res.on('error', fail);
				res.on('end', () => done(answer(res, Buffer.concat(chunks))));
			});
			req.on('error', fail);
			req.end(payload);
		});
	}

	/* Sends bytes that need not be HTTP; resolves to what comes back until the server hangs up, or we with `hangUp`. */
	async exchange(bytes, { hangUp = false } = {}) {
		const { hostname, port } = new URL(this.base);
		const socket = connect({ host: hostname, port, ca: this.ca, servername: hostname });
		const chunks = [];
		socket.on('data', (chunk) => chunks.push(chunk));
		socket.on('error', () => {}); /* a reset ends the answer as well */
		socket.write(bytes, () => hangUp && socket.destroy());
		await new Promise((done) => socket.once('close', done));
		return Buffer.concat(chunks).toString();
	}

	get(path, options) {
		return this.send('GET', path, options);
	}
	post(path, body = {}, options = {}) {
		return this.send('POST', path, { body, ...options });
	}
	put(path, body, options = {}) {
		return this.send('PUT', path, { body, ...options });
	}
	delete(path) {
		return this.send('DELETE', path);
	}

	/* Uploads `bytes` as multipart field `file`, with further text fields. */
	upload(path, bytes, { filename = 'sample.wav', type = 'audio/wav', fields = {}, headers = {} } = {}) {
		const boundary = `----test${crypto.randomUUID()}`;
		const parts = Object.entries(fields).map(
			([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
		);
		const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`;
		const raw = Buffer.concat([Buffer.from(parts.join('') + head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
		return this.send('POST', path, { raw, headers: { ...headers, 'Content-Type': `multipart/form-data; boundary=${boundary}` } });
	}

	/* A workflow of these nodes in a row (or with the given edges); resolves to its id. */
	async workflow(nodes, edges = chain(nodes)) {
		const created = await this.post('/api/workflows', { name: 'Test workflow' });
		assert.equal(created.status, 201, created.text);
		const { id } = created.body;
		const saved = await this.put(`/api/workflows/${id}`, { nodes, edges });
		assert.equal(saved.status, 200, saved.text);
		return id;
	}

	/* Runs a workflow and waits for its end; resolves to the execution. */
	async run(workflow) {
		const { status, body, text } = await this.post(`/api/workflows/${workflow}/execute`);
		assert.equal(status, 201, text);
		return this.finished(workflow, body.id);
	}

	/* Polls an execution as the front end does, until it has ended. */
	async finished(workflow, id) {
		return until(async () => {
			const { status, body, text } = await this.get(`/api/workflows/${workflow}/executions/${id}`);
			assert.equal(status, 200, text);
			return body.status !== 'RUNNING' && body;
		}, `the end of execution ${id}`);
	}
}

function answer(res, bytes) {
	const isGzip = res.headers['content-encoding'] === 'gzip' && bytes.length > 0;
	const text = (isGzip ? gunzipSync(bytes) : bytes).toString();
	const json = /^application\/json/.test(res.headers['content-type'] ?? '');
	return { status: res.statusCode, headers: res.headers, text, body: json && text ? JSON.parse(text) : null };
}

/* A node as the editor stores it. */
export function node(id, type, config = {}, more = {}) {
	return {
		id,
		type: 'workflowNode',
		position: { x: 0, y: 0 },
		data: { definition: { type, title: `Title of ${id}`, category: 'test', inputs: [], outputs: [] }, config, ...more },
	};
}

/* An edge, from the output `sourceHandle` where that is given. */
export function edge(source, target, sourceHandle) {
	return { id: `${source}-${target}`, source, target, ...(sourceHandle && { sourceHandle }) };
}

export function chain(nodes) {
	return nodes.slice(1).map((to, i) => edge(nodes[i].id, to.id));
}

/* The example of the product: a text, spoken by `profile`. */
export function voiceover(profileId, text = 'Hello, this is my voice.', config = {}) {
	return [
		node('start', 'manual-trigger'),
		node('script', 'set-variable', { variableName: 'text', value: text }),
		node('speak', 'voice.tts', { voiceProfileId: profileId, ...config }),
	];
}
