/*
 * Joined audio, judged by decoders that are not ours: mpg123 and lame for MP3, sox for WAV. The
 * driver is that of build/$BUILD (debug).
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../sim/command.js';
import { wavHeader } from '../sim/pcm.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DRIVER = path.join(ROOT, 'build', process.env.BUILD ?? 'debug', 'tests/jobs/join-driver');
const PAUSE = 0.5;
/* The decoder's last bit depends on how many frames it has seen. */
const ROUNDING = 1;
const NOTHING = Buffer.alloc(0);

let dir;
before(async () => {
	dir = await mkdtemp(path.join(tmpdir(), 'voiceover-join-'));
});
after(() => rm(dir, { recursive: true, force: true }));

const file = (name) => path.join(dir, name);

/** A tone that swells and falls, as 16-bit mono samples; no two are alike. */
function samplesOf(rate, seconds, pitch) {
	const samples = new Int16Array(Math.round(rate * seconds));
	for (let i = 0; i < samples.length; i++) {
		const swell = 0.5 + 0.5 * Math.sin((2 * Math.PI * 3 * i) / rate);
		const hiss = ((i * 7919) % 211) / 211 - 0.5;
		samples[i] = 9000 * swell * Math.sin((2 * Math.PI * pitch * i) / rate) + 1500 * hiss;
	}
	return Buffer.from(samples.buffer);
}

async function join(format, parts, pause = 0) {
	const names = await Promise.all(
		parts.map(async (bytes, i) => {
			await writeFile(file(`part${i}`), bytes);
			return file(`part${i}`);
		}),
	);
	const out = file(`joined.${format}`);
	const said = await run(DRIVER, [format, out, String(pause), ...names], NOTHING);
	return { ...JSON.parse(said), file: await readFile(out), path: out };
}

/** Every sample of every frame, also those that a player would leave out. */
async function decode(bytes) {
	const raw = await run('mpg123', ['-q', '--no-gapless', '--no-resync', '-s', '-'], bytes);
	return raw;
}

/** How far the samples of two sounds of one length are apart at most. */
function difference(a, b) {
	assert.equal(a.length, b.length);
	let most = 0;
	for (let i = 0; i + 1 < a.length; i += 2)
		most = Math.max(most, Math.abs(a.readInt16LE(i) - b.readInt16LE(i)));
	return most;
}

async function encode(rate, seconds, pitch, ...options) {
	const samples = samplesOf(rate, seconds, pitch);
	const header = wavHeader({ codec: 'pcm', rate }, { riffSize: samples.length + 36, dataSize: samples.length });
	return run('lame', ['--quiet', '-m', 'm', ...options, '-', '-'], Buffer.concat([header, samples]));
}

/** Where the first frame of an MP3 begins, behind an ID3v2 tag, and how many bytes it has. */
function firstFrame(bytes) {
	const at = bytes.toString('latin1', 0, 3) === 'ID3' ? 10 + bytes.readUInt32BE(6) : 0;
	return at;
}

const KINDS = [
	['44.1 kHz, 128 kbit/s', 44100, ['-t', '--cbr', '-b', '128']],
	['44.1 kHz, 128 kbit/s with Info frames and tags', 44100, ['--cbr', '-b', '128', '--tt', 'Title', '--add-id3v2', '--id3v1-only']],
	['24 kHz, 48 kbit/s', 24000, ['-t', '--cbr', '-b', '48']],
	['24 kHz, 96 kbit/s without a reservoir', 24000, ['-t', '--cbr', '-b', '96', '--nores']],
	['44.1 kHz of variable bitrate', 44100, ['-V', '4']],
	['44.1 kHz with checksums', 44100, ['-t', '-p', '--cbr', '-b', '128']],
];

describe('MP3', () => {
	for (const [what, rate, options] of KINDS)
		test(`${what}: the frames are those of the parts, and sound like them`, async () => {
			const spf = rate > 32000 ? 1152 : 576;
			const parts = await Promise.all(
				[1.3, 0.7, 2.1].map((seconds, i) => encode(rate, seconds, 300 + 110 * i, ...options)),
			);
			const joined = await join('mp3', parts, PAUSE);
			const decoded = await decode(joined.file);
			/* A part that goes through the joiner alone has no Info frame that a decoder could take for sound. */
			const alone = [];
			for (const part of parts) alone.push(await decode((await join('mp3', [part])).file));
			const pause = Math.round((PAUSE * rate) / spf) * spf;
			const total = alone.reduce((sum, pcm) => sum + pcm.length / 2, 0) + 2 * pause;
			assert.equal(decoded.length / 2, total, 'as many samples as the parts have');
			assert.equal(joined.samples, total);
			assert.ok(Math.abs(joined.durationSec - total / rate) < 1e-9);

			/* Two frames after a joint the decoder has nothing left of what was before it. */
			const joined2 = await join('mp3', parts);
			const all = await decode(joined2.file);
			let at = 0;
			for (const pcm of alone) {
				const skip = at === 0 ? 0 : 2 * spf * 2;
				const off = difference(all.subarray(at + skip, at + pcm.length), pcm.subarray(skip));
				assert.ok(off <= ROUNDING, `the part at sample ${at / 2} is off by ${off}`);
				at += pcm.length;
			}
		});

	test('as long for lame as durationSec says', async () => {
		const parts = await Promise.all([1, 2].map((s) => encode(44100, s, 440, '-t', '--cbr', '-b', '128')));
		const { file: bytes, samples } = await join('mp3', parts);
		const wav = await run('lame', ['--quiet', '--decode', '--mp3input', '-', '-'], bytes);
		assert.equal((wav.length - 44) / 2 + 529, samples);
	});

	test('a part cut out of the middle of a file begins silent, without a noise', async () => {
		const whole = await encode(44100, 3, 300, '-t', '--cbr', '-b', '64');
		/* Frame by frame up to the twentieth. */
		let at = firstFrame(whole);
		for (let i = 0; i < 20; i++) at += 208 + ((whole[at + 2] >> 1) & 1);
		const middle = whole.subarray(at);
		const lead = await encode(44100, 1, 500, '-t', '--cbr', '-b', '64');
		const { file: bytes } = await join('mp3', [lead, middle]);
		const pcm = await decode(bytes);
		const alone = await decode((await join('mp3', [middle])).file);
		const tail = pcm.subarray(pcm.length - alone.length);
		const skip = 6 * 1152 * 2;
		const off = difference(tail.subarray(skip), alone.subarray(skip));
		assert.ok(off <= ROUNDING, `what can be played is off by ${off}`);
		let loudest = 0;
		for (let i = 0; i + 1 < tail.length; i += 2) loudest = Math.max(loudest, Math.abs(tail.readInt16LE(i)));
		assert.ok(loudest < 14000, `no louder than what went in: ${loudest}`);
	});

	test('parts that do not fit together are refused', async () => {
		const parts = [await encode(44100, 1, 300, '-t', '-b', '128'), await encode(24000, 1, 300, '-t', '-b', '48')];
		await assert.rejects(join('mp3', parts));
	});
});

describe('WAV', () => {
	test('sox finds the samples of the parts and nothing else', async () => {
		const rate = 24000;
		const sounds = [0.5, 1.25, 0.1].map((seconds, i) => samplesOf(rate, seconds, 200 + 50 * i));
		const sizes = [undefined, 0x7fffffff, 0xffffffff];
		const parts = sounds.map((sound, i) =>
			Buffer.concat([
				wavHeader({ codec: 'pcm', rate }, { riffSize: sizes[i] ?? sound.length + 36, dataSize: sizes[i] ?? sound.length }),
				sound,
			]),
		);
		const { path: out, samples, durationSec } = await join('wav', parts, PAUSE);
		const raw = await run('sox', [out, '-t', 'raw', '-'], NOTHING);
		const pause = Buffer.alloc(rate * PAUSE * 2);
		const want = Buffer.concat([sounds[0], pause, sounds[1], pause, sounds[2]]);
		assert.ok(raw.equals(want), 'sample by sample');
		assert.equal(samples, want.length / 2);
		assert.equal(durationSec, want.length / 2 / rate);
		assert.equal(Number(await run('soxi', ['-s', out], NOTHING)), samples);
	});
});
