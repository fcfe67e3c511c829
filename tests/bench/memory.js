/* How the memory of a responder behaves: at rest, over many requests, and under uploads. */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { wrk } from './load.js';
import { proportionalSize, resetPeak, residentSize } from './processes.js';

export const MANY = 100_000;
export const UPLOADS = 5;
const WARM_UP_SECONDS = 3;
const SAMPLE_MS = 2;
const MAX_FILE = 25 * 1024 * 1024;

/* A WAV of the largest size that is taken: 16-bit mono, 44.1 kHz, silence. */
function largestWav() {
	const wav = Buffer.alloc(MAX_FILE);
	wav.write('RIFF', 0);
	wav.writeUInt32LE(MAX_FILE - 8, 4);
	wav.write('WAVEfmt ', 8);
	wav.writeUInt32LE(16, 16);
	wav.writeUInt16LE(1, 20);
	wav.writeUInt16LE(1, 22);
	wav.writeUInt32LE(44_100, 24);
	wav.writeUInt32LE(88_200, 28);
	wav.writeUInt16LE(2, 32);
	wav.writeUInt16LE(16, 34);
	wav.write('data', 36);
	wav.writeUInt32LE(MAX_FILE - 44, 40);
	return wav;
}

/* kB before and after MANY requests that the responder `pid` answers alone, and how many they were. */
export async function overManyRequests(pid, load) {
	await wrk({ ...load, seconds: WARM_UP_SECONDS });
	const before = proportionalSize(pid);
	let requests = 0;
	while (requests < MANY) requests += (await wrk({ ...load, seconds: 5 })).requests;
	return { before, after: proportionalSize(pid), requests };
}

/* The largest proportional size, in kB, while `work` goes on. */
async function largestDuring(pid, work) {
	let done = false, largest = 0;
	const working = work().finally(() => (done = true));
	while (!done) {
		largest = Math.max(largest, proportionalSize(pid).pss);
		await wait(SAMPLE_MS);
	}
	await working;
	return largest;
}

/* kB by which an upload raised the responder `pid`: its peak as the kernel saw it, and sampled PSS. */
async function upload(pid, user, profile, wav) {
	const { pss } = proportionalSize(pid);
	resetPeak(pid);
	const before = residentSize(pid);
	const largest = await largestDuring(pid, async () => {
		const { status, text } = await user.upload(`/api/voice-profiles/${profile}/assets`, wav);
		assert.equal(status, 201, text);
	});
	return { resident: residentSize(pid).peak - before.now, pss: largest - pss };
}

/* One entry an upload. */
export async function overUploads(pid, user, profile) {
	const wav = largestWav(), growth = [];
	for (let i = 0; i < UPLOADS; i++) growth.push(await upload(pid, user, profile, wav));
	return growth;
}
