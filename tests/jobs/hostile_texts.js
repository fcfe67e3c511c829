/* Texts that break out of JSON and XML where they can: the same at each run. */
import { randomFrom } from '../sim/random.js';

const FRAGMENTS = [
	'</voice>', '</voice></speak>', '<voice name="other">', '<speak>', '<break time="9s"/>', '<audio src="http://127.0.0.1/a.mp3"/>',
	'<prosody rate="+90%">', '<mstts:express-as style="angry">', '<lexicon uri="file:///etc/passwd"/>', '<!-- ', ' -->', '<![CDATA[', ']]>',
	'<?xml version="1.0"?>', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', '&b;', '&amp;', '&#0;', '&#x3c;', '&lt', '&', '<', '>',
	'"', "'", '\\', '\\"', '\\u0000', '\\n', '"}', '","model_id":"x"', '"voice_settings":{', '{}', '[', '/', '*/', '%00', '%s', '$1', '`', ';', '--',
	'\u0001', '\u0008', '\u000b', '\u001b[31m', '\u007f', '\u0085', '\ufffe', '\uffff', '\ufeff', '\u2028', '\u2029', '\u202e', '\u200b', '\u00ad',
	'\r', '\n', '\r\n', '\t', ' ', '  ', '\u3000', 'e\u0301', '👩‍👩‍👧‍👦', '\u{10ffff}', '\u{1d11e}', '日本語', 'مرحبا', 'word', 'Two words.', '3 < 4', 'A&B', 'O’Neill', 'x=1',
];
const MOST = 12;

export function* hostileTexts(count) {
	const random = randomFrom(88172645);
	for (let i = 0; i < count; i++)
		/* A word, as text without one is not spoken at all, and at both ends, as space there is nobody's. */
		yield `a${Array.from({ length: 1 + random(MOST) }, () => FRAGMENTS[random(FRAGMENTS.length)]).join('')}z`;
}

/* What a provider is sent for a text: what none of them takes is a space, as jobs/tts/text.h says. */
export const sentFor = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, ' ');
