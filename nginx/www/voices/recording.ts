/*
 * Records the microphone as WAV: a MediaRecorder gives WebM or MP4, which the API does not take. The browser's echo
 * cancellation and noise suppression stay off, since they take from a voice what a clone is made of.
 */
import worklet from './recorder.worklet.js?url';

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
	const view = new DataView(new ArrayBuffer(44 + 2 * count));
	const text = (at: number, letters: string) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
	text(0, 'RIFF');
	view.setUint32(4, 36 + 2 * count, true);
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
	let at = 44;
	for (const block of blocks)
		for (const sample of block) {
			view.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
			at += 2;
		}
	return new Blob([view.buffer], { type: 'audio/wav' });
}

export interface Recording {
	/* Of what was recorded so far. */
	seconds: () => number;
	/* Ends it, and gives the microphone back. */
	stop: () => Blob;
}

/* Starts to record; onPeak gets the loudest sample, 0 to 1, of each block of some 50 ms. */
export async function record(onPeak: (peak: number) => void): Promise<Recording> {
	const stream = await openMicrophone();
	const context = new AudioContext();
	const release = () => {
		for (const track of stream.getTracks()) track.stop();
		void context.close();
	};
	const blocks: Float32Array[] = [];
	let count = 0;
	try {
		await context.audioWorklet.addModule(worklet);
		const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
		node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
			blocks.push(data);
			count += data.length;
			onPeak(data.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
		};
		context.createMediaStreamSource(stream).connect(node);
		await context.resume();
	} catch (error) {
		release();
		throw error;
	}
	return {
		seconds: () => count / context.sampleRate,
		stop: () => {
			release();
			return encodeWav(blocks, context.sampleRate);
		},
	};
}
