/*
 * Measures the splitter and the joiner: see `tools/bench help`. Prints figures, and exits with 1 when a goal is missed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wav } from '../api/samples.js';
import { silentFrames } from '../sim/mp3.js';
import { book } from './book_text.js';
import { Report } from './report.js';

const run = promisify(execFile);
const ROUNDS = 5;
const BOOK = 5_000_000, TIMES = 4;
const PARTS = 1500, PART_SEC = 10; /* about 240 MB of MP3 */
const COUNTED_PARTS = 60; /* few enough for valgrind */
const GOAL_MB = 200;
const DRIVERS = 'build/release/tests/jobs';

const megabytes = ({ bytes, cpuMs }) => bytes / 1e6 / (cpuMs / 1000);

async function driver(name, args, before = []) {
	const [command, ...rest] = [...before, join(DRIVERS, `${name}-driver`), ...args];
	return run(command, rest, { maxBuffer: 1 << 24 });
}

async function rounds(name, args) {
	const all = [];
	for (let i = 0; i < ROUNDS; i++) all.push(JSON.parse((await driver(name, args)).stdout));
	return all;
}

/* Allocations of a run, as valgrind counts them. */
async function allocations(args) {
	const { stderr } = await driver('join', args, ['valgrind']);
	return Number(stderr.match(/total heap usage: ([\d,]+) allocs/)[1].replaceAll(',', ''));
}

async function bench(folder) {
	const report = new Report(), text = join(folder, 'book.txt'), out = join(folder, 'out');
	await writeFile(text, book(BOOK));
	report.add('splitter', 'MB/s', (await rounds('split', [text, String(TIMES)])).map(megabytes), { min: GOAL_MB });
	const formats = { mp3: silentFrames(PART_SEC, { rate: 44_100, kbps: 128 }, 'bench'), wav: wav(PART_SEC) };
	for (const [format, bytes] of Object.entries(formats)) {
		const part = join(folder, `part.${format}`);
		await writeFile(part, bytes);
		const join_ = (count) => [format, out, '0.5', ...Array(count).fill(part)];
		const joined = await rounds('join', join_(PARTS));
		assert.ok(joined.every(({ durationSec }) => durationSec > PARTS * PART_SEC * 0.99));
		const minutes = joined[0].durationSec / 60, few = await allocations(join_(COUNTED_PARTS)), none = await allocations(join_(1));
		report.add(`joiner, ${format}`, 'MB/s', joined.map(megabytes), { min: GOAL_MB });
		report.add('  CPU', 'ms a minute', joined.map(({ cpuMs }) => cpuMs / minutes), { beside: `${Math.round(minutes)} minutes of audio` });
		report.add('  allocations', 'a minute', [((few - none) / (COUNTED_PARTS - 1)) * (60 / (PART_SEC + 0.5))], { beside: `parts of ${PART_SEC} s` });
	}
	return report;
}

const folder = await mkdtemp(join(tmpdir(), 'voiceover-bench-'));
try {
	const report = await bench(folder);
	process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(report)}\n` : `${report}\n`);
	process.exitCode = report.ok ? 0 : 1;
} finally {
	await rm(folder, { recursive: true, force: true });
}
