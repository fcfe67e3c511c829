/*
 * Measures what a run of a workflow costs, from the queue and without one: see `tools/bench help`.
 * Prints figures, and exits with 1 when a goal is missed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chain, edge, node } from '../api/client.js';
import { interruption } from './load.js';
import { onStack } from './on_stack.js';
import { cpuTime } from './processes.js';
import { Report } from './report.js';

const run = promisify(execFile);
const ROUNDS = 3;
const STEPS = 1000; /* of all executions of a round together */
const SIZES = [1, 5, 20];
const BRANCHES = 10;
const BRANCH_MS = 200;
const PARALLELISM = 4;
const WIDE_RUNS = 10;
const GOALS = { wideRatio: 1.3 };

function say(text) {
	process.stderr.write(`${text}\n`);
}

/* A row of nodes that do next to nothing. */
function trivial(count) {
	return Array.from({ length: count }, (_, i) => node(`n${i}`, 'set-variable', { variableName: 'v', value: i }));
}

/* Starts a workflow many times while no runner is there. */
async function launch(user, workflow, count) {
	for (let i = 0; i < count; i++) {
		const { status, text } = await user.post(`/api/workflows/${workflow}/execute`);
		assert.equal(status, 201, text);
	}
}

/* Runs all that waits; resolves to its seconds, and those that it spent on a CPU. */
async function drain(stack, env) {
	const script = 'TIMEFORMAT="%R %U %S"; time "$0" --drain';
	const program = join(stack.dir, 'app/bin/voiceover-jobs');
	const options = { env: { ...stack.programs, LOG_LEVEL: 'error', ...env }, signal: interruption.signal };
	const { stdout, stderr } = await run('bash', ['-c', script, program], options);
	const [seconds, user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
	return { completed: Number(stdout.match(/: (\d+) completed, 0 failed/)[1]), seconds, cpu: user + system };
}

/* One run of a subject: executions of `count` nodes a second, and what a step of them costs. */
async function measure(stack, user, { workflow, count, env }) {
	const executions = STEPS / count;
	await launch(user, workflow, executions);
	const before = cpuTime(stack.info.pids.postgres);
	const { completed, seconds, cpu } = await drain(stack, env);
	assert.equal(completed, executions);
	const database = (cpuTime(stack.info.pids.postgres) - before) / 1000;
	return { rate: executions / seconds, cpu: (cpu * 1000) / STEPS, database: database / STEPS };
}

const WAYS = { 'in-process': { REDIS_URL: '' }, queued: {} };

async function subjects(user) {
	const all = [];
	for (const count of SIZES) {
		const workflow = await user.workflow(trivial(count), chain(trivial(count)));
		for (const [way, env] of Object.entries(WAYS)) all.push({ name: `${way}, ${count} nodes`, workflow, count, env });
	}
	return all;
}

/* In turns, so that whatever else the machine does meets all of them. */
async function reportTrivial(report, stack, user) {
	const all = await subjects(user), runs = new Map(all.map(({ name }) => [name, []]));
	for (let round = 1; round <= ROUNDS; round++) {
		say(`round ${round} of ${ROUNDS}`);
		for (const subject of round % 2 ? all : all.toReversed()) {
			runs.get(subject.name).push(await measure(stack, user, subject));
			await stack.redis('FLUSHALL'); /* jobs of what was run without the queue */
		}
	}
	for (const [name, samples] of runs) {
		report.add(`${name}: rate`, 'executions/s', samples.map(({ rate }) => rate));
		report.add(`${name}: CPU of the runner`, 'ms/step', samples.map(({ cpu }) => cpu));
		report.add(`${name}: CPU of postgres`, 'ms/step', samples.map(({ database }) => database));
	}
}

/* Branches that wait for somebody else: how long all take beside the least that is possible. */
async function reportWide(report, user) {
	const branches = Array.from({ length: BRANCHES }, (_, i) => node(`b${i}`, 'delay', { duration: BRANCH_MS / 1000 }));
	const nodes = [node('start', 'manual-trigger'), ...branches, node('end', 'merge')];
	const edges = branches.flatMap(({ id }) => [edge('start', id), edge(id, 'end')]);
	const workflow = await user.workflow(nodes, edges);
	const least = Math.ceil(BRANCHES / PARALLELISM) * BRANCH_MS, times = [];
	for (let i = 0; i < WIDE_RUNS; i++) {
		const { status, logs, completedAt } = await user.run(workflow);
		assert.equal(status, 'COMPLETED');
		times.push(Date.parse(completedAt) - Date.parse(logs[0].startedAt));
	}
	report.add(`${BRANCHES} branches of ${BRANCH_MS} ms`, 'ms', times);
	report.add(`${BRANCHES} branches: time to the least`, '', times.map((time) => time / least),
		{ max: GOALS.wideRatio, beside: `${least} ms, ${PARALLELISM} at a time` });
}

async function bench(stack) {
	const report = new Report();
	const user = await stack.user();
	say(`${WIDE_RUNS} runs of ${BRANCHES} branches`);
	await reportWide(report, user);
	const runner = stack.part('runner');
	await runner.end();
	await reportTrivial(report, stack, user);
	await runner.start();
	return report;
}

await onStack({ env: { WORKFLOW_PARALLELISM: String(PARALLELISM) } }, bench);
