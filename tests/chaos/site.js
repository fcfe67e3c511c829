/*
 * The site that is put to the test: the whole product by tools/stack, several runners that are started again when they
 * die, and the providers' simulators and the storage in this process, where nothing of them is lost.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../api/part.js';
import { wav } from '../api/samples.js';
import { AZURE_VOICE, Stack } from '../api/stack.js';
import { until } from '../api/until.js';
import { start as startAzure } from '../sim/azure.js';
import { start as startElevenlabs } from '../sim/elevenlabs.js';
import { Orders } from './orders.js';

const QUEUE = 'bull:workflow-execution';
const RESPONDERS = 3;
const RESTART_MS = 100; /* how soon a supervisor starts a program that died */
const FORGET_MS = 400;
const SLOW_ONES = 6, TAKEN_MS = 500; /* so many for three runners, and when they have them */
const CRASH_LATENCY = 0.5, CRASH_MS = 700;
const OLD_EXECUTIONS = 20;
const NOWHERE = 'http://127.0.0.1:1';
const SETTINGS = { RETENTION_DAYS: '2', STOP_GRACE_S: '2', PROVIDER_TIMEOUT_S: '30', LOG_LEVEL: 'info' };

/* What the logs may say in a run in which everything dies; errors of the programs, and the sanitizers', are not among it. */
const EXPECTED = [
	/ (info|warn) /,
	/(^| )(LOG|FATAL|WARNING|DETAIL|HINT|CONTEXT|STATEMENT): /,
	/\[(error|alert|crit)\]/,
	/^Spawning child\[\d\] failed, next try$/,
	/^child\[\d\]/i,
];

/* Every end of an execution, and of a step with success, is counted where it happens. */
const COUNTERS = `
CREATE TABLE ends (execution_id uuid NOT NULL, what text NOT NULL);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO ends VALUES (NEW.id, 'execution'); RETURN NEW; END $$;
CREATE FUNCTION note_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO ends VALUES (NEW.execution_id, NEW.node_id || ' ' || NEW.iteration); RETURN NEW; END $$;
CREATE TRIGGER note_end AFTER UPDATE ON executions FOR EACH ROW
	WHEN (OLD.status = 'RUNNING' AND NEW.status <> 'RUNNING') EXECUTE FUNCTION note_end();
CREATE TRIGGER note_step AFTER UPDATE ON execution_steps FOR EACH ROW
	WHEN (OLD.status <> 'success' AND NEW.status = 'success') EXECUTE FUNCTION note_step();`;

/* True once a process is gone for everybody, and nobody has to take note of its end any more. */
export function isGone(pid) {
	try {
		process.kill(pid, 0);
		return false;
	} catch {
		return true;
	}
}

/* What a simulator has charged, to `key` or to all. */
export function chargesOf(sim, key = null) {
	const { items } = sim.app.control.find(([, path]) => path === '/_sim/charges')[2]();
	return key ? items.filter((item) => item.key === key) : items;
}

export const pick = (list) => list[randomInt(list.length)];

export class Site {
	#runners = new Map();
	#closing = false;

	/* `concurrency` is that of a runner; account(i) is what the i-th user's key at ElevenLabs differs in. */
	static async open({ build = 'chaos', runners = 3, concurrency = 8, users = 8, account = () => ({}) } = {}) {
		const site = new Site();
		site.concurrency = concurrency;
		site.orders = await Orders.open();
		try {
			await site.#start(build, users, account);
			for (let slot = 0; slot < runners; slot++) site.startRunner(slot);
			await site.#addUsers();
			await site.stack.sql(COUNTERS);
		} catch (error) {
			await site.close().catch(() => {});
			throw error;
		}
		return site;
	}

	async #start(build, users, account) {
		const keys = Array.from({ length: users }, (_, i) => `chaos-key-${i}-0123456789abcdef0123456789`);
		const accounts = keys.map((key, i) => [key, { plan: 'business', credit: 1e9, account: key, ...account(i) }]);
		this.elevenlabs = await startElevenlabs({ tone: true, keys: Object.fromEntries(accounts) });
		this.azure = await startAzure({ tone: true, keys: Object.fromEntries(keys.map((key) => [key, {}])) });
		this.keys = keys;
		const env = {
			...SETTINGS,
			FAULT_POINTS: this.orders.path,
			ELEVENLABS_BASE_URL: this.elevenlabs.url,
			AZURE_TTS_BASE_URL: this.azure.url,
			OPENAI_BASE_URL: NOWHERE,
			ANTHROPIC_BASE_URL: NOWHERE,
		};
		this.stack = await Stack.start({ build, pool: RESPONDERS, env });
		for (const line of EXPECTED) this.stack.expectLog(line);
		await this.stack.part('runner').end();
		this.log = createWriteStream(join(this.stack.dir, 'log/runner.log'), { flags: 'a' });
		await once(this.log, 'open');
		this.env = { ...this.stack.programs, ...SETTINGS, FAULT_POINTS: this.orders.path, PROVIDER_RETRY_MS: '20' };
	}

	async #addUsers() {
		this.users = [];
		for (const key of this.keys) {
			const user = Object.assign(await this.stack.user(), { key });
			for (const service of ['elevenlabs', 'azure']) await user.post('/api/settings/keys', { service, key: this.stack.secret(key) });
			user.profile = await this.stack.profile(user, 'elevenlabs', await this.#addVoice(key));
			user.azureProfile = await this.stack.profile(user, 'azure', AZURE_VOICE);
			this.users.push(user);
		}
	}

	/* A voice of the key's own account, whose history is that of one user. */
	async #addVoice(key) {
		const form = new FormData();
		form.set('name', 'A voice');
		form.set('files', new Blob([wav(2)]), 'sample.wav');
		const answer = await fetch(`${this.elevenlabs.url}/v1/voices/add`, { method: 'POST', headers: { 'xi-api-key': key }, body: form });
		return (await answer.json()).voice_id;
	}

	/* Ends everything; resolves to what the logs have that they should not, or null. */
	async close() {
		this.#closing = true;
		this.orders.takeBack();
		await Promise.all([...this.#runners.values()].map((child) => this.#end(child)));
		let complaint = null;
		await this.stack?.stop().catch((error) => (complaint = error.message));
		await this.elevenlabs?.close();
		await this.azure?.close();
		await this.orders.close();
		return complaint;
	}

	async #end(child) {
		const ended = once(child, 'exit');
		if (child.exitCode !== null || child.signalCode !== null || !child.kill('SIGTERM')) return;
		await ended;
	}

	/* SQL that waits for a database that is away. */
	async sql(statement) {
		for (;;) {
			try {
				return await this.stack.sql(statement);
			} catch (error) {
				if (!/connect|server|starting up|shutting down|recovery/.test(error.stderr ?? '')) throw error;
				await sleep(50);
			}
		}
	}

	rows = async (statement) => JSON.parse(await this.sql(`SELECT coalesce(json_agg(r), '[]') FROM (${statement}) r`));

	/* ---- runners ---- */

	startRunner(slot, { bin = 'app/bin' } = {}) {
		const child = spawn(join(this.stack.dir, bin, 'voiceover-jobs'), ['--concurrency', String(this.concurrency)], {
			env: this.env,
			stdio: ['ignore', this.log, this.log],
		});
		this.#runners.set(slot, child);
		child.once('exit', () => {
			if (!this.#closing && this.#runners.get(slot) === child) setTimeout(() => this.#closing || this.startRunner(slot), RESTART_MS);
		});
		return child;
	}

	runnerPids() {
		return [...this.#runners.values()].filter((child) => child.exitCode === null && child.signalCode === null).map(({ pid }) => pid);
	}

	runnerSlots() {
		return [...this.#runners.keys()];
	}

	/* Ends the runner of a slot by SIGTERM, once another is up in a slot of its own. */
	async replaceRunner(old, fresh, options) {
		const child = this.#runners.get(old);
		this.startRunner(fresh, options);
		await sleep(randomInt(50, 300));
		this.#runners.delete(old);
		await this.#end(child);
		return child.exitCode;
	}

	async responderPids() {
		return childrenOf(await this.stack.part('pool').pid());
	}

	/* ---- what makes somebody come to a point ---- */

	nudges = {
		schedule: () => this.load?.makeDue(),
		restart: async () => {
			await this.#addOldExecutions();
			process.kill(pick(this.runnerPids()), 'SIGTERM');
		},
		/* A runner dies amid calls: the next to have their segments asks the provider what came of them. */
		crash: async () => {
			this.elevenlabs.configure({ latency: CRASH_LATENCY });
			try {
				await sleep(CRASH_MS);
				process.kill(pick(this.runnerPids()), 'SIGKILL');
			} finally {
				this.elevenlabs.configure({ latency: 0 });
			}
		},
		/* A runner is stopped amid something that takes longer than it has. */
		stop: async () => {
			await Promise.all(Array.from({ length: SLOW_ONES }, () => this.load?.start('slow')));
			await sleep(TAKEN_MS);
			process.kill(pick(this.runnerPids()), 'SIGTERM');
		},
		/* Jobs that nobody has taken yet are forgotten. */
		forget: async () => {
			const pids = this.runnerPids();
			for (const pid of pids) process.kill(pid, 'SIGSTOP');
			await sleep(FORGET_MS);
			await this.stack.redis('FLUSHALL').catch(() => {});
			for (const pid of pids) process.kill(pid, 'SIGCONT');
		},
		retry: () => this.load?.retryFailed(),
	};

	/* Executions that retention deletes: copies of one that has ended. */
	async #addOldExecutions() {
		await this.sql(`INSERT INTO executions (id, workflow_id, user_id, nodes, edges, status, started_at, completed_at)
			SELECT gen_random_uuid(), workflow_id, user_id, nodes, edges, 'COMPLETED', now() - interval '9 days', now() - interval '9 days'
			FROM (SELECT * FROM executions WHERE status = 'COMPLETED' LIMIT 1) e, generate_series(1, ${OLD_EXECUTIONS})`);
	}

	/* ---- servers ---- */

	async #startRedis() {
		const { port } = new URL(this.stack.info.redisUrl);
		const place = ['--bind', '127.0.0.1', '--port', port, '--dir', join(this.stack.dir, 'data/redis')];
		await this.stack.part('redis').start({ command: ['redis-server', ...place, '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'] });
	}

	async #killPostgres() {
		const postgres = this.stack.part('postgres');
		const postmaster = await postgres.pid();
		process.kill(postmaster, 'SIGSTOP'); /* it has no further children */
		const backends = await childrenOf(postmaster);
		await postgres.end('SIGKILL');
		for (const pid of backends)
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				/* it has noticed that the others are gone */
			}
		/* It does not start beside what still looks like another one. */
		await until(() => [postmaster, ...backends].every(isGone), 'the end of PostgreSQL');
	}

	/* By victim, how it goes and how it comes back. */
	servers = {
		redis: { down: () => this.stack.part('redis').end('SIGKILL'), up: () => this.#startRedis() },
		'redis-emptied': { down: () => this.stack.redis('FLUSHALL'), up: () => {} },
		'redis-lost': {
			down: async () => {
				await this.stack.part('redis').end('SIGKILL');
				for (const name of ['appendonlydir', 'dump.rdb']) await rm(join(this.stack.dir, 'data/redis', name), { recursive: true, force: true });
			},
			up: () => this.#startRedis(),
		},
		postgres: { down: () => this.#killPostgres(), up: () => this.stack.part('postgres').start() },
	};

	/* Jobs in the queue; null while it is away. */
	async backlog() {
		const wait = await this.stack.redis('LLEN', `${QUEUE}:wait`).catch(() => null);
		return wait === null ? null : Number(wait);
	}
}
