/* The voices of the simulated region, and which texts they can speak. */
import { isFault } from './faults.js';

/*
 * ShortName, gender, language name, further fields of the list. A locale is all before the last
 * dash of the name.
 */
const VOICES = [
	[
		'en-US-JennyNeural',
		'Female',
		'English (United States)',
		{ StyleList: ['assistant', 'cheerful', 'sad'] },
	],
	['en-US-GuyNeural', 'Male', 'English (United States)', { StyleList: ['newscast', 'cheerful'] }],
	[
		'en-US-AvaMultilingualNeural',
		'Female',
		'English (United States)',
		{ SecondaryLocaleList: ['de-DE', 'fr-FR'] },
	],
	['en-US-Ava:DragonHDLatestNeural', 'Female', 'English (United States)', { Status: 'Preview' }],
	['en-GB-SoniaNeural', 'Female', 'English (United Kingdom)'],
	['de-DE-KatjaNeural', 'Female', 'German (Germany)'],
	['de-DE-ConradNeural', 'Male', 'German (Germany)'],
	[
		'de-DE-SeraphinaMultilingualNeural',
		'Female',
		'German (Germany)',
		{ SecondaryLocaleList: ['en-US', 'fr-FR'] },
	],
	['fr-FR-DeniseNeural', 'Female', 'French (France)'],
	['es-ES-ElviraNeural', 'Female', 'Spanish (Spain)'],
	['zh-CN-XiaoxiaoNeural', 'Female', 'Chinese (Mandarin, Simplified)'],
	['zh-CN-shaanxi-XiaoniNeural', 'Female', 'Chinese (Zhongyuan Mandarin Shaanxi)'],
	['ja-JP-NanamiNeural', 'Female', 'Japanese (Japan)'],
	['ru-RU-SvetlanaNeural', 'Female', 'Russian (Russia)'],
	['ar-EG-SalmaNeural', 'Female', 'Arabic (Egypt)'],
	['hi-IN-SwaraNeural', 'Female', 'Hindi (India)'],
	['el-GR-AthinaNeural', 'Female', 'Greek (Greece)'],
];
export const BASE_MODELS = [
	'DragonLatestNeural',
	'PhoenixLatestNeural',
	'DragonV1Neural',
	'PhoenixV2Neural',
];

/* Writing systems by language; the others write Latin, which every voice reads. */
const SCRIPTS = {
	zh: /\p{Script=Han}/u,
	ja: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u,
	ru: /\p{Script=Cyrillic}/u,
	ar: /\p{Script=Arabic}/u,
	hi: /\p{Script=Devanagari}/u,
	el: /\p{Script=Greek}/u,
};
const READ_BY_ALL = /[\p{Script=Latin}\p{N}]/u;

/**
 * A voice as SSML names it: { id, locale, hd, personal, polyglot }, or null when the region has
 * none.
 */
export function findVoice(name) {
	if (BASE_MODELS.includes(name))
		return { id: name, locale: 'en-US', hd: false, personal: true, polyglot: true };
	if (!isFault(name) && !VOICES.some(([shortName]) => shortName === name)) return null;
	const hd = name.includes(':DragonHD');
	const locale = isFault(name) ? 'en-US' : localeOf(name);
	return {
		id: name,
		locale,
		hd,
		personal: false,
		polyglot: hd || name.includes('Multilingual'),
	};
}

function localeOf(shortName) {
	return shortName.slice(0, shortName.lastIndexOf('-'));
}

/**
 * False when the voice can't read one letter or digit of the text: the service then answers without
 * audio.
 */
export function canRead({ locale, polyglot }, text) {
	if (polyglot) return /[\p{L}\p{N}]/u.test(text);
	return READ_BY_ALL.test(text) || (SCRIPTS[locale.split('-')[0]]?.test(text) ?? false);
}

/** The rows of voices/list; the service writes numbers as strings. */
export function listVoices() {
	return VOICES.map(([ShortName, Gender, LocaleName, more]) => {
		const Locale = localeOf(ShortName);
		const name = ShortName.slice(Locale.length + 1);
		const DisplayName = name.replace(/(Multilingual)?Neural$/, '');
		return {
			Name: `Microsoft Server Speech Text to Speech Voice (${Locale}, ${name})`,
			DisplayName,
			LocalName: DisplayName,
			ShortName,
			Gender,
			Locale,
			LocaleName,
			SampleRateHertz: '24000',
			VoiceType: 'Neural',
			Status: 'GA',
			WordsPerMinute: '152',
			...more,
		};
	});
}
