/*
 * Records the microphone as WAV: a MediaRecorder gives WebM or MP4, which the API does not take. The browser's echo
 * cancellation and noise suppression stay off, since they take from a voice what a clone is made of.
 */
import worklet from './recorder.worklet.js?url';

const HEADER = 44;
const FAULTS: Record<string, string> = {
	NotAllowedError: 'This page may not use the microphone. Allow it in the browser’s address bar, and try again.',
	NotFoundError: 'No microphone was found. Connect one, and try again.',
	NotReadableError: 'The microphone is used by another program. Close that, and try again.',
};

async function openMicrophone(): Promise<MediaStream> {
	/* Not there on a page without TLS. */
	if (!navigator.mediaDevices) throw new Error('A browser records only on pages that are opened with https.');
	const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
	return navigator.mediaDevices.getUserMedia({ audio }).catch((error: Error) => {
		throw new Error(FAULTS[error.name] ?? `The microphone could not be opened: ${error.message}`);
	});
}

/* 16-bit mono WAV. */
export function encodeWav(blocks: Float32Array[], rate: number): Blob {
	const count = blocks.reduce((sum, { length }) => sum + length, 0);
	const view = new DataView(new ArrayBuffer(HEADER + 2 * count));
	const text = (at: number, letters: string) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
	text(0, 'RIFF');
	view.setUint32(4, HEADER - 8 + 2 * count, true);
	text(8, 'WAVEfmt ');
	view.setUint32(16, 16, true);
	view.setUint16(20, 1, true); /* PCM */
	view.setUint16(22, 1, true); /* channel */
	view.setUint32(24, rate, true);
	view.setUint32(28, 2 * rate, true);
	view.setUint16(32, 2, true);
	view.setUint16(34, 16, true);
	text(36, 'data');
	view.setUint32(40, 2 * count, true);
	let at = HEADER;
	for (const block of blocks)
		for (const sample of block) {
			view.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
			at += 2;
		}
	return new Blob([view.buffer], { type: 'audio/wav' });
}

export interface Recording {
	/* Ends it, gives the microphone back, and makes a file of what was recorded. */
	stop: () => Blob;
}

export interface Listener {
	/* The loudest sample, 0 to 1, of some 50 ms, and how much was recorded so far. */
	onBlock: (peak: number, seconds: number) => void;
	/* There is room for no more, or the microphone is gone; stop is still to be called. */
	onEnd: () => void;
}

/* Starts to record, up to a file of `maxBytes`. */
export async function record(maxBytes: number, { onBlock, onEnd }: Listener): Promise<Recording> {
	const stream = await openMicrophone();
	let context: AudioContext | null = null;
	const release = () => {
		for (const track of stream.getTracks()) track.stop();
		if (context?.state !== 'closed') void context?.close();
	};
	try {
		context = new AudioContext();
		const rate = context.sampleRate;
		const blocks: Float32Array[] = [];
		let count = 0;
		await context.audioWorklet.addModule(worklet);
		const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
		context.createMediaStreamSource(stream).connect(node);
		await context.resume();
		node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
			if (HEADER + 2 * (count + data.length) > maxBytes) return onEnd();
			blocks.push(data);
			count += data.length;
			onBlock(data.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0), count / rate);
		};
		for (const track of stream.getTracks()) track.addEventListener('ended', onEnd, { once: true });
		return {
			stop: () => {
				node.port.onmessage = null;
				release();
				return encodeWav(blocks, rate);
			},
		};
	} catch (error) {
		release();
		throw error;
	}
}
