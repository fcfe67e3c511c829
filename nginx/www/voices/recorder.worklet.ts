/* Runs on the audio thread: hands on the microphone's samples, a block at a time. */
interface Port {
	postMessage(message: Float32Array, transfer: Transferable[]): void;
}
declare abstract class AudioWorkletProcessor {
	readonly port: Port;
	abstract process(inputs: Float32Array[][]): boolean;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const BLOCK = 2048;

class Recorder extends AudioWorkletProcessor {
	#block = new Float32Array(BLOCK);
	#filled = 0;

	process([input]: Float32Array[][]): boolean {
		for (const sample of input?.[0] ?? []) {
			this.#block[this.#filled++] = sample;
			if (this.#filled < BLOCK) continue;
			this.port.postMessage(this.#block, [this.#block.buffer]);
			this.#block = new Float32Array(BLOCK);
			this.#filled = 0;
		}
		return true;
	}
}

registerProcessor('recorder', Recorder);
