/* Audio files measured by other means than the product's own: MP3 by lame's decoder, WAV by its header. */
import assert from 'node:assert/strict';
import { run } from '../sim/command.js';

const HEADER = 44;
/* What a decoder leaves out at the start of an MP3 without a LAME tag: its own delay. */
const DECODER_DELAY = 529;
const SAMPLE = 2;

async function secondsOfMp3(bytes) {
	const decoded = await run('lame', ['--quiet', '--decode', '--mp3input', '-', '-'], bytes);
	assert.equal(decoded.readUInt16LE(22), 1, 'one channel');
	return ((decoded.length - HEADER) / SAMPLE + DECODER_DELAY) / decoded.readUInt32LE(24);
}

/* 16-bit mono with the plainest header there is, all of whose sizes are right. */
function secondsOfWav(bytes) {
	const rate = bytes.readUInt32LE(24);
	const header = Buffer.alloc(HEADER);
	header.write('RIFF', 0);
	header.writeUInt32LE(bytes.length - 8, 4);
	header.write('WAVEfmt ', 8);
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(1, 20);
	header.writeUInt16LE(1, 22);
	header.writeUInt32LE(rate, 24);
	header.writeUInt32LE(rate * SAMPLE, 28);
	header.writeUInt16LE(SAMPLE, 32);
	header.writeUInt16LE(16, 34);
	header.write('data', 36);
	header.writeUInt32LE(bytes.length - HEADER, 40);
	assert.equal(bytes.subarray(0, HEADER).toString('hex'), header.toString('hex'), 'a clean WAV header');
	return (bytes.length - HEADER) / SAMPLE / rate;
}

const MEASURES = { mp3: secondsOfMp3, wav: secondsOfWav };

/* How long a whole and clean file of that format plays. */
export function secondsOf(bytes, format) {
	return MEASURES[format](bytes);
}
