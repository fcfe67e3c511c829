/* Recordings for the tests, made without a recorder. */
import { silentFrames } from '../sim/mp3.js';
import { ENCODERS, tone, wavHeader } from '../sim/pcm.js';

const RATE = 16000;

/* A WAV of 16-bit mono; different pitches are different files. */
export function wav(seconds, hertz = 440) {
	const sound = ENCODERS.pcm(tone(hertz, seconds, RATE));
	const header = wavHeader({ codec: 'pcm', rate: RATE }, { riffSize: 36 + sound.length, dataSize: sound.length });
	return Buffer.concat([header, sound]);
}

/* An MP3 of whole frames, 576 samples each; `seconds` is rounded up to them. */
export function mp3(seconds) {
	return silentFrames(seconds, { rate: RATE, kbps: 32 }, 'test');
}

/* Begins like a WAV, but has no samples that could be measured. */
export function unmeasurableWav() {
	return Buffer.concat([Buffer.from('RIFF\x10\0\0\0WAVEjunk\x04\0\0\0', 'latin1'), Buffer.alloc(4)]);
}
