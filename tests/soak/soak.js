/* Many executions in one runner, watched: see `tools/soak --help`. */
import assert from 'node:assert/strict';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { childrenOf } from '../api/part.js';
import { onInterruption } from '../api/interrupted.js';
import { chain, edge, node, voiceover } from '../api/client.js';
import { Stack } from '../api/stack.js';
import { until } from '../api/until.js';

const USERS_AT_ONCE = 16, VALGRIND_REQUESTS = 500, SAMPLES = 40;
/*
 * Of the runner's own memory over the last quarter of the run. Before that it fills what the C library keeps for each thread
 * of freed memory, of every size by and by: up to 230 kB for each of 64.
 */
const MAX_GROWTH_KB = 1024;

const { positionals: [flavour], values } = parseArgs({
	allowPositionals: true,
	options: { executions: { type: 'string' }, concurrency: { type: 'string', default: '64' } },
});
const EXECUTIONS = Number(values.executions ?? (flavour === 'release' ? 40_000 : 10_000));
assert.ok(EXECUTIONS > 0 && Number(values.concurrency) > 0, '--executions and --concurrency take numbers');

function say(text) {
	process.stderr.write(`${text}\n`);
}

/* What the system is for: texts that are new, and texts that were spoken before; branches; a step that fails. */
async function workflows(user) {
	const set = (id) => node(id, 'set-variable', { variableName: id, value: `{{start}} ${'x'.repeat(200)}` });
	const branches = [node('start', 'manual-trigger'), set('a'), set('b'), set('c'), node('end', 'merge')];
	const joined = ['a', 'b', 'c'].flatMap((id) => [edge('start', id), edge(id, 'end')]);
	const failing = [node('start', 'manual-trigger'), node('call', 'http-request', { url: 'http://127.0.0.1:1/' })];
	const all = [
		{ id: await user.workflow(branches, joined), ends: 'COMPLETED' },
		{ id: await user.workflow(failing, chain(failing)), ends: 'FAILED' },
	];
	for (let i = 0; i < 8; i++)
		all.push({ id: await user.workflow(voiceover(user.profile.id, `Sentence number ${i}. It has a second one.`, { cache: i > 1 })), ends: 'COMPLETED' });
	return all;
}

/* Starts executions of all workflows in turns, as several users at once would. */
async function launch(user, all, count) {
	let next = 0;
	await Promise.all(Array.from({ length: USERS_AT_ONCE }, async () => {
		while (next < count) {
			const { id } = all[next++ % all.length];
			const { status, text } = await user.post(`/api/workflows/${id}/execute`);
			assert.equal(status, 201, text);
		}
	}));
}

/* From now on a program of the stack runs under memcheck, whose reports are unexpected lines of a log. */
async function underValgrind(stack, program) {
	const path = join(stack.dir, 'app/bin', program), log = join(stack.dir, 'log', `valgrind-${program}-%p.log`);
	await rename(path, `${path}.real`);
	await writeFile(path, `#!/bin/sh\nexec valgrind -q --leak-check=full --show-leak-kinds=definite,possible --log-file=${log} ${path}.real "$@"\n`);
	await chmod(path, 0o755);
	await chmod(join(stack.dir, 'log'), 0o777); /* the programs need not be ours */
}

async function respondersUnderValgrind(stack, user) {
	say(`${VALGRIND_REQUESTS} requests to responders under valgrind`);
	stack.expectLog(/^Spawning child\[\d+\] failed, next try$/); /* what multiwatch says of those that end early */
	await underValgrind(stack, 'voiceover-fcgi');
	const restart = async () => {
		for (const pid of await childrenOf(await stack.part('pool').pid())) process.kill(pid, 'SIGTERM');
		await until(async () => (await user.get('/api/auth/me')).status === 200, 'the pool');
	};
	await restart();
	const id = await user.workflow(voiceover(user.profile.id));
	const paths = ['/api/workflows', `/api/workflows/${id}`, `/api/workflows/${id}/executions`, '/api/voice-profiles', '/api/node-types',
		'/api/settings/keys', '/api/settings/pronunciations', '/api/auth/me', '/api/health/ready', '/api/nothing'];
	for (let i = 0; i < VALGRIND_REQUESTS; i++) {
		if (i % 10 === 0) await user.workflow(voiceover(user.profile.id, `Text ${i}`));
		const { status } = await user.get(paths[i % paths.length]);
		assert.ok(status < 500 || status === 503, `${paths[i % paths.length]}: ${status}`);
	}
	const path = join(stack.dir, 'app/bin/voiceover-fcgi');
	await rename(`${path}.real`, path);
	await restart();
}

/* kB of the runner's own memory: heap, stacks, data. */
async function ownMemory(pid) {
	return Number((await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')).match(/^Pss_Anon:\s+(\d+) kB/m)[1]);
}

async function ended(stack) {
	return Number(await stack.sql("SELECT count(*) FROM executions WHERE status <> 'RUNNING'"));
}

/* Waits for the end of all; resolves to the memory of the runner at even distances on the way. */
async function watch(stack, pid) {
	const samples = [];
	for (let done = 0; done < EXECUTIONS;) {
		const aim = Math.min(EXECUTIONS, done + Math.ceil(EXECUTIONS / SAMPLES));
		done = await until(async () => {
			const now = await ended(stack);
			return now >= aim && now;
		}, `the end of ${aim} executions`);
		samples.push(await ownMemory(pid));
		say(`${done} of ${EXECUTIONS} ended; the runner's own memory: ${samples.at(-1)} kB`);
	}
	return samples;
}

async function checkEnds(stack, all) {
	const rows = (await stack.sql("SELECT DISTINCT workflow_id || ' ' || status FROM executions")).split('\n');
	const wanted = all.map(({ id, ends }) => `${id} ${ends}`);
	assert.deepEqual(rows.sort(), wanted.sort(), 'each execution ends as its workflow has to');
	assert.equal(Number(await stack.sql('SELECT count(*) FROM executions')), EXECUTIONS, 'none is lost, none is extra');
}

async function soak(stack) {
	const user = await stack.speaker();
	if (flavour === 'valgrind') await respondersUnderValgrind(stack, user);
	const all = await workflows(user), runner = stack.part('runner');
	await runner.end();
	if (flavour === 'valgrind') await underValgrind(stack, 'voiceover-jobs');
	/* What is launched meanwhile would take its share of the machine, and memory would rise when that ends. */
	say(`launching ${EXECUTIONS} executions`);
	await launch(user, all, EXECUTIONS);
	await runner.start({ command: [join(stack.dir, 'app/bin/voiceover-jobs'), '--concurrency', values.concurrency] });
	const samples = await watch(stack, await runner.pid());
	await checkEnds(stack, all);
	await runner.end();
	await runner.start({ command: [join(stack.dir, 'app/bin/voiceover-jobs')] });
	const later = samples.slice(Math.floor((samples.length * 3) / 4)), growth = later.at(-1) - later[0];
	say(`${EXECUTIONS} executions; memory grew by ${growth} kB in their last quarter (goal: at most ${MAX_GROWTH_KB})`);
	if (flavour === 'release') assert.ok(growth <= MAX_GROWTH_KB, 'memory is flat');
}

const stack = await Stack.start({ build: flavour === 'valgrind' ? 'debug' : flavour });
stack.expectLog(/ warn .*(execution|node) /);
stack.expectLog(/ info .*: put \d+ executions into the queue that it did not have$/); /* which have just ended */
const interrupted = new Promise((_, reject) => {
	onInterruption(() => reject(new Error('It was interrupted.')));
});
try {
	await Promise.race([soak(stack), interrupted]);
} finally {
	await stack.stop();
}
say('No report, no leak, nothing lost.');
