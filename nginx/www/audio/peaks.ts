/* How loud audio is along its length, for a waveform. */

/* The rate that is decoded to: enough to see, and little memory; the lowest that every browser has. */
const RATE = 8000;
const MAX_SECONDS = 45 * 60;
export const PEAKS = 1000;

/* The loudest of each of PEAKS parts, 0 to 1 where 1 is the loudest of all. */
export function peaksOf(samples: Float32Array): Float32Array {
	const peaks = new Float32Array(PEAKS);
	for (let i = 0; i < PEAKS; i++) {
		const end = Math.floor(((i + 1) * samples.length) / PEAKS);
		let peak = 0;
		for (let at = Math.floor((i * samples.length) / PEAKS); at < end; at++) peak = Math.max(peak, Math.abs(samples[at] ?? 0));
		peaks[i] = peak;
	}
	const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 0);
	return loudest > 0 ? peaks.map((peak) => peak / loudest) : peaks;
}

async function load(url: string, maxBytes: number, signal: AbortSignal): Promise<Float32Array | null> {
	signal.throwIfAborted();
	const response = await fetch(url, { signal });
	const length = response.headers.get('Content-Length');
	if (!response.ok || !length || Number(length) > maxBytes) {
		await response.body?.cancel();
		return null;
	}
	const audio = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await response.arrayBuffer());
	return peaksOf(audio.getChannelData(0));
}

/* One after the other, so that a page full of players neither fetches nor decodes all of them at once. */
let last: Promise<unknown> = Promise.resolve();

/* The peaks of the audio at an address; null where it is too large, too long, may not be read, or does not say its size. */
export function loadPeaks(url: string, seconds: number, maxBytes: number, signal: AbortSignal): Promise<Float32Array | null> {
	if (!(seconds <= MAX_SECONDS)) return Promise.resolve(null);
	const peaks = last.then(() => load(url, maxBytes, signal));
	last = peaks.catch(() => {});
	return peaks;
}
