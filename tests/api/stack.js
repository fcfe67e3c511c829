/*
 * The whole product on loopback for the API's tests: real nginx, responders, PostgreSQL and Redis
 * by tools/stack, an S3 server that verifies signatures, and the providers' simulators.
 *
 * stop() is a test by itself: it fails on any line in any log that was not expected, and on any
 * secret of the run that shows up in a log, a step log, or the queue.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from './client.js';
import { Part } from './part.js';
import { freePort } from './ports.js';
import { Simulator } from './simulator.js';
import { DEFAULT_BUCKET, DEFAULT_CREDENTIALS, start as startS3 } from '../sim/s3.js';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = process.env.VOICEOVER_BUILD ?? 'asan';

export const ELEVENLABS_KEY = 'sim-elevenlabs-key-0123456789abcdef';
export const AZURE_KEY = 'sim-azure-key-0123456789abcdef012345';
export const OPENAI_KEY = 'sim-openai-key-0123456789abcdef01234567';
export const ANTHROPIC_KEY = 'sim-anthropic-key-0123456789abcdef012345';
export const VOICE = 'simvoice0000000001';
export const AZURE_VOICE = 'en-US-JennyNeural';
const USUAL_KEYS = { elevenlabs: ELEVENLABS_KEY, azure: AZURE_KEY, openai: OPENAI_KEY };
const USUAL_VOICES = { elevenlabs: VOICE, azure: AZURE_VOICE, openai: 'nova' };

/* What the parts say in a run without a fault. */
const USUAL = {
	pool: [/ info .*: (up|down)$/, / info .*: execution .* (starts|ended)/, / info .*: node .* failed: /],
	runner: [
		/ info .*: (up|stopping)/,
		/ info .*: execution .* (starts|ended)/,
		/ info .*: node .* failed: /,
		/^voiceover-jobs: \d+ completed/,
	],
	nginx: [/\[warn\].*a client request body is buffered/, /\[warn\].*an upstream response is buffered/],
	postgres: [/ LOG: /, / FATAL: {2}the database system is starting up$/, /^(The files|This user|The database|Data page|The default|fixing|creating|selecting|performing|running|initdb|syncing|Success|Sync|\s|$)/],
	redis: [/./],
	elevenlabs: [/./],
	azure: [/./],
	openai: [/./],
	anthropic: [/./],
	migrate: [/^applying /, /^the schema is up to date/],
};

function environment(s3, extra) {
	return {
		PATH: process.env.PATH,
		HOME: process.env.HOME ?? '/tmp',
		LANG: 'C.UTF-8',
		S3_BUCKET: DEFAULT_BUCKET,
		S3_ENDPOINT: s3.url,
		S3_FORCE_PATH_STYLE: 'true',
		S3_ACCESS_KEY_ID: DEFAULT_CREDENTIALS.accessKeyId,
		S3_SECRET_ACCESS_KEY: DEFAULT_CREDENTIALS.secretAccessKey,
		PROVIDER_RETRY_MS: '20',
		ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
		UBSAN_OPTIONS: 'print_stacktrace=1',
		...extra,
	};
}

export class Stack {
	#secrets = new Set([ELEVENLABS_KEY, AZURE_KEY, OPENAI_KEY, ANTHROPIC_KEY, DEFAULT_CREDENTIALS.secretAccessKey]);
	#expected = [];
	#parts = {};

	/* Options: redis, limits, pool, env (more settings of the programs), build. */
	static async start({ redis = true, limits = false, pool = 2, env = {}, build = BUILD } = {}) {
		const stack = new Stack();
		stack.dir = await mkdtemp(join(tmpdir(), 'voiceover-test-'));
		stack.s3 = await startS3();
		stack.env = environment(stack.s3, env);
		const options = ['--dir', stack.dir, '--port', String(await freePort()), '--pool', String(pool), '--build', build];
		if (!redis) options.push('--no-redis');
		if (!limits) options.push('--no-limits');
		stack.options = options;
		try {
			await stack.tool('up');
		} catch (error) {
			await stack.s3.close();
			await rm(stack.dir, { recursive: true, force: true });
			throw new Error(`tools/stack up: ${error.stdout}${error.stderr}`);
		}
		await stack.#read();
		return stack;
	}

	async #read() {
		this.info = JSON.parse(await readFile(join(this.dir, 'demo.json'), 'utf8'));
		this.programs = await this.#programEnvironment();
		for (const name of ['JWT_SECRET', 'ENCRYPTION_SECRET']) this.secret(this.programs[name]);
		this.client = new Client(this.info.url, await readFile(this.info.ca));
	}

	/* What the programs run with: the `env` file that tools/stack writes. */
	async #programEnvironment() {
		const script = 'set -a; . "$0"; exec env -0';
		const { stdout } = await run('bash', ['-c', script, join(this.dir, 'env')], { env: this.env });
		return Object.fromEntries(
			stdout.split('\0').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
		);
	}

	/* Runs tools/stack COMMAND on this stack. */
	async tool(command) {
		return run(join(ROOT, 'tools/stack'), [command, ...this.options], { env: this.env, cwd: ROOT });
	}

	/* Runs one of our programs in this stack's environment; resolves to {code, stdout, stderr}. */
	async program(name, args = [], env = {}) {
		try {
			const done = await run(join(this.dir, 'app/bin', name), args, { env: { ...this.programs, ...env } });
			return { code: 0, ...done };
		} catch (error) {
			return { code: error.code, stdout: error.stdout, stderr: error.stderr };
		}
	}

	async sql(statement) {
		const { stdout } = await run('psql', ['-XqAt', '-d', this.info.databaseUrl, '-c', statement], { maxBuffer: 1 << 28 });
		return stdout.trimEnd();
	}

	/* Runs redis-cli on the stack's Redis. */
	async redis(...args) {
		const { stdout } = await run('redis-cli', ['-u', this.info.redisUrl, ...args]);
		return stdout.trimEnd();
	}

	/* A part of tools/stack by its name: "postgres", "redis", "pool", "runner", … */
	part(name) {
		this.#parts[name] ??= new Part(this.dir, name);
		return this.#parts[name];
	}

	/* The simulator of a provider: "elevenlabs", "azure", "openai" or "anthropic". */
	provider(name) {
		return new Simulator(this.info.simulators[name]);
	}

	/* A value that must not show up anywhere: see stop(). */
	secret(value) {
		this.#secrets.add(value);
		return value;
	}

	/* A line of a log that this test causes. */
	expectLog(pattern) {
		this.#expected.push(pattern);
	}

	/* A new user: a client that is signed in. */
	async user(name = 'Test User') {
		const password = this.secret(`pass-${crypto.randomUUID()}`);
		const email = `${crypto.randomUUID()}@example.org`;
		const { status, body } = await this.client.post('/api/auth/register', { email, password, name });
		assert.equal(status, 201, JSON.stringify(body));
		const client = this.client.as(this.secret(body.token));
		return Object.assign(client, { user: body.user, email, password });
	}

	/* A user with every speech provider's key (`key` for `provider`) and a trained profile at `voice`. */
	async speaker({ provider = 'elevenlabs', voice = USUAL_VOICES[provider], key = USUAL_KEYS[provider] } = {}) {
		const user = await this.user();
		for (const [service, own] of Object.entries({ ...USUAL_KEYS, [provider]: key })) {
			const { status, text } = await user.post('/api/settings/keys', { service, key: this.secret(own) });
			assert.equal(status, 201, text);
		}
		user.profile = await this.profile(user, provider, voice);
		return user;
	}

	/* A ready profile, without the detour over samples. */
	async profile(user, provider, voice) {
		const { body } = await user.post('/api/voice-profiles', { name: `Voice ${voice}`, provider, providerVoiceId: voice });
		await this.sql(`UPDATE voice_profiles SET training_status = 'ready' WHERE id = '${body.id}'`);
		return body;
	}

	/* Keys of the objects in the S3 server, sorted. */
	async objects(prefix = '') {
		const list = await (await fetch(`${this.s3.url}/_sim/objects`)).json();
		return list.map(({ key }) => key).filter((key) => key.startsWith(prefix)).sort();
	}

	/* Takes an object out of the S3 server, as nobody but its owner can. */
	async removeObject(key) {
		const answer = await fetch(`${this.s3.url}/_sim/remove`, { method: 'POST', body: JSON.stringify({ key }) });
		assert.ok(answer.ok);
	}

	/* The files below a folder of the stack. */
	async files(folder) {
		const found = await readdir(join(this.dir, folder), { recursive: true, withFileTypes: true });
		return found.filter((entry) => entry.isFile()).map(({ name }) => name);
	}

	async logLines(name) {
		const text = await readFile(join(this.dir, 'log', `${name}.log`), 'utf8').catch(() => '');
		return text.split('\n').filter(Boolean);
	}

	async #unexpectedLines() {
		const found = [];
		for (const file of await readdir(join(this.dir, 'log'))) {
			const name = file.replace(/\.log$/, '');
			if (name.endsWith('-access')) continue;
			const allowed = [...(USUAL[name] ?? []), ...this.#expected];
			for (const line of await this.logLines(name))
				if (!allowed.some((pattern) => pattern.test(line))) found.push(`${name}: ${line}`);
		}
		return found;
	}

	/* Everything that is kept or written where a secret has no business. */
	async #traces() {
		const files = await readdir(this.dir, { recursive: true, withFileTypes: true });
		const traces = [];
		for (const file of files) {
			const path = join(file.parentPath ?? file.path, file.name);
			const searched = /\/log\/|\/data\/redis\//.test(path) && !/(elevenlabs|azure|openai|anthropic)\.log$/.test(path);
			if (file.isFile() && searched) traces.push([path, await readFile(path, 'latin1')]);
		}
		return traces;
	}

	async #leaks(stepLogs) {
		const traces = [...(await this.#traces()), ['step logs', stepLogs]];
		const leaks = [];
		for (const secret of this.#secrets)
			for (const [where, text] of traces) if (text.includes(secret)) leaks.push(`${secret.slice(0, 12)}… in ${where}`);
		return leaks;
	}

	/* Ends the stack, and judges what it left behind. */
	async stop() {
		let stepLogs = '';
		try {
			stepLogs = await this.sql(
				'SELECT e.*, s.* FROM executions e LEFT JOIN execution_steps s ON s.execution_id = e.id; SELECT * FROM audit_log',
			);
		} finally {
			this.client.close();
			await this.tool('down');
			await this.s3.close();
		}
		const verdict = { unexpected: await this.#unexpectedLines(), leaks: await this.#leaks(stepLogs) };
		await rm(this.dir, { recursive: true, force: true });
		assert.deepEqual(verdict, { unexpected: [], leaks: [] });
	}
}
