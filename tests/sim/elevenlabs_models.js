/* ElevenLabs' models and output formats. */

const LANGUAGES =
	'en ja zh de hi fr ko pt it es id nl tr fil pl sv bg ro ar cs el fi hr ms sk da ta uk ru'.split(
		' ',
	);
const FLASH_LANGUAGES = [...LANGUAGES, 'hu', 'no', 'vi'];

/*
 * factor: credits a character. v3: takes neither context nor stability in between. paid: not on the
 * free plan.
 */
export const MODELS = new Map(
	[
		['eleven_multilingual_v2', { maxCharacters: 10_000, languages: LANGUAGES }],
		['eleven_flash_v2_5', { maxCharacters: 40_000, languages: FLASH_LANGUAGES, flash: true }],
		['eleven_flash_v2', { maxCharacters: 30_000, languages: ['en'], flash: true }],
		['eleven_v3', { maxCharacters: 5_000, languages: FLASH_LANGUAGES, v3: true }],
		['eleven_turbo_v2_5', { maxCharacters: 40_000, languages: FLASH_LANGUAGES, flash: true }],
		['eleven_turbo_v2', { maxCharacters: 30_000, languages: ['en'], flash: true }],
		['eleven_monolingual_v1', { maxCharacters: 10_000, languages: ['en'], paid: true }],
		['eleven_multilingual_v1', { maxCharacters: 10_000, languages: LANGUAGES, paid: true }],
		[
			'eleven_english_sts_v2',
			{ maxCharacters: 10_000, languages: ['en'], speechToSpeech: true },
		],
	].map(([id, model]) => [id, { id, factor: model.flash ? 0.5 : 1, ...model }]),
);

export function describeModel({ id, factor, flash, v3, speechToSpeech, maxCharacters, languages }) {
	return {
		model_id: id,
		name: id.replaceAll('_', ' '),
		can_be_finetuned: !flash && !v3,
		can_do_text_to_speech: !speechToSpeech,
		can_do_voice_conversion: Boolean(speechToSpeech),
		can_use_style: !flash && !v3,
		can_use_speaker_boost: !flash && !v3,
		serves_pro_voices: false,
		token_cost_factor: factor,
		requires_alpha_access: false,
		maximum_text_length_per_request: maxCharacters,
		languages: languages.map((code) => ({ language_id: code, name: code })),
		model_rates: { character_cost_multiplier: factor },
		concurrency_group: flash ? 'turbo' : 'standard',
	};
}

const NAMES = `
	mp3_22050_32 mp3_24000_48 mp3_44100_32 mp3_44100_64 mp3_44100_96 mp3_44100_128 mp3_44100_192
	pcm_8000 pcm_16000 pcm_22050 pcm_24000 pcm_32000 pcm_44100 pcm_48000
	wav_8000 wav_16000 wav_22050 wav_24000 wav_32000 wav_44100 wav_48000
	ulaw_8000 alaw_8000 opus_48000_32 opus_48000_64 opus_48000_96 opus_48000_128 opus_48000_192`;
const PLANS = {
	mp3_44100_192: 'creator',
	pcm_44100: 'pro',
	pcm_48000: 'pro',
	wav_44100: 'pro',
	wav_48000: 'pro',
};
const CODECS = { wav: 'pcm', ulaw: 'mulaw' };
const TYPES = { mp3: 'audio/mpeg', wav: 'audio/wav', ulaw: 'audio/basic' };

/*
 * By name: { name, container, codec, rate, kbps, plan, type }; plan is the smallest that may use
 * the format.
 */
export const FORMATS = new Map(
	NAMES.trim()
		.split(/\s+/)
		.map((name) => {
			const [container, rate, kbps] = name.split('_');
			const codec = CODECS[container] ?? container;
			const type = TYPES[container] ?? 'application/octet-stream';
			const plan = PLANS[name] ?? 'free';
			return [
				name,
				{
					name,
					container,
					codec,
					rate: Number(rate),
					kbps: kbps && Number(kbps),
					plan,
					type,
				},
			];
		}),
);
