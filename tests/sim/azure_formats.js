/* Azure Speech's output formats. */

const TYPES = { audio: 'audio/mpeg', riff: 'audio/x-wav', raw: 'audio/basic' };
const NAMES = `
	audio-16khz-32kbitrate-mono-mp3 audio-16khz-64kbitrate-mono-mp3
	audio-16khz-128kbitrate-mono-mp3 audio-24khz-48kbitrate-mono-mp3
	audio-24khz-96kbitrate-mono-mp3 audio-24khz-160kbitrate-mono-mp3
	audio-48khz-96kbitrate-mono-mp3 audio-48khz-192kbitrate-mono-mp3 riff-8khz-8bit-mono-alaw
	riff-8khz-8bit-mono-mulaw riff-8khz-16bit-mono-pcm riff-16khz-16bit-mono-pcm
	riff-22050hz-16bit-mono-pcm riff-24khz-16bit-mono-pcm riff-44100hz-16bit-mono-pcm
	riff-48khz-16bit-mono-pcm raw-8khz-16bit-mono-pcm raw-16khz-16bit-mono-pcm
	raw-22050hz-16bit-mono-pcm raw-24khz-16bit-mono-pcm raw-44100hz-16bit-mono-pcm
	raw-48khz-16bit-mono-pcm raw-8khz-8bit-mono-alaw raw-8khz-8bit-mono-mulaw`;

/* Formats of the service that the simulator has no encoder for. */
export const WITHOUT_ENCODER =
	/^(ogg|webm|audio)-\d+khz-.*opus$|^amr-wb-16000hz$|^g722-16khz-64kbps$|^raw-\d+khz-16bit-mono-truesilk$/;

/* By name: { name, container, codec, rate, kbps, type }. */
export const FORMATS = new Map(
	NAMES.trim()
		.split(/\s+/)
		.map((name) => [name, readFormat(name)]),
);

function readFormat(name) {
	const [container, rate, , , codec] = name.split('-');
	const kbps = Number(/(\d+)kbitrate/.exec(name)?.[1] ?? 0);
	const hertz = parseInt(rate, 10) * (rate.endsWith('khz') ? 1000 : 1);
	return { name, container, codec, rate: hertz, kbps, type: TYPES[container] };
}
