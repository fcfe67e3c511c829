/* Whether bytes are sound, by their first ones. */
import { readFrame } from './mp3.js';

const MAGIC = [
	[0, 'RIFF'],
	[0, 'ID3'],
	[0, 'OggS'],
	[0, 'fLaC'],
	[4, 'ftyp'],
	[0, '\x1aE\xdf\xa3'],
];

export function isAudio(bytes) {
	const known = MAGIC.some(
		([at, magic]) => bytes.toString('latin1', at, at + magic.length) === magic,
	);
	return known || readFrame(bytes, 0) !== null;
}
