/*
 * The HTTP plumbing that all simulators share: reads a request whole, has the application answer
 * it, keeps a journal of what came and what went, and offers the control interface under /_sim on
 * the same port.
 *
 * An application is an object of
 *   name, config             config is plain data that POST /_sim/config may change
 *   keyOf(request)           the credential a request carries, for the journal
 *   answer(request, entry)   the answer, or throws a Refusal
 *   explain(refusal)         a refusal in the provider's own error format, as an answer
 *   validate(changes)        optional: throws when a change of the configuration makes no sense
 *   reset()                  forgets everything but the configuration
 *   control                  further rows [method, path under /_sim, function giving a JSON value]
 * An answer is { status, reason, headers, body, chunked, pace, delivery }; see delivery.js for the
 * last three.
 */
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deliver } from './delivery.js';

const KEPT_ENTRIES = 20_000;
const KEEP_ALIVE_MS = 60_000;
const TEXT_TYPE = /json|xml|text|urlencoded/;

/**
 * Thrown by a check that a request does not pass; the fields are for the application's explain().
 */
export class Refusal extends Error {
	constructor(status, fields = {}) {
		super(fields.message ?? `refused with ${status}`);
		Object.assign(this, fields, { status });
	}
}

export function json(status, value, headers = {}) {
	return {
		status,
		headers: { 'content-type': 'application/json', ...headers },
		body: Buffer.from(JSON.stringify(value)),
	};
}

/**
 * Turns rows [method, '/a/{id}', serve, extras] into match(method, path) -> { known, route, params
 * }.
 */
export function router(rows) {
	const routes = rows.map(([method, pattern, serve, extras]) => ({
		...extras,
		method,
		serve,
		regexp: new RegExp(
			`^${pattern.replace(/\./g, '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`,
		),
	}));
	return (method, path) => {
		const onPath = routes.filter((route) => route.regexp.test(path));
		const route = onPath.find((candidate) => candidate.method === method);
		const groups = route ? Object.entries(route.regexp.exec(path).groups ?? {}) : [];
		return {
			known: onPath.length > 0,
			route,
			params: Object.fromEntries(groups.map(([name, value]) => [name, percentDecode(value)])),
		};
	};
}

export function percentDecode(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		throw new Refusal(400, {
			code: 'invalid_uri',
			message: 'The URI has a malformed percent-encoding.',
		});
	}
}

/** Starts to listen; close() ends every connection, also those that a fault left hanging. */
export async function listen(app, { host = '127.0.0.1', port = 0, prefix = '' } = {}) {
	const started = structuredClone(app.config);
	const requests = [];
	const sim = { app, started, requests, prefix: prefix.replace(/\/+$/, '') };
	sim.control = router([
		['GET', '/_sim/requests', () => requests],
		['GET', '/_sim/config', () => app.config],
		['POST', '/_sim/config', (request) => configure(app, JSON.parse(request.body))],
		['POST', '/_sim/reset', () => reset(sim)],
		...(app.control ?? []),
	]);
	const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) =>
		exchange(sim, req, res),
	);
	server.on('checkContinue', (req, res) => {
		if (app.config.sendContinue) res.writeContinue();
		server.emit('request', req, res);
	});
	server.listen(port, host);
	await once(server, 'listening');
	const bound = server.address().port;
	return {
		name: app.name,
		url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}${sim.prefix}`,
		port: bound,
		requests,
		app,
		configure: (changes) => configure(app, changes),
		reset: () => reset(sim),
		close() {
			const closed = once(server, 'close');
			server.close();
			server.closeAllConnections();
			return closed;
		},
	};
}

function configure(app, changes) {
	const unknown = Object.keys(changes).filter((name) => !(name in app.config));
	if (unknown.length > 0)
		throw new Error(
			`unknown setting: ${unknown.join(', ')}; known: ${Object.keys(app.config).join(', ')}`,
		);
	app.validate?.(changes);
	return Object.assign(app.config, changes);
}

function reset({ app, started, requests }) {
	requests.length = 0;
	Object.assign(app.config, structuredClone(started));
	app.reset();
	return { status: 'ok' };
}

async function exchange(sim, req, res) {
	try {
		const request = await receive(req, res, sim.prefix);
		const isControl = /^\/_sim\//.test(request.path || request.target);
		const answer = isControl ? command(sim, request) : await serve(sim, request);
		await deliver(res, answer);
	} catch (error) {
		/* A client that went away is its own business; all else is a fault of the simulator. */
		if (!req.destroyed && !res.destroyed) console.error(error);
		res.destroy();
	}
}

async function receive(req, res, prefix) {
	const pieces = [];
	for await (const piece of req) pieces.push(piece);
	const cut = req.url.indexOf('?');
	const target = cut < 0 ? req.url : req.url.slice(0, cut);
	const query = cut < 0 ? '' : req.url.slice(cut + 1);
	return {
		method: req.method,
		/* Below the prefix; '' when it stands elsewhere, which no route matches. */
		path: target.startsWith(`${prefix}/`) ? target.slice(prefix.length) : '',
		target,
		query: new URLSearchParams(query),
		headers: req.headers,
		body: Buffer.concat(pieces),
		/*
		 * True once the last byte of the answer was handed over, false when the client left before.
		 */
		answered: new Promise((resolve) => res.once('close', () => resolve(res.writableFinished))),
	};
}

function command({ control }, request) {
	const { route } = control(request.method, request.path || request.target);
	if (!route) return json(404, { error: 'no such control' });
	try {
		return json(200, route.serve(request));
	} catch (error) {
		return json(400, { error: error.message });
	}
}

async function serve({ app, requests }, request) {
	const entry = record(app, request);
	const begin = performance.now();
	request.answered.then(() => (entry.ms = performance.now() - begin));
	requests.push(entry);
	if (requests.length > KEPT_ENTRIES) requests.shift();
	let answer;
	try {
		answer = await app.answer(request, entry);
	} catch (error) {
		if (!(error instanceof Refusal)) console.error(error);
		answer = app.explain(
			error instanceof Refusal ? error : new Refusal(500, { message: String(error) }),
		);
	}
	entry.status = answer.status;
	return answer;
}

function record(app, request) {
	const isText = TEXT_TYPE.test(request.headers['content-type'] ?? '');
	return {
		at: new Date().toISOString(),
		method: request.method,
		path: request.path || request.target,
		query: Object.fromEntries(request.query),
		headers: request.headers,
		key: app.keyOf(request),
		bytes: request.body.length,
		body: isText ? request.body.toString('utf8') : null,
		status: null,
		ms: null /* from here to the last byte of the answer */,
		characters: 0,
	};
}

/** True in the module that node was asked to run. */
export function isProgram(moduleUrl) {
	return (
		process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl)
	);
}

/**
 * Runs a simulator as a program: options from the command line, one JSON line when it listens, an
 * end at SIGTERM.
 */
export async function runProgram(name, start, options = {}) {
	const { values } = parseArgs({
		options: {
			host: { type: 'string' },
			port: { type: 'string' },
			prefix: { type: 'string' },
			...options,
		},
	});
	const sim = await start({ ...values, port: Number(values.port ?? 0) });
	for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => sim.close());
	console.log(JSON.stringify({ name, url: sim.url }));
}
