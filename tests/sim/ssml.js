/*
 * Reads SSML as Azure Speech does: checks its structure and turns it into parts to speak. A fault
 * is a Refusal with the service's status: 400, or 500 for a node in the wrong place directly under
 * speak.
 */
import { Refusal } from './server.js';
import { parseXml, XmlError } from './xml.js';

const NAMESPACE = 'http://www.w3.org/2001/10/synthesis';
const MAX_TAGS = 50;
const MAX_BREAK_MS = 20_000;
const RATES = { 'x-slow': 0.5, slow: 0.64, medium: 1, default: 1, fast: 1.55, 'x-fast': 2 };
const BREAKS_MS = {
	none: 0,
	'x-weak': 250,
	weak: 500,
	medium: 750,
	strong: 1000,
	'x-strong': 1250,
};
const NOT_FOR_HD = ['prosody', 'break', 'mstts:express-as', 'phoneme', 'mstts:silence'];
const IDEOGRAPH = /\p{Script=Han}/u;

/* How an element changes the state of what is inside it, or what it says itself. */
const ELEMENTS = {
	prosody: ({ attributes }, state) => ({
		...state,
		speed: rate(attributes.rate, state.speed),
	}),
	lang: ({ attributes }, state) => ({
		...state,
		language: attributes['xml:lang'] ?? state.language,
	}),
	'mstts:ttsembedding': embed,
	break: pause,
	'mstts:silence': pause,
	sub: ({ attributes }, state) => say(attributes.alias ?? '', state),
	audio: () => null,
	bookmark: () => null,
	...Object.fromEntries(
		['p', 's', 'say-as', 'emphasis', 'phoneme', 'mstts:express-as'].map((name) => [
			name,
			(_, state) => state,
		]),
	),
};

/**
 * Returns { parts, text, characters, voices }; characters are the billed ones. findVoice(name)
 * gives { id, locale, hd, personal } or null, hasProfile(id) whether a personal voice may be spoken
 * with.
 */
export function readSsml(source, { findVoice, hasProfile }) {
	const speak = parse(source);
	const tags = descendants(speak).filter(({ name }) => name === 'voice' || name === 'audio');
	checkStructure(speak, tags);
	const voices = tags
		.filter(({ name }) => name === 'voice')
		.map((element) => ({ element, voice: known(element, findVoice) }));
	if (tags.length > MAX_TAGS)
		throw bad(`At most ${MAX_TAGS} voice and audio elements are allowed.`);
	const parts = [];
	for (const { element, voice } of voices)
		speakInside(element, {
			voice,
			language: voice.locale,
			speed: 1,
			parts,
			hasProfile,
		});
	const unembedded = parts.some((part) => part.text && !part.voice);
	if (unembedded) throw bad('A personal voice needs mstts:ttsembedding with a speakerProfileId.');
	return {
		parts,
		text: parts.map((part) => part.text ?? '').join(' '),
		characters: voices.reduce((total, { element }) => total + billed(element.inner), 0),
		voices: voices.map(({ voice }) => voice),
	};
}

function bad(message) {
	return new Refusal(400, { message });
}

function parse(source) {
	try {
		return parseXml(new TextDecoder('utf-8', { fatal: true }).decode(source));
	} catch (error) {
		if (error instanceof XmlError) throw bad(error.message);
		throw bad('Invalid character in the given encoding.');
	}
}

function descendants(element) {
	const children = element.children.filter((child) => typeof child !== 'string');
	return children.flatMap((child) => [child, ...descendants(child)]);
}

function checkStructure(speak, tags) {
	const { name, attributes, children } = speak;
	if (
		name !== 'speak' ||
		attributes.version !== '1.0' ||
		attributes.xmlns !== NAMESPACE ||
		!attributes['xml:lang']
	)
		throw bad('The root must be speak with version, xmlns and xml:lang.');
	const voices = tags.filter((tag) => tag.name === 'voice');
	if (voices.length === 0 || voices.some((voice) => !voice.attributes.name))
		throw bad('speak needs a voice element with a name.');
	for (const child of children) {
		if (typeof child === 'string' && child.trim() !== '')
			throw bad('Text must be inside a voice element.');
		if (typeof child !== 'string' && !['voice', 'mstts:backgroundaudio'].includes(child.name))
			throw new Refusal(500, {
				message: `Node [speak] should not contain node [${child.name}]`,
				inBody: true,
			});
	}
}

function known(element, findVoice) {
	const voice = findVoice(element.attributes.name);
	if (!voice) throw bad(`Unsupported voice ${element.attributes.name}.`);
	const unsuitable =
		voice.hd && descendants(element).find(({ name }) => NOT_FOR_HD.includes(name));
	if (unsuitable) throw bad(`${unsuitable.name} is not supported by ${element.attributes.name}.`);
	return voice;
}

function speakInside(element, state) {
	for (const child of element.children)
		if (typeof child === 'string') say(child, state);
		else enter(child, state);
}

function enter(element, state) {
	const rule = Object.hasOwn(ELEMENTS, element.name) ? ELEMENTS[element.name] : null;
	if (!rule) throw bad(`Node [voice] should not contain node [${element.name}].`);
	const inside = rule(element, state);
	if (inside) speakInside(element, inside);
}

function say(text, { voice, profile, language, speed, parts }) {
	const spoken = text.replace(/\s+/g, ' ').trim();
	if (spoken !== '')
		parts.push({
			text: spoken,
			voice: voice.personal ? profile?.id : voice.id,
			language,
			speed,
		});
	return null;
}

/* Either the text is inside the element, or the element is empty and the text follows it. */
function embed({ attributes }, state) {
	const id = attributes.speakerProfileId;
	if (!state.voice.personal || !state.hasProfile(id))
		throw bad(`Unknown speakerProfileId ${id} for ${state.voice.id}.`);
	state.profile = { id };
	return state;
}

function pause({ attributes }, { parts }) {
	const [, amount, unit] =
		/^(\d+(?:\.\d+)?)(m?s)$/.exec(attributes.time ?? attributes.value ?? '') ?? [];
	const named = BREAKS_MS[attributes.strength ?? 'medium'];
	const ms = amount === undefined ? named : amount * (unit === 's' ? 1000 : 1);
	if (ms === undefined || ((attributes.time ?? attributes.value) && amount === undefined))
		throw bad('Invalid break.');
	parts.push({ silence: Math.min(ms, MAX_BREAK_MS) / 1000 });
	return null;
}

/**
 * A rate as a multiplier, limited to 0.5..2 as the service does: a name, a bare multiplier, or a
 * signed percentage.
 */
function rate(value = 'medium', outer) {
	const [, number, percent] = /^([+-]?\d+(?:\.\d+)?)(%?)$/.exec(value) ?? [];
	const factor = RATES[value] ?? (percent ? 1 + number / 100 : Number(number));
	if (!Number.isFinite(factor)) throw bad(`Invalid rate ${value}.`);
	return Math.min(2, Math.max(0.5, factor * outer));
}

/** Every code point inside voice, markup included; an ideograph counts two. */
function billed(inner) {
	return [...inner].reduce((total, character) => total + (IDEOGRAPH.test(character) ? 2 : 1), 0);
}
