/*
 * What ElevenLabs refuses of a text-to-speech call, in its order: the first fault is the answer. A
 * call is { accounts, key, voiceId, streaming, query, raw (the body) }; the checks add what they
 * find out: body, format, model, voice, characters, credits.
 */
import { crash, invalid, paidPlanRequired, plain, refusal } from './elevenlabs_errors.js';
import { FORMATS, MODELS } from './elevenlabs_models.js';

const MAX_SEED = 4_294_967_295;
const MAX_CONTEXT_IDS = 3;
const CONTEXT = ['previous_text', 'next_text', 'previous_request_ids', 'next_request_ids'];
const STRINGS = [
	'model_id',
	'language_code',
	'previous_text',
	'next_text',
	'apply_text_normalization',
];
const RANGES = {
	stability: [0, 1],
	similarity_boost: [0, 1],
	style: [0, 1],
	speed: [0.7, 1.2],
};
const V3_STABILITY = [0, 0.5, 1];

const CHECKS = [
	checkJson,
	checkText,
	checkTypes,
	checkFormat,
	checkModel,
	checkVoice,
	checkLength,
	checkSettings,
	checkContext,
	checkSeed,
	checkCredit,
	checkStitching,
	checkCodec,
];

/** Throws the refusal of the first check that the call does not pass. */
export function check(call) {
	for (const one of CHECKS) one(call);
	return call;
}

function checkJson(call) {
	try {
		call.body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(call.raw));
	} catch {
		throw invalid(['body', 0], 'JSON decode error', 'json_invalid');
	}
	if (typeof call.body !== 'object' || call.body === null || Array.isArray(call.body))
		throw invalid(['body'], 'Input should be a valid dictionary', 'model_attributes_type');
}

function checkText({ body }) {
	if (body.text === undefined) throw invalid(['body', 'text'], 'Field required', 'missing');
	if (typeof body.text !== 'string')
		throw invalid(['body', 'text'], 'Input should be a valid string', 'string_type');
}

function checkTypes({ body }) {
	const wrong = STRINGS.find((name) => body[name] != null && typeof body[name] !== 'string');
	if (wrong) throw invalid(['body', wrong], 'Input should be a valid string', 'string_type');
	if (body.voice_settings != null && typeof body.voice_settings !== 'object')
		throw invalid(
			['body', 'voice_settings'],
			'Input should be a valid dictionary',
			'model_attributes_type',
		);
}

function checkFormat(call) {
	const name = call.query.get('output_format') ?? 'mp3_44100_128';
	call.format = FORMATS.get(name);
	if (!call.format || (call.streaming && call.format.container === 'wav'))
		throw invalid(
			['query', 'output_format'],
			`Input should be a valid output format, not ${name}`,
			'enum',
		);
	if (!call.accounts.hasPlan(call.key, call.format.plan))
		throw refusal(
			403,
			'output_format_not_allowed',
			`The output format ${name} is only available from the ${call.format.plan} plan on.`,
		);
}

function checkModel(call) {
	const id = call.body.model_id ?? 'eleven_multilingual_v2';
	call.model = MODELS.get(id);
	if (!call.model)
		throw refusal(400, 'model_not_found', `A model with model ID ${id} does not exist.`, {
			param: 'model_id',
		});
	if (call.model.speechToSpeech || (call.model.paid && call.key.plan === 'free'))
		throw refusal(400, 'unsupported_model', `The model ${id} can't be used for this.`, {
			param: 'model_id',
		});
}

function checkVoice(call) {
	call.voice = call.accounts.voice(call.key, call.voiceId);
	if (call.voice.category === 'professional' && call.key.plan === 'free')
		throw paidPlanRequired();
	if (!call.voice.verified)
		throw refusal(
			403,
			'voice_not_verified',
			'This voice requires verification before it can be used.',
		);
}

function checkLength(call) {
	call.characters = [...call.body.text].length;
	const limit = call.model.maxCharacters;
	if (call.characters > limit)
		throw refusal(
			400,
			'max_character_limit_exceeded',
			`This request's text has ${call.characters} characters and exceeds the character limit of ${limit} characters for the model ${call.model.id}.`,
			{ param: 'text' },
		);
	if (call.body.text.trim() === '')
		throw refusal(400, 'input_text_empty', 'The text must not be empty.', {
			param: 'text',
		});
}

function checkSettings({ body, model }) {
	const settings = body.voice_settings ?? {};
	for (const [name, [low, high]] of Object.entries(RANGES)) {
		const value = settings[name] ?? low;
		if (typeof value !== 'number' || value < low || value > high)
			throw refusal(
				400,
				'invalid_voice_settings',
				`Invalid setting for ${name} received, expected to be greater or equal to ${low} and less or equal to ${high}, received ${value}.`,
				{ param: name },
			);
	}
	if (model.v3 && !V3_STABILITY.includes(settings.stability ?? 0.5))
		throw refusal(
			400,
			'invalid_ttd_stability',
			'Invalid TTD stability value. Must be one of: [0.0, 0.5, 1.0].',
			{ param: 'stability' },
		);
}

function checkContext({ body, model }) {
	const given = CONTEXT.filter((name) => body[name] != null && body[name].length > 0);
	if (model.v3 && given.length > 0)
		throw refusal(
			400,
			'unsupported_model',
			`Providing ${given[0]} is not yet supported with the ${model.id} model.`,
			{
				param: 'model_id',
			},
		);
	for (const name of [
		'previous_request_ids',
		'next_request_ids',
		'pronunciation_dictionary_locators',
	]) {
		const ids = body[name] ?? [];
		if (!Array.isArray(ids))
			throw invalid(['body', name], 'Input should be a valid list', 'list_type');
		if (ids.length > MAX_CONTEXT_IDS)
			throw refusal(
				400,
				'invalid_parameters',
				`A maximum of ${MAX_CONTEXT_IDS} ${name} is allowed.`,
				{ param: name },
			);
	}
}

function checkSeed({ body }) {
	const seed = body.seed ?? 0;
	if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED)
		throw invalid(
			['body', 'seed'],
			`Input should be an integer from 0 to ${MAX_SEED}`,
			'int_range',
		);
}

function checkCredit(call) {
	call.credits = Math.ceil(call.characters * call.model.factor);
	call.accounts.checkCredit(call.key, call.credits);
}

/*
 * The service itself fails on ids that it can't stitch to, with the same error at every repetition.
 */
function checkStitching({ accounts, body, model }) {
	const reasons = (body.previous_request_ids ?? []).map((id) =>
		accounts.whyNotStitched(id, model.id),
	);
	const reason = reasons.find((candidate) => candidate !== null);
	if (reason) throw crash(`previous_request_ids: ${reason}`);
}

/* An encoder that the simulator lacks: an honest 501 and not some other sound. */
function checkCodec({ format }) {
	if (format.codec === 'opus') throw plain(501, 'The simulator has no Opus encoder.');
}
