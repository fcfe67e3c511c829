/*
 * MP3: encoding by lame, silent frames without an encoder, the ID3v2 tag ElevenLabs writes, and a
 * walk over the frames.
 */
import { run } from './command.js';
import { ENCODERS } from './pcm.js';

const RATES = { 3: [44100, 48000, 32000], 2: [22050, 24000, 16000], 0: [11025, 12000, 8000] };
const KBPS_MPEG1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBPS_MPEG2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const MPEG1 = 3;
const MPEG2 = 2;
const LAYER3_NO_CRC = 0b011;
const MONO_ORIGINAL = 0xc4;

/** Constant-bitrate mono frames without tags and without a Xing frame (lame's -t). */
export function encode(samples, from, { rate, kbps }) {
	const args = [
		'--quiet',
		'-r',
		'-s',
		String(from / 1000),
		'--bitwidth',
		'16',
		'-m',
		'm',
		'-q',
		'7',
		'--cbr',
	];
	args.push('-b', String(kbps), '--resample', String(rate / 1000), '-t', '-', '-');
	return run('lame', args, ENCODERS.pcm(samples));
}

/**
 * Frames that decode to silence: header, empty side information, and for the rest ancillary bytes
 * that no decoder reads. The mark (ASCII, so that it never looks like a sync word) stands in them,
 * so that pieces can be told apart.
 */
export function silentFrames(seconds, { rate, kbps }, mark) {
	const version = RATES[MPEG1].includes(rate) ? MPEG1 : MPEG2;
	const perFrame = version === MPEG1 ? 1152 : 576;
	const sideInfo = version === MPEG1 ? 17 : 9;
	const exactBytes = ((perFrame / 8) * kbps * 1000) / rate;
	const count = Math.max(1, Math.ceil((seconds * rate) / perFrame));
	const frames = [];
	for (let i = 0; i < count; i++) {
		const length = Math.floor((i + 1) * exactBytes) - Math.floor(i * exactBytes);
		const frame = Buffer.alloc(length);
		header(version, { rate, kbps }, length - Math.floor(exactBytes)).copy(frame);
		frame.write(mark, 4 + sideInfo, 'latin1');
		frames.push(frame);
	}
	return Buffer.concat(frames);
}

function header(version, { rate, kbps }, padding) {
	const bitrate = (version === MPEG1 ? KBPS_MPEG1 : KBPS_MPEG2).indexOf(kbps);
	const second = 0xe0 | (version << 3) | LAYER3_NO_CRC;
	return Buffer.from([
		0xff,
		second,
		(bitrate << 4) | (RATES[version].indexOf(rate) << 2) | (padding << 1),
		MONO_ORIGINAL,
	]);
}

/** The 45-byte ID3v2.4 tag (TSSE, then padding) in front of ElevenLabs' files. */
export function id3Tag() {
	const tag = Buffer.alloc(45);
	Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 35]).copy(tag);
	tag.write('TSSE', 10);
	tag[17] = 15;
	tag[20] = 3;
	tag.write('Lavf61.7.100', 21);
	return tag;
}

/** Reads one frame header at an offset; null when there is none. */
export function readFrame(bytes, at) {
	if (at + 4 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1] & 0xe6) !== 0xe2) return null;
	const version = (bytes[at + 1] >> 3) & 3;
	const rate = RATES[version]?.[(bytes[at + 2] >> 2) & 3];
	const kbps = (version === MPEG1 ? KBPS_MPEG1 : KBPS_MPEG2)[bytes[at + 2] >> 4];
	if (!rate || !kbps) return null;
	const samples = version === MPEG1 ? 1152 : 576;
	const length = Math.floor(((samples / 8) * kbps * 1000) / rate) + ((bytes[at + 2] >> 1) & 1);
	return { at, length, samples, rate, kbps, mono: bytes[at + 3] >> 6 === 3 };
}

/**
 * All whole frames after an optional ID3v2 tag, how long they play, and the bytes behind the last
 * one.
 */
export function walk(bytes) {
	const hasTag = bytes.subarray(0, 3).toString('latin1') === 'ID3';
	const tagLength = hasTag
		? 10 + bytes.subarray(6, 10).reduce((size, seven) => size * 128 + seven, 0)
		: 0;
	const frames = [];
	let at = tagLength;
	let frame = readFrame(bytes, at);
	while (frame && at + frame.length <= bytes.length) {
		frames.push(frame);
		at += frame.length;
		frame = readFrame(bytes, at);
	}
	const seconds = frames.reduce((total, { samples, rate }) => total + samples / rate, 0);
	return { tagLength, frames, seconds, rest: bytes.length - at };
}

/** The bytes with the last frame cut in the middle. */
export function cutLastFrame(bytes) {
	const { frames } = walk(bytes);
	const last = frames.at(-1);
	return last ? bytes.subarray(0, last.at + (last.length >> 1)) : bytes;
}
