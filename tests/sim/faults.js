/*
 * Faults, by magic voice id: an ElevenLabs voice id, or the name of an Azure voice. Such a voice
 * exists in every account and speaks like any other, but for what its row says. Each 429 but
 * fault-429-forever comes n times, counted for each text of a voice by itself; n is the setting
 * faultTimes (2), and POST /_sim/reset starts all counts again. fault-429 and fault-429-forever
 * send Retry-After: 1.
 *
 * | voice id              | ElevenLabs                        | Azure                        |
 * |-----------------------|-----------------------------------|------------------------------|
 * | fault-429             | 429 system_busy n times, then 200 | 429 n times, then 200        |
 * | fault-429-date        | with Retry-After as a date        | with Retry-After as a date   |
 * | fault-429-bare        | without Retry-After               | without Retry-After          |
 * | fault-429-concurrent  | 429 too_many_concurrent_requests  | as fault-429-bare            |
 * | fault-429-forever     | always 429, Retry-After: 1        | always 429, Retry-After: 1   |
 * | fault-500-once        | 500 once, then 200                | 500 once, then 200           |
 * | fault-500-forever     | always 500                        | always 500, empty body       |
 * | fault-502-html        | 502 with an HTML page             | the same                     |
 * | fault-503             | 503, empty body                   | the same                     |
 * | fault-stall           | never answered, but charged       | the same                     |
 * | fault-stall-body      | half the body, then silence       | the same                     |
 * | fault-reset           | half the body, then a TCP reset   | the same                     |
 * | fault-short           | Content-Length above what is sent | the same                     |
 * | fault-drip            | the whole body, slowly            | the same                     |
 * | fault-quota           | 401 quota_exceeded                | 403 out of call volume quota |
 * | fault-unauthorized    | 401 invalid_api_key               | 401 PermissionDenied         |
 * | fault-plan-402        | 402 paid_plan_required            | 403                          |
 * | fault-plan-403        | 403 subscription_required         | 403                          |
 * | fault-voice-404       | 404 voice_not_found               | 400 Unsupported voice        |
 * | fault-422             | 422, list form                    | 400, empty body              |
 * | fault-redirect        | 301 to another path               | the same                     |
 * | fault-old-shape       | 400 in the legacy body            | 401 {statusCode, message}    |
 * | fault-crash-shape     | 500 {status, message}             | 500 with plain text          |
 * | fault-json-200        | 200, a JSON error for a body      | the same                     |
 * | fault-html-200        | 200, an HTML page for a body      | the same                     |
 * | fault-empty-200       | 200, no body                      | the same                     |
 * | fault-wrong-format    | 200, WAV for mp3, else Ogg        | the same                     |
 * | fault-truncated-frame | last mp3 frame, or sample, cut    | the same                     |
 * | fault-header-only     | wav header or ID3 tag, no sound   | riff header or nothing       |
 * | fault-data-size-0     | wav: data size 0                  | riff: data size 0            |
 * | fault-data-size-max   | wav: data size 0xFFFFFFFF         | riff: data size 0xFFFFFFFF   |
 *
 * Only answers with status 200, and the stalled ones, are charged: the provider did the work.
 */
import { cutLastFrame } from './mp3.js';
import { wavHeader } from './pcm.js';

const DRIP = { firstByteMs: 0, pieces: 40, gapMs: 50 };
const RETRY_AFTER = {
	seconds: () => '1',
	date: () => new Date(Date.now() + 1000).toUTCString(),
};

/*
 * `refuse` names a refusal of the provider; `times` is how often it comes: a number, or 'n' for the
 * setting.
 */
const FAULTS = {
	'fault-429': { refuse: 'busy', times: 'n', retryAfter: 'seconds' },
	'fault-429-date': { refuse: 'busy', times: 'n', retryAfter: 'date' },
	'fault-429-bare': { refuse: 'busy', times: 'n' },
	'fault-429-concurrent': { refuse: 'concurrent', times: 'n' },
	'fault-429-forever': { refuse: 'busy', retryAfter: 'seconds' },
	'fault-500-once': { refuse: 'internal', times: 1 },
	'fault-500-forever': { refuse: 'internal' },
	'fault-502-html': { refuse: 'badGateway' },
	'fault-503': { refuse: 'unavailable' },
	'fault-stall': { delivery: 'stall' },
	'fault-stall-body': { delivery: 'stallBody' },
	'fault-reset': { delivery: 'reset' },
	'fault-short': { delivery: 'short' },
	'fault-drip': { pace: DRIP },
	'fault-quota': { refuse: 'quota' },
	'fault-unauthorized': { refuse: 'unauthorized' },
	'fault-plan-402': { refuse: 'payment' },
	'fault-plan-403': { refuse: 'plan' },
	'fault-voice-404': { refuse: 'voice' },
	'fault-422': { refuse: 'malformed' },
	'fault-redirect': { refuse: 'redirect' },
	'fault-old-shape': { refuse: 'oldShape' },
	'fault-crash-shape': { refuse: 'crashShape' },
	'fault-json-200': { body: () => Buffer.from('{"error":"upstream request failed"}') },
	'fault-html-200': { body: () => Buffer.from(HTML) },
	'fault-empty-200': { body: () => Buffer.alloc(0) },
	'fault-wrong-format': { body: otherFormat },
	'fault-truncated-frame': { body: cutEnd },
	'fault-header-only': { container: { empty: true } },
	'fault-data-size-0': { container: { dataSize: 0 } },
	'fault-data-size-max': { container: { dataSize: 0xffffffff } },
};

export const HTML =
	'<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body></body></html>';

export function isFault(voice) {
	return Object.hasOwn(FAULTS, voice);
}

export class Faults {
	#given = new Map();

	/**
	 * Returns the fault that a voice has for a text at this call, or null; n is how often "n times"
	 * is.
	 */
	due(voice, text, n) {
		const fault = isFault(voice) ? FAULTS[voice] : null;
		if (!fault?.times) return fault;
		const key = `${voice}\n${text}`;
		const given = this.#given.get(key) ?? 0;
		this.#given.set(key, given + 1);
		return given < (fault.times === 'n' ? n : fault.times) ? fault : null;
	}

	reset() {
		this.#given.clear();
	}
}

/** The headers a fault adds to its refusal. */
export function retryHeaders({ retryAfter }) {
	return retryAfter ? { 'retry-after': RETRY_AFTER[retryAfter]() } : {};
}

/** Applies what a fault does to the body and the delivery of a good answer. */
export function spoil(answer, fault, format) {
	if (!fault) return answer;
	return {
		...answer,
		body: fault.body ? fault.body(answer.body, format) : answer.body,
		pace: fault.pace ?? answer.pace,
		delivery: fault.delivery,
	};
}

function otherFormat(body, { codec }) {
	const bytes = Buffer.alloc(4000);
	if (codec === 'mp3')
		return Buffer.concat([
			wavHeader({ codec: 'pcm', rate: 16000 }, { riffSize: 4036, dataSize: 4000 }),
			bytes,
		]);
	bytes.write('OggS', 0);
	return bytes;
}

function cutEnd(body, { codec }) {
	return codec === 'mp3' ? cutLastFrame(body) : body.subarray(0, body.length - 1);
}
