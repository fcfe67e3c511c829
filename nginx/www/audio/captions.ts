/* Captions of SubRip (.srt) and WebVTT (.vtt) files. */
export interface Cue {
	start: number;
	end: number;
	text: string;
}

/* "00:01:02,500", "01:02.500" in seconds. */
function secondsOf(time: string): number {
	return time
		.replace(',', '.')
		.split(':')
		.reduce((sum, part) => sum * 60 + Number(part), 0);
}

const TIMES = /^((?:\d+:)?\d\d:\d\d[.,]\d{3}) --> ((?:\d+:)?\d\d:\d\d[.,]\d{3})/;
const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

export function parseCaptions(file: string): Cue[] {
	const cues: Cue[] = [];
	const isVtt = file.startsWith('WEBVTT');
	for (const block of file.replaceAll('\r\n', '\n').split(/\n{2,}/)) {
		const lines = block.split('\n');
		const at = lines.findIndex((line) => TIMES.test(line));
		const [, start, end] = lines[at]?.match(TIMES) ?? [];
		if (!start || !end) continue;
		const text = lines.slice(at + 1).join('\n').trim();
		cues.push({ start: secondsOf(start), end: secondsOf(end), text: isVtt ? text.replace(/&(amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity) : text });
	}
	return cues;
}

/* What is said at a time. */
export function cueAt(cues: Cue[], seconds: number): string {
	return cues.find(({ start, end }) => seconds >= start && seconds < end)?.text ?? '';
}
