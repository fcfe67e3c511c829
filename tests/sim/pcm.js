/*
 * Sound as 16-bit mono samples (Int16Array), the telephone codecs of G.711, and the WAV container.
 */

const WAV_TAGS = { pcm: 1, alaw: 6, mulaw: 7 };
const MULAW_BIAS = 0x84;
const MULAW_CLIP = 32635;

/** Changes the sample rate by linear interpolation. */
export function resample(samples, from, to) {
	if (from === to) return samples;
	const out = new Int16Array(Math.floor((samples.length * to) / from));
	for (let i = 0; i < out.length; i++) {
		const position = (i * from) / to;
		const left = Math.floor(position);
		const right = Math.min(left + 1, samples.length - 1);
		out[i] = samples[left] + (samples[right] - samples[left]) * (position - left);
	}
	return out;
}

export function concat(pieces) {
	const out = new Int16Array(pieces.reduce((total, piece) => total + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		out.set(piece, at);
		at += piece.length;
	}
	return out;
}

export function silence(seconds, rate) {
	return new Int16Array(Math.round(seconds * rate));
}

export function tone(hertz, seconds, rate) {
	const samples = silence(seconds, rate);
	for (let i = 0; i < samples.length; i++)
		samples[i] = 8000 * Math.sin((2 * Math.PI * hertz * i) / rate);
	return samples;
}

/** Codecs: samples to bytes. */
export const ENCODERS = {
	pcm(samples) {
		const bytes = Buffer.alloc(samples.length * 2);
		for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i], i * 2);
		return bytes;
	},
	mulaw: (samples) => Buffer.from(Uint8Array.from(samples, mulaw)),
	alaw: (samples) => Buffer.from(Uint8Array.from(samples, alaw)),
};

function mulaw(sample) {
	const sign = sample < 0 ? 0x80 : 0;
	const magnitude = Math.min(Math.abs(sample), MULAW_CLIP) + MULAW_BIAS;
	const exponent = 24 - Math.clz32(magnitude);
	const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
	return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function alaw(sample) {
	const sign = sample < 0 ? 0 : 0x80;
	const magnitude = Math.min(sample < 0 ? ~sample : sample, 32767);
	const exponent = Math.max(0, 24 - Math.clz32(magnitude));
	const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
	return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

/**
 * Reads what `espeak-ng --stdout` writes: a plain 44-byte header with placeholder sizes, then the
 * samples.
 */
export function readEspeakWav(wav) {
	const bytes = wav.subarray(44);
	const samples = new Int16Array(bytes.length >> 1);
	for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2);
	return { rate: wav.length < 44 ? 0 : wav.readUInt32LE(24), samples };
}

/** The 44-byte header; the two sizes are given apart because providers write wrong ones. */
export function wavHeader({ codec, rate }, { riffSize, dataSize }) {
	const align = codec === 'pcm' ? 2 : 1;
	const header = Buffer.alloc(44);
	header.write('RIFF', 0);
	header.writeUInt32LE(riffSize, 4);
	header.write('WAVEfmt ', 8);
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(WAV_TAGS[codec], 20);
	header.writeUInt16LE(1, 22);
	header.writeUInt32LE(rate, 24);
	header.writeUInt32LE(rate * align, 28);
	header.writeUInt16LE(align, 32);
	header.writeUInt16LE(align * 8, 34);
	header.write('data', 36);
	header.writeUInt32LE(dataSize, 40);
	return header;
}
