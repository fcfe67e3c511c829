/*
 * Speech in the format that is asked for, made by espeak-ng and lame. The same parts give the same
 * bytes: voice and pitch follow from a hash of the voice id. With { tone: true } no command is run:
 * PCM is a tone whose pitch follows from voice and text, MP3 is marked silent frames, and the
 * length is a function of the characters.
 *
 * A part is { text, voice, language, speed } or { silence: seconds }. A format is { codec: 'pcm' |
 * 'alaw' | 'mulaw' | 'mp3', rate, kbps }.
 */
import { createHash } from 'node:crypto';
import { run } from './command.js';
import { encode, silentFrames, walk } from './mp3.js';
import { concat, ENCODERS, readEspeakWav, resample, silence, tone } from './pcm.js';

const ESPEAK_RATE = 22050;
const ESPEAK_WORDS_PER_MINUTE = 175;
const CACHED = 200;
const CHARACTERS_A_SECOND = 14;
const CJK_A_SECOND = 5;
const SHORTEST_SECONDS = 0.3;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;
const VARIANTS = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'f1', 'f2', 'f3', 'f4', 'f5'];
/* ISO 639-1 codes under which espeak-ng has a voice; the second table holds its other names. */
const LANGUAGES = new Set(
	`af ar bg bn bs ca cs cy da de el en es et fa fi fr ga gu he hi hr hu hy id is it ja
	ka kk kn ko lt lv mk ml mr ms nb ne nl pa pl pt ro ru sk sl sq sr sv sw ta te th tr
	uk ur uz vi`.split(/\s+/),
);
const RENAMED = { zh: 'cmn', no: 'nb' };

export class Speech {
	#cache = new Map();
	#tone;

	constructor({ tone: onlyTone = false } = {}) {
		this.#tone = onlyTone;
	}

	/** Returns { audio, seconds }: bare frames or samples, cut at maxSeconds. */
	render(parts, format, maxSeconds = Infinity) {
		const key = digest(JSON.stringify([parts, format, maxSeconds])).toString('hex');
		const found = this.#cache.get(key) ?? this.#make(parts, format, maxSeconds, key);
		/* Put last, so that the first is the one not asked for the longest. */
		this.#cache.delete(key);
		this.#cache.set(key, found);
		if (this.#cache.size > CACHED) this.#cache.delete(this.#cache.keys().next().value);
		found.catch(() => this.#cache.delete(key));
		return found;
	}

	async #make(parts, format, maxSeconds, mark) {
		if (this.#tone && format.codec === 'mp3') {
			const seconds = parts.reduce((total, part) => total + nominalSeconds(part), 0);
			return measured(silentFrames(Math.min(seconds, maxSeconds), format, mark), format);
		}
		const speak = this.#tone ? toneOf : espeak;
		const spoken = concat(await Promise.all(parts.map(speak)));
		const samples = spoken.subarray(0, Math.min(spoken.length, maxSeconds * ESPEAK_RATE));
		if (format.codec === 'mp3') {
			const frames = await encode(samples, ESPEAK_RATE, format);
			return measured(frames, format);
		}
		return measured(
			ENCODERS[format.codec](resample(samples, ESPEAK_RATE, format.rate)),
			format,
		);
	}
}

function measured(audio, { codec, rate }) {
	const seconds =
		codec === 'mp3' ? walk(audio).seconds : audio.length / (codec === 'pcm' ? 2 : 1) / rate;
	return { audio, seconds };
}

async function espeak(part) {
	if (part.silence !== undefined) return silence(part.silence, ESPEAK_RATE);
	const hash = digest(part.voice);
	const args = [
		'--stdin',
		'--stdout',
		'-v',
		`${espeakLanguage(part.language)}+${VARIANTS[hash[0] % VARIANTS.length]}`,
	];
	args.push(
		'-p',
		String(30 + (hash[1] % 41)),
		'-s',
		String(Math.round(ESPEAK_WORDS_PER_MINUTE * part.speed)),
	);
	const { rate, samples } = readEspeakWav(await run('espeak-ng', args, part.text));
	const spoken = samples.length === 0 ? samples : resample(samples, rate, ESPEAK_RATE);
	const missing = SHORTEST_SECONDS - spoken.length / ESPEAK_RATE;
	return missing > 0 ? concat([spoken, silence(missing, ESPEAK_RATE)]) : spoken;
}

function espeakLanguage(tag = 'en') {
	const code = tag.split('-')[0].toLowerCase();
	return RENAMED[code] ?? (LANGUAGES.has(code) ? code : 'en');
}

function toneOf(part) {
	const seconds = nominalSeconds(part);
	if (part.silence !== undefined) return silence(seconds, ESPEAK_RATE);
	return tone(
		200 + (digest(`${part.voice}\n${part.text}`).readUInt16LE(0) % 600),
		seconds,
		ESPEAK_RATE,
	);
}

function nominalSeconds(part) {
	if (part.silence !== undefined) return part.silence;
	const cjk = part.text.match(CJK)?.length ?? 0;
	const others = [...part.text].length - cjk;
	return Math.max(
		SHORTEST_SECONDS,
		(others / CHARACTERS_A_SECOND + cjk / CJK_A_SECOND) / part.speed,
	);
}

function digest(text) {
	return createHash('sha256').update(text).digest();
}
