/*
 * Measures how a book is spoken: see `tools/bench help`. Prints figures, and exits with 1 when a goal is missed.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { voiceover } from '../api/client.js';
import { walk } from '../sim/mp3.js';
import { book } from './book_text.js';
import { interruption } from './load.js';
import { onStack } from './on_stack.js';
import { residentSize, resetPeak, threadsTime } from './processes.js';
import { Report } from './report.js';

const CHARACTERS = 500_000;
const ACCOUNT = { plan: 'pro', concurrency: 10, credit: 1e12 };
const LATENCY = 0.1; /* of the service's */
const PAUSE = 0.5; /* as usual after a paragraph */
const FRAME_SEC = 1152 / 44_100;
const GOALS = { memory: 64, time: 1.2 };

async function ended(user, workflow, id) {
	for (;;) {
		const { body } = await user.get(`/api/workflows/${workflow}/executions/${id}`);
		if (body.status !== 'RUNNING') return body;
		const progress = body.logs.at(-1)?.progress;
		if (progress) process.stderr.write(`\r${progress.done} of ${progress.total} segments `);
		await sleep(1000, null, { signal: interruption.signal });
	}
}

/* Speaks the book; resolves to what came of it, and what that took. */
async function speak(stack, user, text) {
	const workflow = await user.workflow(voiceover(user.profile.id, text));
	const { runner } = stack.info.pids, idle = residentSize(runner).now, before = threadsTime(runner);
	resetPeak(runner);
	const begin = performance.now();
	const started = await user.post(`/api/workflows/${workflow}/execute`);
	assert.equal(started.status, 201, started.text);
	const execution = await ended(user, workflow, started.body.id);
	const ms = performance.now() - begin, step = execution.logs.at(-1);
	process.stderr.write('\n');
	assert.equal(step.status, 'success', step.error);
	const { body: segments } = await user.get(`/api/workflows/${workflow}/executions/${execution.id}/segments`);
	return { output: step.output, segments, ms, cpu: (threadsTime(runner) - before) / 1e6, grown: (residentSize(runner).peak - idle) / 1024 };
}

/* All of the text is there, in its order, each piece bought once, and the file has all of it. */
async function check(stack, user, text, { output, segments }) {
	const words = (part) => part.replace(/\s+/g, ' ').trim();
	assert.equal(words(segments.map((segment) => segment.text).join(' ')), words(text));
	const bought = (await stack.provider('elevenlabs').charges(user.key)).map((charge) => charge.text);
	assert.deepEqual(bought.sort(), [...new Set(segments.map((segment) => segment.text))].sort());
	const { body } = await user.get(`/api/storage/play?key=${encodeURIComponent(output.audioKey)}`);
	const audio = Buffer.from(await (await fetch(body.url)).arrayBuffer());
	const pauses = text.split('\n\n').length - 1;
	const expected = segments.reduce((sum, segment) => sum + segment.durationSec, pauses * PAUSE);
	assert.ok(Math.abs(walk(audio).seconds - output.durationSec) <= 2 * FRAME_SEC, `${walk(audio).seconds} s are not ${output.durationSec}`);
	assert.ok(Math.abs(output.durationSec - expected) <= FRAME_SEC * pauses, `${output.durationSec} s are not about ${expected}`);
}

async function bench(stack) {
	const key = stack.secret(`sim-elevenlabs-key-${crypto.randomUUID()}`), provider = stack.provider('elevenlabs');
	await provider.addKeys([key], ACCOUNT);
	const user = Object.assign(await stack.speaker({ key }), { key });
	await provider.control('config', { latency: LATENCY });
	const text = book(CHARACTERS), spoken = await speak(stack, user, text);
	await check(stack, user, text, spoken);
	const calls = (await provider.requests(key)).filter(({ path, status }) => path.startsWith('/v1/text-to-speech/') && status === 200);
	const least = calls.reduce((sum, { ms }) => sum + ms, 0) / ACCOUNT.concurrency;
	const report = new Report(), minutes = spoken.output.durationSec / 60;
	report.add('time', 'x', [spoken.ms / least], { max: GOALS.time, beside: `${Math.round(least / 1000)} s, which ${calls.length} calls take, ${ACCOUNT.concurrency} at a time` });
	report.add('growth of the runner while it speaks', 'MB', [spoken.grown], { max: GOALS.memory });
	report.add('CPU of the runner', 'ms a minute', [(spoken.cpu * 1000) / minutes], { beside: `${Math.round(minutes)} minutes of audio` });
	return report;
}

await onStack({}, bench);
