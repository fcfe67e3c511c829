/*
 * What the simulators of language models share: how the model writes, and its faults, which are
 * models of their own beside those of faults.js.
 *
 * | model             | what it does                                                 |
 * |-------------------|--------------------------------------------------------------|
 * | fault-context     | refuses every prompt as longer than its context              |
 * | fault-content     | refuses every prompt for its content                         |
 * | fault-declined    | answers 200, and that it declines                            |
 * | fault-silent      | answers 200 without any text                                 |
 * | fault-pensive     | uses up all tokens before it has written anything            |
 * | fault-overloaded  | refuses the first n times for its load                       |
 * | fault-strict      | knows only the newest parameters, though its name is not new |
 */
import { Faults, isFault } from './faults.js';

const CHARACTERS_PER_TOKEN = 4;
const OWN_FAULTS = {
	'fault-context': { refuse: 'context' },
	'fault-content': { refuse: 'content' },
	'fault-declined': { declines: true },
	'fault-silent': { silent: true },
	'fault-pensive': { silent: true, cut: true },
	'fault-overloaded': { refuse: 'overloaded', times: 'n' },
	'fault-strict': { strict: true },
};

export function isFaultModel(model) {
	return isFault(model) || Object.hasOwn(OWN_FAULTS, model);
}

export class ChatFaults {
	#faults = new Faults();
	#given = new Map();

	/** The fault that a model has for a prompt at this call, or null; n is how often "n times" is. */
	due(model, prompt, n) {
		const own = Object.hasOwn(OWN_FAULTS, model) ? OWN_FAULTS[model] : null;
		if (!own) return this.#faults.due(model, prompt, n);
		if (!own.times) return own;
		const key = `${model}\n${prompt}`;
		const given = this.#given.get(key) ?? 0;
		this.#given.set(key, given + 1);
		return given < n ? own : null;
	}

	reset() {
		this.#faults.reset();
		this.#given.clear();
	}
}

export function tokensOf(text) {
	return Math.ceil([...text].length / CHARACTERS_PER_TOKEN);
}

/** What the model writes: { text, tokens, cut }, at most `limit` tokens of it. */
export function write(prompt, limit, fault) {
	if (fault?.silent) return { text: '', tokens: fault.cut ? limit : 0, cut: Boolean(fault.cut) };
	const request = prompt.replace(/\s+/g, ' ').trim();
	const whole = `Welcome. This is what a simulated model writes when it is asked: ${request}`;
	const text = [...whole].slice(0, limit * CHARACTERS_PER_TOKEN).join('');
	return { text, tokens: tokensOf(text), cut: text.length < whole.length };
}
