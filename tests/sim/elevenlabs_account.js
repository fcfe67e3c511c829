/*
 * What ElevenLabs keeps for its customers: keys with a plan, voices, generated speech, and which
 * request ids may be stitched to. Keys of one account share its voices, history and bill.
 */
import { createHash } from 'node:crypto';
import {
	invalidKey,
	newId,
	quotaExceeded,
	refusal,
	tooManyConcurrent,
	voiceNotFound,
} from './elevenlabs_errors.js';
import { isFault } from './faults.js';

/*
 * Plans in rising order; concurrency is that of multilingual models, the flash models have the
 * double.
 */
const PLANS = {
	free: { concurrency: 2, credit: 10_000, maxVoices: 3 },
	starter: { concurrency: 3, credit: 30_000, maxVoices: 10 },
	creator: { concurrency: 5, credit: 100_000, maxVoices: 30 },
	pro: { concurrency: 10, credit: 500_000, maxVoices: 160 },
	scale: { concurrency: 15, credit: 2_000_000, maxVoices: 660 },
	business: { concurrency: 15, credit: 11_000_000, maxVoices: 660 },
};
const RANKS = Object.keys(PLANS);
const STITCHABLE_MS = 2 * 3600 * 1000;
const DEFAULT_ACCOUNT = 'sim';

export class Accounts {
	#config;
	#charges;
	#now;

	constructor(config, charges, now) {
		this.#config = config;
		this.#charges = charges;
		this.#now = now;
		this.reset();
	}

	reset() {
		this.voices = new Map();
		this.history = [];
		this.sent = new Map();
		this.inFlight = new Map();
		this.addVoice(DEFAULT_ACCOUNT, {
			id: 'simvoice0000000001',
			name: 'Sim Voice',
			category: 'cloned',
		});
		this.addVoice('*', {
			id: 'simlibrary00000001',
			name: 'Sim Library Voice',
			category: 'professional',
		});
	}

	/** The key's settings over its plan's; refuses an unknown one. */
	key(value) {
		const own = Object.hasOwn(this.#config.keys, value ?? '') ? this.#config.keys[value] : null;
		if (!own) throw invalidKey();
		const plan = own.plan ?? 'creator';
		return {
			account: DEFAULT_ACCOUNT,
			permissions: null,
			...PLANS[plan],
			...own,
			plan,
			value,
		};
	}

	permit(key, permission) {
		if (key.permissions && !key.permissions.includes(permission))
			throw refusal(
				401,
				'missing_permissions',
				`The API key you used is missing the permission ${permission} to execute this operation.`,
			);
	}

	hasPlan(key, plan) {
		return RANKS.indexOf(key.plan) >= RANKS.indexOf(plan);
	}

	addVoice(account, { id = newId(), ...fields }) {
		const voice = {
			id,
			account,
			createdAt: this.#now(),
			labels: {},
			description: null,
			verified: true,
			...fields,
		};
		this.voices.set(id, voice);
		return voice;
	}

	voicesOf(key) {
		return [...this.voices.values()].filter(
			(voice) => voice.account === key.account || voice.account === '*',
		);
	}

	/** A voice that this account may name; magic voices belong to everybody. */
	voice(key, id) {
		if (isFault(id))
			return {
				id,
				name: id,
				category: 'premade',
				account: '*',
				labels: {},
				verified: true,
			};
		const voice = this.voicesOf(key).find((candidate) => candidate.id === id);
		if (!voice) throw voiceNotFound(id);
		return voice;
	}

	used(key) {
		return this.#charges.credits(key.value);
	}

	checkCredit(key, needed) {
		const left = Math.max(0, key.credit - this.used(key));
		if (needed > left) throw quotaExceeded(key.credit, left, needed);
	}

	/**
	 * Takes a place among the key's parallel requests until `over` resolves; returns the numbers
	 * for the headers.
	 */
	enter(key, isFlash, over) {
		const group = `${key.value} ${isFlash ? 'flash' : 'standard'}`;
		const limit = key.concurrency * (isFlash ? 2 : 1);
		const current = (this.inFlight.get(group) ?? 0) + 1;
		if (current > limit) throw tooManyConcurrent(limit);
		const places = this.inFlight;
		places.set(group, current);
		over.then(() => places.set(group, places.get(group) - 1));
		return { current, limit };
	}

	/**
	 * Remembers a generation: as a history item at once, for stitching when its last byte was sent.
	 */
	remember(key, item, answered) {
		const kept = {
			id: newId(),
			account: key.account,
			at: this.#now(),
			usedBefore: this.used(key),
			...item,
		};
		this.history.unshift(kept);
		answered.then(
			(whole) =>
				whole &&
				this.sent.set(item.requestId, {
					at: this.#now(),
					model: item.model,
				}),
		);
		return kept;
	}

	/** Why speech can't be stitched to a request id, or null when it can. */
	whyNotStitched(id, model) {
		const earlier = this.sent.get(id);
		if (!earlier) return `${id} is not the id of a fully sent response`;
		if (this.#now() - earlier.at > STITCHABLE_MS) return `${id} is older than two hours`;
		return earlier.model === model
			? null
			: `${id} was made with ${earlier.model}, not ${model}`;
	}

	item(key, id) {
		const item = this.history.find(
			(candidate) => candidate.id === id && candidate.account === key.account,
		);
		if (!item)
			throw refusal(
				404,
				'history_item_not_found',
				`A history item with id ${id} was not found.`,
			);
		return item;
	}

	/** Refuses the files of a clone that ElevenLabs would refuse. */
	checkClone(key, files, isAudio) {
		const owned = this.voicesOf(key).filter((voice) => voice.account === key.account);
		const hashes = new Set(
			files.map(({ data }) => createHash('sha256').update(data).digest('hex')),
		);
		const faults = [
			[
				!this.hasPlan(key, 'starter'),
				'can_not_use_instant_voice_cloning',
				'Your plan does not include instant voice cloning.',
			],
			[
				owned.length >= key.maxVoices,
				'voice_limit_reached',
				`You have reached your maximum amount of custom voices (${owned.length} / ${key.maxVoices}).`,
			],
			[
				hashes.size < files.length,
				'duplicate_files',
				'You cannot upload the same file twice.',
			],
			[
				files.some(({ data }) => data.length > this.#config.maxFileBytes),
				'upload_file_size_exceeded',
				'An uploaded file is too large.',
			],
			[
				files.some(({ data }) => !isAudio(data)),
				'invalid_audio_file',
				'An uploaded file is not readable audio.',
			],
		];
		const [, code, message] = faults.find(([applies]) => applies) ?? [];
		if (code) throw refusal(400, code, message);
	}
}
